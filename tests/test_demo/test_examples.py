"""Check that synthetic people are found as examples."""

import json

import numpy as np

from mmhg.demo.examples import find_examples


def annotate(folder, images):
    (folder / "annotations").mkdir(parents=True)
    (folder / "images").mkdir()
    people = [dict(image=name, center=[81.0, 61.0], scale=0.5) for name in images]
    (folder / "annotations/mpii_val.json").write_text(json.dumps(people))
    for name in [*images, "of_training.jpg"]:
        (folder / "images" / name).touch()


def test_people_of_the_validation_split(tmp_path):
    annotate(tmp_path / "level1", ["b.jpg", "a.jpg"])
    annotate(tmp_path / "level2", ["c.jpg"])
    examples = find_examples(tmp_path)
    assert [example.path.name for example in examples] == ["a.jpg", "b.jpg"]
    # MPII's pixels count from 1; the center is lowered by 15 px x scale; a side is 200 px x scale
    np.testing.assert_allclose(examples[0].box, [30.0, 17.5, 130.0, 117.5])
    assert examples[0].path.is_file()


def test_without_synthetic_people_there_are_none(tmp_path):
    (tmp_path / "level1/images").mkdir(parents=True)  # annotations come after rendering
    assert find_examples(tmp_path) == []
    assert find_examples(tmp_path / "nowhere") == []
