"""Say what was found in labels, and what was made of them."""

from __future__ import annotations

import numpy as np

from mmhg.own_points.channels import COLOR
from mmhg.own_points.choices import FEW, SLIM
from mmhg.own_points.folder import Imported
from mmhg.utils.table import table

_CHANNELS = {1: "one channel, gray; --channels 3 takes colors"}
_BOXES = {
    "given": "from the labels",
    "made": "about their points",
    "of one point": "of the usual size about a single point",
    "whole image": "the whole image",
}


def report(found: Imported) -> tuple[str, list[str]]:
    """Return what to print, and warnings."""
    labels, choices = found.labels, found.choices
    objects = [one for image in labels.images for one in image.objects]
    lines = [
        f"{labels.format}: {len(labels.images):,} images, {len(objects):,} objects "
        f"({labels.category}), {len(labels.keypoints)} keypoints",
    ]
    lines += [
        f"left out: {number:,} {kind} without a labeled keypoint"
        for kind, number in found.left_out.items()
        if number
    ]
    lines += [f"note: {note}" for note in labels.notes]
    lines += ["", _keypoints(found), ""]
    lines.append(f"sides: {_sides(found)}")
    made = [f"{found.boxes[kind]:,} {text}" for kind, text in _BOXES.items() if found.boxes[kind]]
    lines.append(f"boxes: {', '.join(made)}")
    validating = sum(found.split.validates)
    lines.append(
        f"split: {len(labels.images) - validating:,} images train, {validating:,} validate, "
        f"{found.split.how}"
    )
    width, height = choices.input_size
    if choices.backbone == SLIM:
        network = f"slim, for fewer than {FEW:,} objects; starts from {choices.start}'s weights"
    else:
        network = f"for {FEW:,} objects and more; starts from scratch, no weights have its width"
    lines.append(
        f"network: {choices.backbone['num_stacks']} stacks on {width} x {height} px, {network}"
    )
    if found.channels != COLOR:
        lines.append("input: " + _CHANNELS.get(found.channels, f"{found.channels} channels"))
    looks = "whole images and crops (mmhg infer --two-pass)" if found.two_looks else "boxes"
    lines.append(
        f"training: {choices.epochs} epochs of {found.train_objects:,} objects, on {looks}, turned "
        f"by up to {choices.rotation} degrees"
    )
    lines += [f"pictures: {found.pictures}", "", f"{found.folder / 'config.py'} is ready:"]
    config = found.folder / "config.py"
    lines += [f"    mmhg {command} {config}" for command in ("check", "train", "export")]
    return "\n".join(lines), found.split.warnings


def _keypoints(found: Imported) -> str:
    """Lay out how often each keypoint is labeled, and its partner."""
    objects = [one for image in found.labels.images for one in image.objects]
    labeled = np.array([one.labeled for one in objects])
    hidden = np.array([one.hidden & one.labeled for one in objects])
    other = dict(found.sides.pairs) | {right: left for left, right in found.sides.pairs}
    rows = [
        [
            name,
            other.get(name, ""),
            f"{count:,}",
            f"{100 * count / len(objects):.0f} %",
            f"{covered:,}",
        ]
        for name, count, covered in zip(
            found.labels.keypoints, labeled.sum(axis=0), hidden.sum(axis=0), strict=True
        )
    ]
    header = ["keypoint", "other side", "labeled", "of all", "hidden"]
    return table(header, rows, text_columns=2)


def _sides(found: Imported) -> str:
    sides = found.sides
    pairs = f"{len(sides.pairs)} {'pair' if len(sides.pairs) == 1 else 'pairs'} {sides.origin}"
    if sides.flips:
        return f"{pairs}; training mirrors images"
    reason = f" ({'; '.join(sides.unsure)})" if sides.unsure else ""
    return f"{pairs}{reason}. No image is mirrored. --flip-pairs LEFT,RIGHT ... names pairs"
