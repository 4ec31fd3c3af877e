"""The annotated people of a validation, without decoding their images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import mmcv
import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.datasets import CocoDataset, CombinedDataset
from PIL import Image

from mmhg.datasets import LSPDataset, MPIIPersonDataset
from mmhg.engine.preflight.samples import annotated_samples, image_size, with_annotated_boxes
from mmhg.errors import InputError

STEPS = [
    dict(type="mmpose.LoadWholeImage"),
    dict(type="mmpose.GetBBoxCenterScale"),
    dict(type="mmpose.HourglassCrop", input_size=(64, 64)),
    dict(type="mmpose.PackPoseInputs"),
]


def forbid(*_: Any, **__: Any) -> None:
    raise AssertionError("decoded an image")


def mpii(root: Path, **settings: Any) -> MPIIPersonDataset:
    settings = {"data_prefix": dict(img="images/"), "pipeline": STEPS, **settings}
    path = "annotations/mpii_val.json"
    return MPIIPersonDataset(path, data_root=f"{root}/", test_mode=True, **settings)


def same(found: InstanceData, expected: InstanceData) -> None:
    assert set(expected.keys()) <= set(found.keys())
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_samples_are_the_pipelines_own(mpii_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = mpii(mpii_root)
    expected = [one["data_samples"] for one in dataset]
    with monkeypatch.context() as patch:
        patch.setattr(mmcv, "imfrombytes", forbid)
        found = annotated_samples(dataset)
    assert len(found) == len(expected) == 4
    for one, other in zip(found, expected, strict=True):
        assert one.metainfo.keys() == other.metainfo.keys()
        for name in ("input_center", "input_scale", "ori_shape", "id", "img_path"):
            np.testing.assert_array_equal(one.metainfo[name], other.metainfo[name])
        same(one.gt_instances, other.gt_instances)
        assert one.gt_instances.transformed_keypoints.shape == (1, 16, 2)
    (loader, *_, pack) = dataset.pipeline.transforms
    assert type(loader).__name__ == "LoadWholeImage"
    assert not pack.pack_transformed
    assert dataset[0]["inputs"].float().std() > 1  # images are loaded again


def test_boxes_from_the_image_need_its_size(lsp_root: Path) -> None:
    dataset = LSPDataset(
        ann_file="joints.mat",
        data_root=f"{lsp_root}/lsp/",
        data_prefix=dict(img="images/"),
        split="test",
        test_mode=True,
        indices=2,
        pipeline=[STEPS[0], dict(type="mmpose.WholeImageBox"), *STEPS[1:]],
    )
    for found, expected in zip(annotated_samples(dataset), dataset, strict=True):
        same(found.gt_instances, expected["data_samples"].gt_instances)
        assert found.gt_instances.bboxes.tolist() == [[-0.5, -0.5, 159.5, 119.5]]


def test_combined_datasets(mpii_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [
        dict(
            type="mmpose.MPIIPersonDataset",
            ann_file="annotations/mpii_val.json",
            data_root=f"{mpii_root}/",
            data_prefix=dict(img="images/"),
            test_mode=True,
            pipeline=[],
        )
    ]
    dataset = CombinedDataset(MPIIPersonDataset.METAINFO, parts * 2, STEPS, test_mode=True)
    monkeypatch.setattr(mmcv, "imfrombytes", forbid)
    assert len(annotated_samples(dataset)) == 8


def test_a_missing_image_is_found(mpii_root: Path) -> None:
    dataset = mpii(mpii_root, data_prefix=dict(img="elsewhere/"))
    with pytest.raises(InputError, match=r"cannot read image .*elsewhere"):
        annotated_samples(dataset)


def test_detected_boxes_give_way_to_the_annotated(coco_root: Path) -> None:
    dataset = CocoDataset(
        ann_file="annotations/person_keypoints_val2017.json",
        bbox_file=str(
            coco_root / "person_detection_results/COCO_val2017_detections_AP_H_56_person.json"
        ),
        data_root=f"{coco_root}/",
        data_prefix=dict(img="val2017/"),
        test_mode=True,
        pipeline=STEPS,
    )
    assert not dataset[0]["data_samples"].gt_instances.keypoints.any()
    annotated = with_annotated_boxes(dataset)
    assert annotated[0]["data_samples"].gt_instances.keypoints.all()
    assert [sample.id for sample in annotated_samples(annotated)] == [1, 2, 3, 4]
    assert dataset.bbox_file
    assert not dataset[0]["data_samples"].gt_instances.keypoints.any()
    assert with_annotated_boxes(annotated) is annotated


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_sizes_are_those_of_the_decoded_image(
    suffix: str, orientation: int, tmp_path: Path
) -> None:
    path = tmp_path / f"image.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    settings = {"exif": exif} if suffix == "jpg" else {}
    Image.new("RGB", (40, 30)).save(path, **settings)
    height, width = cv2.imread(str(path)).shape[:2]
    assert image_size(str(path)) == (width, height)
    assert (width > height) == (suffix != "jpg" or orientation != 6)


def test_no_size_where_there_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no image")
    assert image_size(str(tmp_path / "text.jpg")) is None
    assert image_size("s3://bucket/a.jpg") is None
