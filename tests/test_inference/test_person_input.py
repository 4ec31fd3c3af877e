"""The network's input of a person whose image and box are at hand."""

import numpy as np
import pytest
from mmpose.apis.inference import dataset_meta_from_config

from mmhg.config.catalog import get_config
from mmhg.errors import InputError
from mmhg.inference.person_input import PersonInput


def person_input(name: str) -> PersonInput:
    config = get_config(name)
    return PersonInput(config, dataset_meta_from_config(config, "test"))


@pytest.fixture
def image() -> np.ndarray:
    """Make an image (100, 200, 3): the left half black, the right half white."""
    image = np.zeros((100, 200, 3), dtype=np.uint8)
    image[:, 100:] = 255
    return image


# LSP's people fill their images: its own pipeline looks at no box.
@pytest.mark.parametrize("name", ["hg8_coco_256", "hg8_lsp_256"])
def test_a_box_counts(name: str, image: np.ndarray) -> None:
    box, sample = person_input(name)(image, [110, 20, 150, 60])
    assert box.tolist() == [110, 20, 150, 60]
    assert (sample["inputs"] == 255).all()  # padding by a quarter, 105 to 155, stays in the right
    assert sample["data_samples"].input_center.ravel().tolist() == pytest.approx([130, 40], abs=0.2)


@pytest.mark.parametrize("name", ["hg8_coco_256", "hg8_lsp_256"])
def test_without_a_box_the_person_fills_the_image(name: str, image: np.ndarray) -> None:
    box, sample = person_input(name)(image)
    assert box.tolist() == [0, 0, 200, 100]
    assert sample["data_samples"].input_center.ravel().tolist() == pytest.approx([100, 50], abs=0.5)
    middle = sample["inputs"][:, 128]
    assert (middle[:, 60:110] == 0).all()
    assert (middle[:, 150:190] == 255).all()


def test_a_box_outside_of_the_image_is_refused_by_the_images_name(image: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"^a\.jpg: box \[300, 0, 400, 50\] lies outside"):
        person_input("hg8_coco_256")(image, [300, 0, 400, 50], name="a.jpg")
    with pytest.raises(InputError, match=r"^box \[30, 0, 30, 50\] has no area"):
        person_input("hg8_coco_256")(image, [30, 0, 30, 50])
