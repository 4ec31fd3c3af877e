"""predict.py by itself: reading heatmaps, boxes, images; and its command line without MMPose."""

import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmpose.codecs import MSRAHeatmap, UDPHeatmap

from mmhg.codecs import HourglassHeatmap
from mmhg.export import FORMATS, export, predict
from mmhg.export.graph import KeypointNetwork

pytestmark = pytest.mark.openvino

BLOCKED = ("torch", "mmpose", "mmengine", "mmcv", "mmdet", "mmhg")

SIZES = dict(input_size=(96, 128), heatmap_size=(24, 32))
CODECS = {
    "authors": HourglassHeatmap(**SIZES),
    "mmpose": MSRAHeatmap(**SIZES, sigma=1),
    "dark": MSRAHeatmap(**SIZES, sigma=2, unbiased=True),
    "udp": UDPHeatmap(**SIZES, sigma=2),
}


def settings(rule: str) -> dict:
    kernel = getattr(CODECS[rule], "blur_kernel_size", None)
    return dict(rule=rule, blur_kernel_size=kernel, **{k: list(v) for k, v in SIZES.items()})


def heatmaps() -> np.ndarray:
    """Make smooth heatmaps, noise with maxima at every border, ties, and one nowhere positive."""
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(60, 8, 32, 24)).astype(np.float32)
    maps[:20] = [[8 * cv2.GaussianBlur(one, (0, 0), 3) for one in person] for person in maps[:20]]
    maps[20:40] = np.round(maps[20:40])
    maps[-1, 0] = -np.abs(maps[-1, 0])
    return maps


@pytest.mark.parametrize("rule", ["authors", "mmpose", "dark", "udp"])
def test_decode_is_the_codecs(rule):
    maps = heatmaps()
    if rule == "udp":  # where nothing is positive, MMPose's reads in another joint's heatmap
        maps = maps[:-1]
    decoded = [CODECS[rule].decode(person) for person in maps]
    keypoints, scores = predict.decode(maps, settings(rule))
    np.testing.assert_array_equal(scores, np.concatenate([one[1] for one in decoded]))
    limit = 0 if rule in ("authors", "mmpose") else 1e-3
    wanted = np.concatenate([one[0] for one in decoded])
    np.testing.assert_allclose(keypoints, wanted, rtol=0, atol=limit)


@pytest.mark.parametrize("rule", ["authors", "mmpose"])
def test_decode_in_the_graph_is_the_codecs(rule):
    maps = heatmaps()
    flat = torch.from_numpy(maps).flatten(2)
    flat += 1e-4 * torch.rand(flat.shape, generator=torch.Generator().manual_seed(0))
    maps = flat.view(maps.shape).numpy()  # torch's argmax takes any of several maxima
    network = KeypointNetwork(lambda images: (images,), settings(rule))
    keypoints, scores, same = network(torch.from_numpy(maps))
    assert torch.equal(same, torch.from_numpy(maps))
    decoded = [CODECS[rule].decode(person) for person in maps]
    np.testing.assert_allclose(keypoints, np.concatenate([one[0] for one in decoded]), atol=1e-5)
    np.testing.assert_array_equal(scores, np.concatenate([one[1] for one in decoded]))


def test_ties_have_no_offset_in_the_graph():
    maps = np.zeros((1, 2, 32, 24), np.float32)
    maps[0, :, 10, 12] = 1
    maps[0, 1, 10, 13] = 0.5
    keypoints, _, _ = KeypointNetwork(lambda images: (images,), settings("mmpose"))(
        torch.from_numpy(maps)
    )
    assert keypoints.tolist() == [[[48, 40], [49, 40]]]


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[5, 5, 5, 9]], "a.jpg: a box must .* have an area"),
        ([[0, 0, float("nan"), 9]], "a.jpg: a box must .* have an area"),
        ([[0, 0, 1e308, 9]], "a.jpg: a box must"),
        ([[-9, 0, 0, 9]], "outside of the image, 40 x 30 px"),
        ([[1, 2, 3]], "a.jpg: boxes must be"),
        (7, "a.jpg: boxes must be"),
        ([[40, 0, 50, 9]], "outside of the image"),
    ],
)
def test_boxes_without_a_person_are_refused(boxes, message):
    with pytest.raises(ValueError, match=message):
        predict.check_boxes(boxes, np.zeros((30, 40, 3), np.uint8), "a.jpg")


def test_good_boxes_are_kept_beside_bad_ones():
    image = np.zeros((30, 40, 3), np.uint8)
    good, outside, empty, short = [1, 2, 20, 25], [50, 0, 60, 9], [5, 5, 5, 9], [1, 2, 3]
    kept, problems = predict.split_boxes([outside, good, empty, short], image, "a.jpg")
    assert kept == [good]
    for problem, words in zip(problems, ("outside of", "have an area", "boxes must"), strict=True):
        assert problem.startswith("a.jpg: ") and words in problem
    assert predict.split_boxes([], image, "a.jpg") == ([], [])
    assert predict.split_boxes(good, image, "a.jpg") == ([good], [])
    assert predict.split_boxes([[good, good]], image, "a.jpg")[0] == []


def test_what_is_no_image_is_refused(tmp_path):
    (tmp_path / "text.jpg").write_text("text")
    (tmp_path / "empty.jpg").touch()
    for name in ("text.jpg", "empty.jpg"):
        with pytest.raises(ValueError, match=f"{name} is not an image"):
            predict.read_image(tmp_path / name)
    with pytest.raises(ValueError, match=r"none\.jpg"):
        predict.read_image(tmp_path / "none.jpg")
    with pytest.raises(ValueError, match="uint8"):
        predict.read_image(np.zeros(4))
    with pytest.raises(ValueError, match="type float64"):
        predict.convert_image(np.zeros((4, 4, 3)), dict(mean=[0, 0, 0]), "image 0")


def test_what_cannot_be_an_image_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for name in (str(tmp_path / "pipe.jpg"), "/dev/zero", str(tmp_path), "a\0.jpg"):
        with pytest.raises(ValueError, match="cannot be read: it"):
            predict.read_image(name)


def test_damage_inside_a_jpeg(tmp_path, capfd):
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    data = bytearray(cv2.imencode(".jpg", noise)[1].tobytes())
    (tmp_path / "whole.jpg").write_bytes(data)
    assert predict.read_image(tmp_path / "whole.jpg").shape == (120, 160, 3)
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    (tmp_path / "damaged.jpg").write_bytes(data)
    (tmp_path / "cut.jpg").write_bytes(data[:middle])
    for name in ("damaged.jpg", "cut.jpg"):
        with pytest.raises(
            ValueError, match=f"{name} is (damaged, its decoder warns: |not .* cut off)"
        ):
            predict.read_image(tmp_path / name)
    os.write(2, b"still heard")
    assert capfd.readouterr().err == "still heard"


@pytest.mark.parametrize("limit", [40, 100])
@pytest.mark.parametrize("box", [[10, 20, 60, 90], [0, 0, 200, 120], [-50, -90, 900, 140]])
def test_crops_of_images_wider_than_opencv_takes(limit, box, monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (120, 200, 3), np.uint8)
    description = {
        "input": {"size": [64, 48]},
        "crop": {"padding": 1.25, "alignment": "pixel centers"},
    }
    expected, *_ = predict.crop_person(image, np.array(box, float), description)
    monkeypatch.setattr(predict, "_LONGEST_SIDE", limit)
    found, *_ = predict.crop_person(image, np.array(box, float), description)
    assert np.abs(found.astype(int) - expected).max() <= 2
    assert found.shape == (48, 64, 3)


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the folder's predict.py where neither torch nor OpenMMLab's packages can be imported."""
    program = (
        f"import runpy, sys; sys.modules.update(dict.fromkeys({BLOCKED!r})); "
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", program, str(folder / "predict.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("format", "name"),
    [("onnx", "hg8_mpii_256"), ("onnx", "hg2_synthetic_128"), ("openvino", "hg8_coco_256x192")],
)
def test_command_line_gives_what_mmpose_gives_without_it(
    format, name, make, photos, boxes, infer, assert_same_places, tmp_path
):
    for package in FORMATS[format].packages:
        pytest.importorskip(package)
    config, checkpoint = make(name)
    export(config, checkpoint, tmp_path / "out", format=format, fuse=True)
    given = {str(photos[0]): boxes, photos[1].name: boxes[:1]}
    (tmp_path / "boxes.json").write_text(json.dumps(given))
    done = run(tmp_path / "out", *photos, "--boxes", tmp_path / "boxes.json", "--threads", 1)
    assert done.returncode == 0, done.stderr
    people = json.loads(done.stdout)
    assert [person["image"] for person in people] == [str(photos[index]) for index in (0, 0, 1)]
    assert [person["box"] for person in people] == [*boxes, boxes[0]]
    parts = zip(photos, given.values(), strict=True)
    wanted = np.concatenate([infer(config, checkpoint, *part) for part in parts])
    found = np.reshape([person["keypoints"] for person in people], wanted.shape)
    np.testing.assert_allclose(found[..., 2], wanted[..., 2], atol=1e-5)
    description = json.loads((tmp_path / "out" / predict.DESCRIPTION).read_text())
    assert_same_places(found[..., :2], wanted[..., :2], description["keypoints"]["flip_indices"])
    np.testing.assert_allclose(
        [person["score"] for person in people], found[..., 2].mean(1), rtol=1e-6
    )


def test_one_bad_image_does_not_stop_the_others(make, photos, boxes, tmp_path):
    folder = tmp_path / "out"
    export(*make("hg8_mpii_256"), folder, format="torchscript")
    (tmp_path / "text.jpg").write_text("text")
    huge = bytearray(photos[0].read_bytes())  # a PNG that states 30,000 x 30,000 px
    huge[16:24] = struct.pack(">II", 30_000, 30_000)
    huge[29:33] = struct.pack(">I", zlib.crc32(huge[12:29]))
    (tmp_path / "huge.png").write_bytes(huge)
    given = {
        "huge.png": boxes,
        photos[0].name: [[500, 0, 600, 9], boxes[0]],
        photos[1].name: [],
        "text.jpg": boxes,
    }
    (tmp_path / "boxes.json").write_text(json.dumps(given))
    command = [sys.executable, str(folder / "predict.py")]
    images = [tmp_path / "text.jpg", photos[0], tmp_path / "none.jpg", photos[1]]
    images.append(tmp_path / "huge.png")
    options = ["--boxes", tmp_path / "boxes.json", "-o", tmp_path / "keypoints.json"]
    done = subprocess.run(
        [*command, *map(str, [*images, *options])], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    first, second, third, last = done.stderr.splitlines()
    assert "huge.png' cannot be read: it has more than OPENCV_IO_MAX_IMAGE_PIXELS=178" in last
    assert "text.jpg is not an image" in first
    assert "is outside of the image, 160 x 120 px" in second
    assert "none.jpg: --boxes has no entry" in third
    (person,) = json.loads((tmp_path / "keypoints.json").read_text())
    assert (person["image"], person["box"]) == (str(photos[0]), boxes[0])


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda folder: (folder / "model.json").unlink(), "holds no exported network"),
        (lambda folder: (folder / "model.json").write_text("{}"), "holds no exported network"),
        (lambda folder: (folder / "model.torchscript").unlink(), "lacks model.torchscript"),
        (lambda folder: (folder / "boxes.json").write_text("[]"), "must hold an object of boxes"),
        (lambda folder: (folder / "boxes.json").write_text('{"a": 1'), "boxes.json is not JSON"),
        (lambda folder: (folder / "boxes.json").unlink(), "boxes.json: No such file"),
    ],
)
def test_a_broken_folder_ends_with_a_message(break_it, message, make, photos, tmp_path):
    folder = tmp_path / "out"
    export(*make("hg8_mpii_256"), folder, format="torchscript")
    (folder / "boxes.json").write_text("{}")
    break_it(folder)
    command = [sys.executable, str(folder / "predict.py"), str(photos[0])]
    command += ["--boxes", str(folder / "boxes.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr and "Traceback" not in done.stderr
