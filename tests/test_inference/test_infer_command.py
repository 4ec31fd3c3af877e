"""`mmhg infer`, from files to files."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mmhg import Predictor
from mmhg.config.catalog import get_config
from mmhg.export import export
from mmhg.inference import TwoPass
from mmhg_cli import main

from .conftest import Trained, stamped, stamps
from .test_detectors.networks import picture, write_detector

SECONDS, RATE = 10, 25
WIDTH, HEIGHT = 128, 96


@pytest.fixture
def infer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run the command; gives exit status, the people of its JSON file and its messages."""

    def call(*arguments: object) -> tuple[int, list[dict[str, Any]], list[str]]:
        folder = tmp_path / "out"
        status = main(["infer", *map(str, arguments), "-o", str(folder)])
        path = folder / "keypoints.json"
        people = json.loads(path.read_text())["annotations"] if path.is_file() else []
        messages = [m for m in capsys.readouterr().err.splitlines() if m.startswith("error: ")]
        return status, people, messages

    return call


def coordinates(people: Sequence[dict[str, Any]]) -> np.ndarray:
    """Read keypoints and scores, (N, K, 3)."""
    return np.array([person["keypoints"] for person in people]).reshape(len(people), -1, 3)


def test_further_files(
    infer: Callable[..., Any], trained: Trained, photos: list[Path], tmp_path: Path
) -> None:
    """Ids are those of COCO's boxes, names begin at the folder that all images lie in."""
    images = []
    for number, name in ((41, "left/1.png"), (7, "right/1.png")):
        (tmp_path / name).parent.mkdir()
        shutil.copy(photos[0], tmp_path / name)
        images.append(dict(id=number, file_name=name))
    boxes = [dict(id=n, image_id=n, category_id=1, bbox=[10, 5, 80, 90]) for n in (41, 7)]
    (tmp_path / "boxes.json").write_text(json.dumps(dict(images=images, annotations=boxes)))
    status, people, _ = infer(
        *(*trained, tmp_path / "left", tmp_path / "right", "--boxes", tmp_path / "boxes.json"),
        *("--write", "csv, csv-long,coco,coco-results,label-studio", "--no-pictures"),
        *("--image-url", "https://example.org/", "--device", "cpu"),
    )
    out = tmp_path / "out"
    assert status == 0
    assert [person["image_id"] for person in people] == [41, 7]
    assert {path.name for path in out.iterdir()} == {
        *("keypoints.json", "keypoints.csv", "keypoints_long.csv"),
        *("coco_annotations.json", "coco_results.json", "label_studio.json", "label_studio.xml"),
    }
    named = json.loads((out / "coco_annotations.json").read_text())["images"]
    assert [image["file_name"] for image in named] == ["left/1.png", "right/1.png"]
    assert [one["image_id"] for one in json.loads((out / "coco_results.json").read_text())] == [
        41,
        7,
    ]
    tasks = json.loads((out / "label_studio.json").read_text())
    assert tasks[1]["data"]["image"] == "https://example.org/right/1.png"


def test_an_unknown_kind_of_file(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["infer", "photo.jpg", "--write", "csv,xlsx"])
    assert "'xlsx' is none of csv, csv-long, coco" in capsys.readouterr().err


def test_images_with_boxes(
    infer: Callable[..., Any], trained: Trained, photos: list[Path], tmp_path: Path
) -> None:
    boxes = {
        photos[0].name: [[10, 5, 90, 100], [60, 20, 150, 110]],
        photos[1].name: [],
        "c.png": [[0, 0, 50, 60]],
    }
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    status, people, messages = infer(
        *trained, *photos, "--boxes", tmp_path / "boxes.json", "--device", "cpu"
    )
    assert (status, messages) == (0, [])
    assert [person["image_id"] for person in people] == [1, 1, 3]
    keypoints, scores = Predictor(*trained, device="cpu")(photos, [boxes[p.name] for p in photos])
    np.testing.assert_allclose(coordinates(people)[..., :2], keypoints, atol=0.002)
    np.testing.assert_allclose(coordinates(people)[..., 2], scores, atol=1e-5)
    pictures = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert pictures == ["a.png", "b.png", "c.png"]


def test_a_video_of_ten_seconds(
    infer: Callable[..., Any], trained: Trained, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (WIDTH, HEIGHT))
    for index in range(SECONDS * RATE):
        writer.write(stamped(HEIGHT, WIDTH, index))
    writer.release()
    boxes = [dict(image="clip.mp4", frame=n, bbox=[n / 10, 0, 60, 80]) for n in range(0, 250, 2)]
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    flags = ["--boxes", tmp_path / "boxes.json", "--no-flip", "--threshold", 9]
    status, people, messages = infer(*trained, path, *flags)
    assert (status, messages) == (0, [])
    assert [person["frame"] for person in people] == list(range(0, 250, 2))
    assert [person["bbox"][0] for person in people] == [n / 10 for n in range(0, 250, 2)]

    assert stamps(tmp_path / "out/clip.mp4") == list(range(250))


def test_centers(infer: Callable[..., Any], trained: Trained, mpii_root: Path) -> None:
    status, people, _ = infer(
        *trained, mpii_root / "images", "--centers", mpii_root / "annotations/mpii_val.json"
    )
    assert status == 0
    # Center (80, 60) in MPII's px, lowered by 7.5, scale 0.5.
    assert [person["bbox"] for person in people] == [[29.0, 16.5, 100.0, 100.0]] * 4


def test_two_passes(infer: Callable[..., Any], trained: Trained, photos: list[Path]) -> None:
    flags = ["--device", "cpu", "--no-pictures"]
    _, once, _ = infer(*trained, *photos, *flags)
    status, twice, messages = infer(*trained, *photos, *flags, "--two-pass")
    assert (status, messages) == (0, [])
    prediction = TwoPass(Predictor(*trained, device="cpu"))(photos)
    np.testing.assert_allclose(coordinates(twice)[..., :2], prediction.keypoints, atol=0.002)
    left_top, right_bottom = np.split(prediction.boxes, 2, axis=1)
    boxes = np.hstack([left_top, right_bottom - left_top])
    np.testing.assert_allclose([person["bbox"] for person in twice], boxes, atol=0.002)
    assert not np.allclose(coordinates(twice), coordinates(once), atol=0.5)


def test_what_fails_does_not_stop_the_rest(
    infer: Callable[..., Any], trained: Trained, photos: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("note.jpg", "clip.mp4"):
        (tmp_path / name).write_text("neither")
    bad = [tmp_path / name for name in ("empty", "note.jpg", "clip.mp4", "nosuch.png")]
    status, people, messages = infer(*trained, *bad, photos[0])
    assert (status, len(people)) == (1, 1)
    assert len(messages) == 4
    for path in bad:
        assert sum(str(path) in message for message in messages) == 1

    boxes = {"a.png": [[900, 900, 950, 950], [0, 0, 90, 90]], "b.png": [[0, 0, 50, 50]]}
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    status, people, messages = infer(*trained, *photos, "--boxes", tmp_path / "boxes.json")
    assert (status, len(people)) == (1, 2)
    assert "c.png" in messages[0] and "does not name it" in messages[0]
    assert "outside of the image, 160 x 120 px" in messages[1]


def test_a_folder_with_a_broken_video(
    infer: Callable[..., Any], trained: Trained, photos: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a.mp4").write_text("no video")
    status, people, messages = infer(*trained, folder)
    assert (status, people, len(messages)) == (2, [], 1)
    (folder / "b.png").write_bytes(photos[0].read_bytes())
    status, people, messages = infer(*trained, folder)
    assert (status, len(people)) == (1, 1)
    assert [f"cannot open video {folder / 'a.mp4'}" in message for message in messages] == [True]


def test_where_every_box_fails_pictures_have_no_people(
    infer: Callable[..., Any], trained: Trained, photos: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "boxes.json").write_text('{"a.png": [[900, 900, 950, 950]]}')
    status, people, messages = infer(*trained, photos[0], "--boxes", tmp_path / "boxes.json")
    assert (status, people, len(messages)) == (1, [], 1)
    assert (tmp_path / "out/a.png").is_file()


def test_what_is_said_at_the_end(
    trained: Trained, photos: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "boxes.json").write_text('{"a.png": [[0, 0, 50, 50], [10, 0, 60, 50]]}')
    out = tmp_path / "out"
    words = [*trained, photos[0], "-o", out]
    main(["infer", *map(str, [*words, "--boxes", tmp_path / "boxes.json"])])
    assert capsys.readouterr().out == f"2 people in 1 image: {out}\n"
    main(["infer", *map(str, words)])
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"1 person in 1 image: {out}"
    assert second.startswith("each image was taken as one person's. --boxes or --centers FILE.json")
    for way in ("FILE.onnx", "opencv", "CONFIG CHECKPOINT"):
        assert way in second.partition("--detector")[2]


def test_nothing_can_be_done(
    infer: Callable[..., Any],
    trained: Trained,
    make_network: Callable[[str], Trained],
    photos: list[Path],
    tmp_path: Path,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "other.json").write_text('[{"image": "z.jpg", "bbox": [0, 0, 9, 9]}]')
    coco = make_network("hg8_coco_256")
    for arguments, message in [
        ([*trained, tmp_path / "empty"], "has no images or videos"),
        ([trained.config, coco.checkpoint, photos[0]], "is of another network than the config's"),
        ([trained.config, "nosuch.pth", photos[0]], "there is no checkpoint nosuch.pth"),
        (["nosuch", trained.checkpoint, photos[0]], "no config file 'nosuch'"),
        ([*trained, photos[0], "--boxes", tmp_path / "other.json"], "names none of the inputs"),
        ([*trained, photos[0], "--device", "cuda:9"], "device 'cuda:9' cannot be used"),
        ([*trained, tmp_path / "out/x.png"], "no such file or folder"),
    ]:
        status, people, messages = infer(*arguments)
        assert (status, people) == (2, []), messages
        assert message in messages[-1]
    assert not (tmp_path / "out").exists()


def test_pictures_never_replace_what_they_are_made_from(
    infer: Callable[..., Any], trained: Trained, photos: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    photo = tmp_path / "out/photo.png"
    photo.write_bytes(photos[0].read_bytes())
    status, _, messages = infer(*trained, photo)
    assert status == 2
    assert "its picture would replace" in messages[0]
    assert photo.read_bytes() == photos[0].read_bytes()


def test_a_detector_needs_full_mmcv(
    infer: Callable[..., Any],
    trained: Trained,
    photos: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mmhg.inference.detectors.mmdetection.find_spec", lambda name: None)
    status, _, messages = infer(*trained, photos[0], "--detector", "config.py", "weights.pth")
    assert status == 2
    assert "a detector of MMDetection needs full mmcv" in messages[0]


def test_an_exported_detector(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes = [[60, 20, 100, 96], [10, 4, 40, 90]]
    images = [picture(100, 192, box) for box in boxes] + [picture(100, 192, [0] * 4)]
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for path, image in zip(paths, images, strict=True):
        cv2.imwrite(str(path), image)
    writer = cv2.VideoWriter(
        str(tmp_path / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (192, 100)
    )
    for image in images:
        writer.write(image)
    writer.release()
    detector = write_detector(tmp_path / "found.onnx", "mmdeploy", colors="rgb255")
    status = main(
        [
            "infer",
            *map(str, [*trained, *paths, tmp_path / "clip.mp4", "-o", tmp_path / "out"]),
            *("--detector", str(detector), "--detector-input", "rgb255", "--box-threshold", "0.5"),
        ]
    )
    printed = capsys.readouterr().out.splitlines()
    assert status == 0
    assert printed[0].startswith("4 people in 3 images and 3 frames: ")
    assert printed[1:] == [
        f"nobody was found in {paths[2]}, 1 frame of {tmp_path / 'clip.mp4'}",
    ]
    content = json.loads((tmp_path / "out/keypoints.json").read_text())
    assert content["info"]["detector"] == dict(
        name="found.onnx", outputs="MMDeploy", input="rgb255", threshold=0.5
    )
    people = content["annotations"]
    assert [(p["image_id"], p.get("frame")) for p in people] == [
        (1, None),
        (2, None),
        (4, 0),
        (4, 1),
    ]
    for person, (left, top, right, bottom) in zip(people, boxes * 2, strict=True):
        # Of a video, colors are not exact.
        np.testing.assert_allclose(
            person["bbox"],
            [left, top, right - left, bottom - top],
            atol=3 if "frame" in person else 0.01,
        )


def test_inputs_after_the_detector(
    infer: Callable[..., Any], trained: Trained, photos: list[Path], tmp_path: Path
) -> None:
    status, _, messages = infer(*trained, photos[0], "--detector", "opencv", *photos[1:])
    assert (status, messages) == (0, [])
    assert len(json.loads((tmp_path / "out/keypoints.json").read_text())["images"]) == 3


def test_a_detectors_settings(
    infer: Callable[..., Any], trained: Trained, photos: list[Path]
) -> None:
    for settings, message in [
        (["--detector-input", "rgb1"], "--detector-input is for --detector FILE.onnx"),
        (["--detector", "yolo.pt"], "a detector is FILE.onnx, opencv, or CONFIG CHECKPOINT"),
        (["--detector", "nosuch.onnx"], "cannot read nosuch.onnx: No such file"),
    ]:
        status, people, messages = infer(*trained, photos[0], *settings)
        assert (status, people) == (2, [])
        assert message in messages[0]


def test_an_exported_folder(
    infer: Callable[..., Any],
    make_network: Callable[[str], Trained],
    photos: list[Path],
    tmp_path: Path,
) -> None:
    # Of random weights, whose flat maxima UDP's refinement moves by pixels for a rounding error.
    trained = make_network("hg8_mpii_256")
    folder = tmp_path / "exported"
    export(get_config(trained.config), trained.checkpoint, folder, format="torchscript")
    status, people, _ = infer(folder, *photos)
    assert status == 0
    keypoints, _ = Predictor(*trained, device="cpu")(photos)
    np.testing.assert_allclose(coordinates(people)[..., :2], keypoints, atol=0.05)
    status, _, messages = infer(folder, photos[0], "--half")
    assert status == 2
    assert "runs as it was exported" in messages[0]
