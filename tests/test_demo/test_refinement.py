"""Check the page's data against `Predictor` and against the heatmaps themselves."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

from mmhg import Predictor
from mmhg.config.catalog import get_config
from mmhg.demo import RefinementDemo
from mmhg.demo.refinement import pack_heatmaps
from mmhg.errors import InputError
from mmhg.inference.outputs import Outputs
from mmhg.inference.sources import Frame, ImageFile
from mmhg.inference.writers.people import Person

from .conftest import HEIGHT, STACKS, WIDTH

BOX = [30.0, 10.0, 110.0, 105.0]


@pytest.fixture(scope="module")
def predictor(trained):
    return Predictor(trained.config, trained.checkpoint, device="cpu")


@pytest.mark.parametrize("box", [BOX, None])
def test_the_last_stack_is_the_prediction(demo, predictor, image, box):
    prediction = predictor(image, None if box is None else [box], heatmaps=True)
    answer = demo(image, box)
    assert len(answer["stacks"]) == STACKS
    last = answer["stacks"][-1]
    np.testing.assert_allclose(last["keypoints"], prediction.keypoints[0], atol=1e-3)
    np.testing.assert_allclose(last["scores"], prediction.scores[0], atol=1e-5)
    assert answer["image"] == dict(width=WIDTH, height=HEIGHT)
    assert answer["box"] == (box or [0, 0, WIDTH, HEIGHT])


def test_each_stack_is_read_from_its_own_heatmaps(demo, predictor, image):
    maps = predictor(image, [BOX], heatmaps=True).heatmaps[0]
    answer = demo(image, BOX)
    left, top, right, bottom = answer["crop"]
    for stack, told in enumerate(answer["stacks"]):
        keypoints, scores = predictor.model.head.decoder.decode(maps[stack])
        in_image = keypoints[0] / 128 * [right - left, bottom - top] + [left, top]
        found = scores[0] > 0  # a joint that is nowhere has no place
        assert found.sum() > 8
        np.testing.assert_allclose(np.array(told["keypoints"])[found], in_image[found], atol=1e-3)
        np.testing.assert_allclose(told["scores"], scores[0], atol=1e-5)
    first, last = answer["stacks"][0], answer["stacks"][-1]
    assert not np.allclose(first["keypoints"], last["keypoints"], atol=1)


def test_heatmaps_lie_where_the_codec_takes_them_to_lie(demo, image):
    answer = demo(image, BOX)
    left, top, right, bottom = answer["crop"]
    assert answer["heatmaps"]["shape"] == [STACKS, 16, 32, 32]
    first, last = -0.5 * 128 / 31, 31.5 * 128 / 31  # UDP of MMPose: pixel 31 lies at 128
    x, y = (right - left) / 128, (bottom - top) / 128
    expected = [left + first * x, top + first * y, left + last * x, top + last * y]
    np.testing.assert_allclose(answer["heatmaps"]["area"], expected, atol=1e-3)


def test_packed_heatmaps_compare_stacks():
    heatmaps = np.zeros((2, 2, 1, 3))
    heatmaps[0, 0, 0] = [0.2, -1, 0]
    heatmaps[1, 0, 0] = [0, 0.4, 0.1]
    heatmaps[:, 1] = -0.5  # nothing anywhere
    packed = pack_heatmaps(heatmaps)
    values = np.frombuffer(base64.b64decode(packed["values"]), np.uint8).reshape(packed["shape"])
    assert packed["highest"] == [0.4, -0.5]
    assert values[:, 0, 0].tolist() == [[128, 0, 0], [0, 255, 64]]
    assert not values[:, 1].any()


def test_the_document_is_what_infer_writes(demo, predictor, image, tmp_path):
    answer = demo(image, BOX, "photo.png")
    document = answer["document"]
    keypoints, scores = predictor(image, [BOX], heatmaps=True)
    frame = Frame(ImageFile(Path("photo.png")), None, image)
    with Outputs(
        tmp_path / "out", predictor.dataset_meta, {}, threshold=0, pictures=False
    ) as outputs:
        outputs.add(frame, [Person(np.array(BOX), keypoints[0], scores[0])])
    expected = json.loads((tmp_path / "out/keypoints.json").read_text())
    after = document["annotations"][0].pop("keypoints_after_stack")
    assert document["categories"] == expected["categories"]
    assert document["images"] == [dict(id=1, file_name="photo.png", width=WIDTH, height=HEIGHT)]
    told, known = document["annotations"][0], expected["annotations"][0]
    assert told.keys() == known.keys()
    np.testing.assert_allclose(told.pop("keypoints"), known.pop("keypoints"), atol=2e-3)
    assert told.pop("score") == pytest.approx(known.pop("score"), abs=1e-4)
    assert told == known
    assert len(after) == STACKS
    for stack, numbers in zip(answer["stacks"], after, strict=True):
        rows = np.reshape(numbers, (-1, 3))
        np.testing.assert_allclose(rows[:, :2], stack["keypoints"], atol=1e-3)
    assert document["info"]["model"] == ["narrow", "narrow.pth"]


def test_description(demo):
    about = demo.describe()
    assert about["stacks"] == STACKS
    assert about["joints"][0] == "right_ankle" and len(about["joints"]) == 16
    assert len(about["joint_colors"]) == 16
    assert len(about["links"]) == len(about["link_colors"]) == 15
    heat = np.array(about["heat_colors"])
    assert heat.shape == (256, 3) and (np.diff(heat.sum(1)[::16]) > 0).all()
    json.dumps(about)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ([10, 10, 10, 50], "has no area"),
        ([300, 10, 400, 50], "lies outside of the image, 160 x 120 px"),
        ([float("nan"), 0, 10, 10], "has no area"),
    ],
)
def test_bad_boxes(demo, image, box, message):
    with pytest.raises(InputError, match=message):
        demo(image, box)


def test_a_checkpoint_of_another_network(trained, tmp_path):
    torch.save(dict(state_dict={"backbone.x": torch.zeros(1)}), tmp_path / "other.pth")
    with pytest.raises(InputError, match="of another network than the config's"):
        RefinementDemo(trained.config, tmp_path / "other.pth")


def test_networks_without_heatmaps_after_each_stack(trained, tmp_path):
    config = get_config("hg2_synthetic_128")
    config.model.backbone.update(output="features", num_keypoints=None, channels=16)
    config.model.backbone.stem_channels = (4, 8, 8)
    config.model.head = dict(
        type="HeatmapHead",
        in_channels=16,
        out_channels=16,
        deconv_out_channels=None,
        decoder=config.codec,
    )
    torch.save(dict(state_dict=MODELS.build(config.model).state_dict()), tmp_path / "f.pth")
    with pytest.raises(InputError, match="need a HourglassBackbone with output='heatmaps'"):
        RefinementDemo(config, tmp_path / "f.pth")
