"""Say what predictions call their objects."""

from mmengine.config import Config

from mmhg.config.catalog import get_config
from mmhg.config.category import category_of


def test_people_and_own_points() -> None:
    config = get_config("hg8_coco_256")
    assert category_of(config) == "person"
    own = dict(dataset_name="mouse", keypoint_info={0: dict(name="snout", id=0)})
    config.test_dataloader.dataset.metainfo = own
    assert category_of(config) == "mouse"
    config.test_dataloader.dataset.metainfo = dict(from_file="configs/_base_/datasets/coco.py")
    assert category_of(config) == "person"
    assert category_of(Config()) == "person"
