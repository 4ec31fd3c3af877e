"""OKS against pycocotools, and sigmas that were planted."""

import math

import numpy as np
import pytest
from pycocotools.cocoeval import Params

from mmhg.errors import InputError
from mmhg.evaluation import (
    object_similarities,
    sigmas_of_labels,
    sigmas_of_residuals,
    similarities,
)
from mmhg.evaluation.oks import coco_sigma

RNG = np.random.default_rng(0)


def test_by_hand():
    distances = np.array([[0.0, 20.0, math.inf], [math.nan, 10.0, math.nan]])
    found = similarities(distances, np.array([10000.0, 2500.0]), np.array([0.1, 0.1, 0.1]))
    # Off by 2 sigma sqrt(area) = 20 px of the first, 10 px of the second: exp(-1/2).
    np.testing.assert_allclose(found[0], [1, math.exp(-0.5), 0])
    np.testing.assert_allclose(found[1], [np.nan, math.exp(-0.5), np.nan])
    np.testing.assert_allclose(
        object_similarities(found), [(1 + math.exp(-0.5)) / 3, math.exp(-0.5)]
    )


def test_cocos_sigmas_are_those_of_pycocotools():
    names = "nose eye eye ear ear shoulder shoulder elbow elbow wrist wrist hip hip knee knee"
    theirs = Params("keypoints").kpt_oks_sigmas
    ours = [coco_sigma(f"left_{name}") for name in f"{names} ankle ankle".split()]
    np.testing.assert_allclose(ours, theirs)
    assert coco_sigma("snout") is None


def planted(sigmas, areas, people=4000):
    """Scatter labels so that the mean of d² / s² is sigma²."""
    spread = np.sqrt(areas / 2)[:, None, None] * np.asarray(sigmas)[None, :, None]
    return np.hypot(*np.moveaxis(RNG.normal(0, 1, (people, len(sigmas), 2)) * spread, 2, 0))


def test_sigmas_of_two_peoples_labels_are_found_again_despite_exchanged_sides():
    areas = RNG.uniform(100, 10000, 4000)
    distances = planted([0.02, 0.1], areas)
    distances[:200, 0] = 500.0  # left taken for right
    distances[0, 1] = math.nan
    assert sigmas_of_labels(distances, areas) == pytest.approx([0.02, 0.1], rel=0.08)
    few = sigmas_of_labels(distances[:4], areas[:4])
    assert np.isnan(few).all()
    with pytest.raises(InputError, match="areas above 0"):
        sigmas_of_labels(distances, areas - 5000)


def test_residuals_give_ratios_and_not_the_size():
    areas = RNG.uniform(100, 10000, 4000)
    distances = planted([0.02, 0.02, 0.08], areas)
    found = sigmas_of_residuals(distances, areas)
    assert found[2] / found[0] == pytest.approx(4, rel=0.1)
    theirs = Params("keypoints").kpt_oks_sigmas
    assert np.log(found).mean() == pytest.approx(np.log(theirs).mean())
    # A network that is three times worse is not judged three times more kindly.
    np.testing.assert_allclose(sigmas_of_residuals(3 * distances, areas), found)
    scores = [similarities(k * distances, areas, found).mean() for k in (1, 3)]
    assert scores[0] > scores[1] + 0.1
