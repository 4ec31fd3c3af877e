"""Folders that `export` writes: the same network, in every form."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmpose.registry import MODELS

from mmhg.config.catalog import get_config
from mmhg.errors import InputError
from mmhg.export import (
    FORMATS,
    DisagreementError,
    Predictor,
    check,
    export,
    formats,
    load,
    predict,
)
from mmhg.export.check import margins
from mmhg.export.description import describe
from mmhg.export.graph import HeatmapNetwork
from mmhg.models.loading import load_model

pytestmark = pytest.mark.openvino

FORMS = [dict(), dict(fuse=True, half=True, decode=True, dynamic_batch=True)]
MORE_FORMS = [dict(fuse=True, dynamic_batch=True), dict(half=True)]


def slow(values: list) -> list:
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


def named(form: dict) -> str:
    return "-".join(form) or "plain"


def available(format: str) -> str:
    for package in FORMATS[format].packages:
        pytest.importorskip(package)
    return format


@pytest.mark.parametrize("form", [*FORMS, *slow(MORE_FORMS)], ids=named)
@pytest.mark.parametrize("format", FORMATS)
def test_every_form_computes_the_same(format, form, make, tmp_path):
    config, checkpoint = make("hg8_mpii_256")
    agreement = export(config, checkpoint, tmp_path / "out", format=available(format), **form)
    assert agreement.passes
    assert agreement.joints == 64
    if not form.get("half"):
        assert agreement.difference < 1e-5 and agreement.unclear < 8
    predictor = load(tmp_path / "out", flip_test=False, threads=1)
    images = check.example_images(3, predictor.description)
    expected = HeatmapNetwork(load_model(config, checkpoint))(torch.from_numpy(images))[0].numpy()
    heatmaps = predictor.heatmaps(images)
    limit = 1e-2 if form.get("half") else 1e-4
    assert np.abs(heatmaps - expected).max() <= limit * np.ptp(expected)


@pytest.mark.parametrize(
    ("settings", "fuse"),
    [
        (dict(supervision="midway", depth=3), False),
        (dict(supervision="midway", depth=3), True),
        (dict(reinject_heatmaps=False), True),
        pytest.param(dict(reinject_heatmaps=False), False, marks=pytest.mark.slow),
        pytest.param(dict(supervision="last"), True, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("format", ["torchscript", *slow(["onnx", "openvino"])])
def test_networks_of_other_supervision(format, settings, fuse, make, tmp_path):
    config, _ = make("hg8_mpii_256_local")
    config.model.type = "TopdownPoseEstimator"
    config.model.backbone.update(settings)
    config.model.head.num_stages = None
    model = MODELS.build(config.model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / "made.pth")
    agreement = export(
        config, tmp_path / "made.pth", tmp_path / "out", format=available(format), fuse=fuse
    )
    assert agreement.passes and agreement.difference < 1e-5


def test_local_supervision_changes_nothing_for_an_export(make, tmp_path):
    config, checkpoint = make("hg8_mpii_256_local")
    assert export(config, checkpoint, tmp_path / "out", format="torchscript").passes


@pytest.mark.parametrize("format", FORMATS)
def test_threads_share_a_predictor(format, make, tmp_path):
    export(*make("hg8_mpii_256"), tmp_path / "out", format=available(format), fuse=True)
    predictor = load(tmp_path / "out", flip_test=False, threads=1)
    images = check.example_images(4, predictor.description)
    alone = [predictor.heatmaps(image[None]) for image in images]
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(predictor.heatmaps, images[n % 4][None]) for n in range(32)]
        for n, call in enumerate(calls):
            np.testing.assert_array_equal(call.result(), alone[n % 4])


@pytest.mark.parametrize("num_stacks", [1, 8])
@pytest.mark.parametrize("format", ["torchscript", *slow(["onnx", "openvino", "torch_export"])])
def test_numbers_of_stacks(format, num_stacks, make, tmp_path):
    network = make("hg8_mpii_256", num_stacks)
    assert export(*network, tmp_path / "out", format=available(format), fuse=True).passes


@pytest.mark.parametrize(
    "name",
    [
        "hg8_mpii_256",
        "hg8_coco_256x192",
        "hg8_mpii_256_dark",
        "hg2_synthetic_128",
        "hg8_flic_256",
        "heatmap_head",
        "cpm_head",
    ],
)
def test_predictor_gives_what_mmpose_gives(
    name, make, photos, boxes, infer, assert_same_places, tmp_path
):
    config, checkpoint = make(name)
    export(config, checkpoint, tmp_path / "out", format="torchscript", dynamic_batch=True)
    predictor = load(tmp_path / "out", threads=1)
    keypoints, scores = predictor(photos, [boxes, boxes[:1]])
    wanted = [infer(config, checkpoint, photos[0], boxes)]
    wanted.append(infer(config, checkpoint, photos[1], boxes[:1]))
    flip_indices = predictor.description["keypoints"]["flip_indices"]
    assert_same_places(keypoints, np.concatenate(wanted)[..., :2], flip_indices)
    np.testing.assert_allclose(scores, np.concatenate(wanted)[..., 2], atol=1e-5)
    keypoints, _ = predictor(photos[:1])
    wanted = infer(config, checkpoint, photos[0], None)
    assert_same_places(keypoints, wanted[..., :2], flip_indices)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    "name",
    ["hg8_mpii_256", "hg8_mpii_256_udp", "hg8_coco_256x192", "hg8_flic_256", "hg8_lsp_256"],
)
def test_crops_are_those_of_the_pipeline_to_the_bit(name, whole, make, photos, boxes):
    config, checkpoint = make(name)
    description = describe(config, load_model(config, checkpoint))
    pipeline = Compose(config.test_dataloader.dataset.pipeline)
    for photo in photos:
        image = predict.read_image(photo)
        box = np.float64(boxes[0])
        if whole or name == "hg8_lsp_256":  # whose pipeline takes the whole image, box or not
            box = np.float64([0, 0, image.shape[1], image.shape[0]])
        packed = pipeline(dict(img_path=str(photo), bbox=box[None].copy(), bbox_score=np.ones(1)))
        box += description["crop"]["whole_image_shift"]
        crop, center, size = predict.crop_person(image, box, description)
        assert np.array_equal(crop, packed["inputs"].permute(1, 2, 0))
        assert np.array_equal(center, packed["data_samples"].input_center)
        assert np.array_equal(size, packed["data_samples"].input_scale)


def test_keypoints_of_the_graph_are_those_of_its_heatmaps(make, photos, boxes, tmp_path):
    network = make("hg8_mpii_256")
    for decode in (False, True):
        export(*network, tmp_path / str(decode), format="torchscript", decode=decode)
    plain, decoding = (
        Predictor(tmp_path / str(decode), flip_test=False) for decode in (False, True)
    )
    assert decoding.description["outputs"] == ["keypoints", "scores", "heatmaps"]
    for one, other in zip(plain(photos), decoding(photos), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    flipped = [Predictor(tmp_path / str(decode))(photos)[0] for decode in (False, True)]
    np.testing.assert_array_equal(*flipped)
    assert not np.array_equal(flipped[0], plain(photos)[0])


def test_nobody_and_more_than_a_batch(make, photos, boxes, tmp_path):
    export(*make("hg8_mpii_256"), tmp_path / "out", format="torchscript", dynamic_batch=True)
    predictor = Predictor(tmp_path / "out")
    keypoints, scores = predictor(photos, [[], []])
    assert keypoints.shape == (0, 16, 2) and scores.shape == (0, 16)
    keypoints, _ = predictor(photos[:1], [boxes * 5])
    np.testing.assert_allclose(keypoints, np.tile(predictor(photos[:1], [boxes])[0], (5, 1, 1)))
    with pytest.raises(ValueError, match="there are 2 images, but boxes for 1"):
        predictor(photos, [boxes])


def metadata(format: str, folder) -> dict:
    """Return the metadata that the file holds."""
    path = folder / FORMATS[format].file
    if format == "onnx":
        import onnx

        props = {prop.key: prop.value for prop in onnx.load(path).metadata_props}
        return {
            key.removeprefix("mmhg."): json.loads(value)
            for key, value in props.items()
            if key.startswith("mmhg.")
        }
    if format == "openvino":
        import openvino

        info = openvino.Core().read_model(path).get_rt_info(["mmhg"]).value
        return {key: json.loads(value) for key, value in info.items()}
    files = {"model.json": ""}
    if format == "torchscript":
        torch.jit.load(path, _extra_files=files)
    else:
        torch.export.load(path, extra_files=files)
    return json.loads(files["model.json"])


@pytest.mark.parametrize("format", FORMATS)
def test_metadata_are_in_the_file_and_beside_it(format, make, tmp_path):
    config, checkpoint = make("hg2_synthetic_128")
    export(config, checkpoint, tmp_path / "out", format=available(format))
    description = json.loads((tmp_path / "out/model.json").read_text())
    inside = metadata(format, tmp_path / "out")
    assert inside == {key: value for key, value in description.items() if key != "check"}
    assert inside["input"] == dict(
        size=[128, 128],
        channels="RGB",
        mean=[0, 0, 0],
        std=[255, 255, 255],
        name="images",
        dynamic_batch=False,
    )
    assert inside["crop"] == dict(padding=1.25, alignment="corner pixels", whole_image_shift=0)
    assert inside["codec"]["rule"] == "udp" and inside["codec"]["blur_kernel_size"] == 11
    assert inside["flip_test"] == dict(on=True, shift_heatmap=False)
    keypoints = inside["keypoints"]
    assert keypoints["names"][:2] == ["right_ankle", "right_knee"]
    assert keypoints["flip_indices"][:2] == [5, 4]
    assert [0, 1] in keypoints["skeleton"]
    assert len(keypoints["colors"]) == 16
    assert inside["source"]["checkpoint"] == checkpoint.name
    assert description["check"]["difference"] < 1e-4


def test_a_network_that_is_off_leaves_no_folder(make, tmp_path, monkeypatch):
    def write(job: formats.Job) -> None:
        torch.nn.init.zeros_(job.network.backbone.stem[0].bias)
        formats.write_torchscript(job)

    monkeypatch.setitem(FORMATS, "torchscript", FORMATS["torchscript"]._replace(write=write))
    with pytest.raises(DisagreementError, match="heatmaps differ by at most"):
        export(*make("hg8_mpii_256"), tmp_path / "out", format="torchscript")
    assert list(tmp_path.iterdir()) == []


def test_keypoints_that_are_off_fail_too(make, tmp_path, monkeypatch):
    decode = check.decode
    monkeypatch.setattr(check, "decode", lambda *arguments: (decode(*arguments)[0] + 0.02, None))
    with pytest.raises(
        DisagreementError, match=r"keypoints by at most 0\.028 px in 6\d of 64 joints"
    ):
        export(*make("hg8_mpii_256"), tmp_path / "out", format="torchscript")
    monkeypatch.setattr(check, "decode", lambda *arguments: (decode(*arguments)[0] + 0.005, None))
    assert export(*make("hg8_mpii_256"), tmp_path / "out", format="torchscript").distance > 0.005


@pytest.mark.parametrize(
    ("unclear", "text"),
    [
        (0, "keypoints by at most 0.0078 px in 64 of 64 joints"),
        (
            62,
            "keypoints by at most 0.0078 px in 2 of 64 joints; the other 62 are too close to call "
            "in the check's made-up images, which is no failure",
        ),
        (
            64,
            "keypoints are not compared in any of 64 joints; 64 are too close to call in the "
            "check's made-up images, which is no failure",
        ),
    ],
)
def test_agreement_in_words(unclear, text):
    agreement = check.Agreement(1.3e-3, 1e-2, 64, unclear, 0.0078, held=False)
    heatmaps = "heatmaps differ by at most 1.3e-03 of their range (limit 1e-02), "
    assert str(agreement) == heatmaps + text


def test_margins_are_of_the_maximum_and_of_its_neighbors():
    maps = np.zeros((1, 4, 5, 5), np.float32)
    maps[:, :, 2, 2] = 1
    maps[0, :, 1:4, 1:4] += np.float32([[0, 0, 0], [0.5, 0, 0.25], [0, 0.125, 0]])
    maps[0, 1, 0, 0] = 0.9375
    maps[0, 2, 3, 2] = 0.03125
    maps[0, 3, 0, 4] = 2
    assert margins(maps).tolist() == [[0.125, 0.0625, 0.03125, 1]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(model=dict(type="MultiScaleTopdownPoseEstimator")), "only TopdownPoseEstimator"),
        (dict(model=dict(test_cfg=dict(flip_mode="offset"))), "flip_mode"),
    ],
)
def test_settings_that_cannot_be_exported(change, message, make, tmp_path):
    config, checkpoint = make("hg8_mpii_256")
    config.merge_from_dict(change)
    with pytest.raises(InputError, match=message):
        export(config, checkpoint, tmp_path / "out", format="torchscript")
    assert list(tmp_path.iterdir()) == []


def test_other_codecs_are_refused(make, tmp_path):
    config, checkpoint = make("hg8_mpii_256")
    config.model.head.decoder = dict(
        type="MegviiHeatmap", input_size=(256, 256), heatmap_size=(64, 64), kernel_size=11
    )
    with pytest.raises(InputError, match="the head's decoder is MegviiHeatmap"):
        export(config, checkpoint, tmp_path / "out", format="torchscript")


def test_test_pipelines_that_cannot_be_exported(make, tmp_path):
    config, checkpoint = make("hg8_mpii_256")
    steps = config.test_dataloader.dataset.pipeline
    for pipeline, message in (
        ([*steps[:2], dict(type="RandomHalfBody"), *steps[2:]], "has a RandomHalfBody"),
        ([*steps[:2], steps[-1]], "the test pipeline has no crop"),
        ([dict(steps[0], to_float32=True), *steps[1:]], "LoadWholeImage sets .'to_float32'."),
        ([*steps[:2], dict(steps[2], input_size=(128, 128)), steps[3]], r"crops to \[128, 128\]"),
    ):
        config.test_dataloader.dataset.pipeline = pipeline
        with pytest.raises(InputError, match=message):
            export(config, checkpoint, tmp_path / "out", format="torchscript")


def test_fuse_is_for_the_hourglass(tmp_path):
    model = torch.nn.Module()
    model.backbone = torch.nn.Conv2d(3, 3, 1)
    with pytest.raises(InputError, match="--fuse is for HourglassBackbone, the backbone is Conv2d"):
        HeatmapNetwork(model, fuse=True)


def test_what_is_there_stays(make, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").touch()
    with pytest.raises(InputError, match="out already exists"):
        export(*make("hg8_mpii_256"), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]
    with pytest.raises(InputError, match="there is no folder"):
        export(*make("hg8_mpii_256"), tmp_path / "none/out", format="torchscript")
    (tmp_path / "empty").mkdir()
    assert export(*make("hg8_mpii_256"), tmp_path / "empty", format="torchscript").passes


def test_a_place_that_cannot_be_written_to(make, tmp_path, monkeypatch):
    def refuse(**settings):
        raise PermissionError(13, "Permission denied", str(tmp_path / ".out-x7a"))

    monkeypatch.setattr("mmhg.export.folder.TemporaryDirectory", refuse)
    with pytest.raises(InputError) as raised:
        export(*make("hg8_mpii_256"), tmp_path / "out", format="torchscript")
    assert str(raised.value) == (
        f"cannot make folder {tmp_path / 'out'} (Permission denied). Name one in a folder that can "
        "be written to"
    )


def test_other_peoples_networks(make, tmp_path):
    config = get_config("hg8_mpii_256")
    _, checkpoint = make("hg8_mpii_256")
    with pytest.raises(InputError, match="is of another network than the config's"):
        export(config, checkpoint, tmp_path / "out", format="torchscript")
    config, checkpoint = make("hg8_mpii_256")
    state = torch.load(checkpoint, weights_only=True)["state_dict"]
    meta = dict(input=dict(mean=[0.5, 0.5, 0.5], std=[255.0, 255.0, 255.0]))
    torch.save(dict(state_dict=state, meta=meta), tmp_path / "other.pth")
    with pytest.raises(InputError, match="was trained on input with mean"):
        export(config, tmp_path / "other.pth", tmp_path / "out", format="torchscript")
    config.train_dataloader.dataset.type = "CocoDataset"
    with pytest.raises(InputError, match="predicts 16 keypoints, the dataset 'coco' has 17"):
        export(config, checkpoint, tmp_path / "out", format="torchscript")


def test_missing_runtime_and_unknown_format(make, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(InputError, match=r"needs the package openvino, .* mmhg\[export\]"):
        export(*make("hg8_mpii_256"), tmp_path / "out", format="openvino")
    with pytest.raises(InputError, match=r"format 'keras' is unknown\. There are onnx, openvino"):
        export(*make("hg8_mpii_256"), tmp_path / "out", format="keras")
    with pytest.raises(InputError, match="holds no exported network"):
        load(tmp_path)
