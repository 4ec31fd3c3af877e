"""Label Studio's predictions: percent and back, and an interface that fits them."""

import json
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from mmhg.inference.writers.label_studio import LabelStudioTasks, labeling_interface

from .conftest import HEIGHT, NAMES, RUN, SURE, WIDTH


def test_percent_give_px_back(written: Callable[..., str]) -> None:
    task = json.loads(written(LabelStudioTasks))[0]
    (prediction,) = task["predictions"]
    box, nose, ear = prediction["result"][:3]
    for region, wanted in ((nose, SURE.keypoints[0]), (ear, SURE.keypoints[1])):
        sides = region["original_width"], region["original_height"]
        found = [region["value"][axis] / 100 * side for axis, side in zip("xy", sides, strict=True)]
        np.testing.assert_allclose(found, wanted, atol=1e-4)
        assert region["parentID"] == box["id"]
    assert ear["value"]["keypointlabels"] == ['left, "ear"']
    value = box["value"]
    assert [value[key] for key in ("x", "y", "width", "height")] == pytest.approx(
        [0, 100 * 20 / HEIGHT, 100 * 300.25 / WIDTH, 100 * 460 / HEIGHT], abs=1e-5
    )
    assert (prediction["model_version"], nose["score"]) == ("hg2.py hg2.pth", 0.9)


def test_only_what_was_found(written: Callable[..., str]) -> None:
    photo, empty, framed = json.loads(written(LabelStudioTasks))
    regions = photo["predictions"][0]["result"]
    kinds = [region["type"].removesuffix("labels") for region in regions]
    assert kinds == ["rectangle", "keypoint", "keypoint", "rectangle", "keypoint"]
    assert len({region["id"] for region in regions}) == len(regions)
    assert empty["predictions"][0]["result"] == []
    assert framed["data"]["image"] == "/data/local-files/?d=clip.mp4/frame_000012.png"


def test_addresses_are_quoted(written: Callable[..., str]) -> None:
    assert json.loads(written(LabelStudioTasks))[0]["data"]["image"] == (
        "/data/local-files/?d=my%20dog/%3Dcmd%2C%20a.jpg"
    )
    run = replace(RUN, image_url="https://example.org/")
    url = json.loads(written(LabelStudioTasks, run))[1]["data"]["image"]
    assert url == "https://example.org/b.jpg"


def test_interface_has_what_the_regions_name(written: Callable[..., str]) -> None:
    interface = ElementTree.fromstring(labeling_interface(RUN))  # noqa: S314 - our own
    controls = {tag.get("name"): tag for tag in interface if tag.get("toName")}
    for region in json.loads(written(LabelStudioTasks))[0]["predictions"][0]["result"]:
        control = controls[region["from_name"]]
        assert control.tag.lower() == region["type"]
        assert control.get("toName") == region["to_name"]
        assert region["value"][region["type"]][0] in [label.get("value") for label in control]
    assert [label.get("value") for label in controls["keypoints"]] == NAMES
    assert interface.find("Image").get("value") == "$image"
    assert controls["keypoints"][0].get("background") == "#ff0000"
