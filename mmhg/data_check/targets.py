"""Targets that are empty, sigmas that do not suit, and sizes that training never shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmhg.data_check.crops import Crop
from mmhg.data_check.findings import Example, Finding
from mmhg.data_check.records import Person, Source

LARGEST_SIGMA = 1 / 5
"""Of the codec, in shares of the longer side of an object's keypoints on the heatmap. MMPose's
configs have 1 / 26 (2 px of 64); 2 px of 32, as in hg2_lspet_128, are 1 / 13."""

SMALLEST_SIGMA = 0.5
"""Heatmap px. Below it a Gaussian is one pixel."""

NEAR = 1.3
"""Factor between sizes that are alike."""

People = Mapping[tuple[str, Any], Person]


def check_empty(splits: Mapping[str, Sequence[Crop]], people: People) -> list[Finding]:
    """Find samples whose target has no keypoint.

    Args:
        splits: Samples without augmentation by split.
        people: By picture and id.
    """
    examples = []
    total = 0
    for split, crops in splits.items():
        total += len(crops)
        for crop in crops:
            if crop.empty:
                inside = "the target is all 0" if split == "train" else "no keypoint is in the crop"
                shown = _nearest(crop)
                examples.append(_example(crop, people, f"{split}: {inside}{shown}", 1.0))
    if not examples:
        return []
    certain = len(examples) > 0.01 * total
    return [Finding(kind="all-zero-target", examples=examples, certain=certain)]


def _nearest(crop: Crop) -> str:
    known = crop.points[np.isfinite(crop.points).all(axis=1)]
    if not len(known):
        return ""
    x, y = known.mean(axis=0)
    return f"; keypoints about ({x:.0f}, {y:.0f}) of {crop.size[0]} x {crop.size[1]} px"


def check_sigma(
    crops: Sequence[Crop], encoder: Any, sources: Sequence[Source], people: People
) -> list[Finding]:
    """Compare the codec's sigma, and the metainfo's, with the objects.

    Args:
        crops: Of the training.
        encoder: The codec, None if unknown.
        sources: With their metainfo.
        people: By picture and id.
    """
    examples = _oks_sigmas(sources)
    sigma = getattr(encoder, "sigma", None)
    if sigma is not None and crops and getattr(encoder, "heatmap_size", None) is not None:
        sigma = float(np.max(sigma))
        side = max(encoder.heatmap_size)
        labeled = [np.isfinite(one.points).all(axis=1).sum() for one in crops]
        many = [
            one.reach * side
            for one, number in zip(crops, labeled, strict=True)
            if number >= max(2, len(one.points) / 2)
        ]
        reach = float(np.median(many)) if many else 0.0
        name = type(encoder).__name__
        text = ""
        if many and sigma > LARGEST_SIGMA * reach:
            text = f"half of the objects have {reach:.1f} heatmap px or less between keypoints"
        elif sigma < SMALLEST_SIGMA:
            text = f"below {SMALLEST_SIGMA:g} heatmap px a target is a single pixel"
        if text:
            what = f"sigma of {name} is {sigma:g} heatmap px: {text}"
            examples.append(Example(file="the config's codec", what=what, score=1e6))
        for crop, number in zip(crops, labeled, strict=True):
            own = crop.reach * side
            if number >= 3 and own < sigma and not crop.empty and not text:
                what = f"all {number} keypoints lie within {own:.2f} heatmap px, sigma is {sigma:g}"
                examples.append(_example(crop, people, what, sigma - own))
    return [Finding(kind="sigma", examples=examples)] if examples else []


def _oks_sigmas(sources: Sequence[Source]) -> list[Example]:
    """Find the metainfo's sigmas that nobody has measured, and those as large as the object."""
    found = {}
    for source in sources:
        sigmas = np.asarray(source.metainfo.get("sigmas", ()), dtype=float)
        name = f"metainfo of {source.metainfo.get('dataset_name', source.file)}"
        if len(sigmas) < 2:
            continue
        if np.allclose(sigmas, 1 / len(sigmas)):
            what = (
                f"all sigmas are 1 / {len(sigmas)}: with a tolerance of {2 * sigmas[0]:.2g} times "
                "the object's size nearly everything scores well"
            )
        elif (sigmas > 0.3).any():
            what = f"sigmas up to {sigmas.max():g}: COCO's largest is 0.107"
        elif (sigmas <= 0.002).any():
            what = f"sigmas down to {sigmas.min():g}: COCO's smallest is 0.025"
        else:
            continue
        found[name] = Example(file=name, what=what, score=1e5)
    return list(found.values())


def check_sizes(shown: Sequence[Crop], validated: Sequence[Crop], people: People) -> list[Finding]:
    """Find validation objects whose size no training sample has, however augmented.

    Sizes are the crop's magnification, and the keypoints' extent in the crop.

    Args:
        shown: Training samples with augmentation.
        validated: Validation samples.
        people: By picture and id.
    """
    if not shown or not validated:
        return []
    zooms = np.log([one.zoom for one in shown])
    reaches = np.log([one.reach for one in shown if _enough(one)] or [1.0])
    examples = []
    for crop in validated:
        if crop.empty:
            continue
        gap = _gap(zooms, np.log(crop.zoom))
        text = f"the crop is magnified {crop.zoom:.2f} times, training has"
        values = zooms
        if gap <= np.log(NEAR) and _enough(crop):
            gap, values = _gap(reaches, np.log(crop.reach)), reaches
            text = f"the keypoints take up {crop.reach:.2f} of the crop, in training"
        if gap > np.log(NEAR):
            low, high = np.exp([values.min(), values.max()])
            examples.append(_example(crop, people, f"{text} {low:.2f} to {high:.2f}", float(gap)))
    return [Finding(kind="unseen-sizes", examples=examples)] if examples else []


def _enough(crop: Crop) -> bool:
    """Tell if so many keypoints are labeled that their extent is the object's."""
    labeled = np.isfinite(crop.points).all(axis=1).sum()
    return bool(labeled >= max(2, 0.7 * len(crop.points)) and crop.reach > 0)


def _gap(values: np.ndarray, value: float) -> float:
    return float(np.abs(values - value).min())


def _example(crop: Crop, people: People, what: str, score: float) -> Example:
    person = people.get((crop.picture, crop.id))
    if person is None:
        return Example(file=crop.picture, id=crop.id, what=what, picture=crop.picture, score=score)
    return person.example(what, score=score)
