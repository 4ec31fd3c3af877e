"""A figure drawn in place of a photograph."""

from dataclasses import replace

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.refinement.drawn_figure import as_drawn_figure
from test_refinement.made import METAINFO, person

BODY, GROUND = [176, 170, 164], [236, 234, 230]


def test_the_photograph_goes_and_limbs_join_the_annotated_joints() -> None:
    photo = person(2)
    drawn = as_drawn_figure(photo, METAINFO)
    assert drawn.paths is photo.paths and drawn.heatmaps is photo.heatmaps
    assert drawn.image.shape == photo.image.shape
    assert (photo.image == 128).all()
    index = METAINFO["keypoint_name2id"]
    knee, ankle = (photo.paths.truth[index[name]] for name in ("right_knee", "right_ankle"))
    x, y = ((knee + ankle) / 2).round().astype(int)
    assert drawn.image[y, x].tolist() == BODY
    assert drawn.image[2, 60].tolist() == GROUND


def test_a_joint_without_annotation_has_no_limb() -> None:
    photo = person(2)
    knee = METAINFO["keypoint_name2id"]["right_knee"]
    ankle = photo.paths.truth[METAINFO["keypoint_name2id"]["right_ankle"]].copy()
    photo.paths.truth[knee] = np.nan
    x, y = ankle.round().astype(int)
    assert as_drawn_figure(photo, METAINFO).image[y, x].tolist() == GROUND


def test_a_person_without_annotation_is_refused() -> None:
    unknown = replace(person(1, annotated=False), title="im00001.jpg")
    with pytest.raises(InputError, match=r"im00001\.jpg cannot be drawn: no joint is annotated"):
        as_drawn_figure(unknown, METAINFO)
