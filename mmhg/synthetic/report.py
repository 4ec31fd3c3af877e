"""Measure a rendered dataset on disk and compare it with the floors of its level.

Shape shorthand in this module: P people, K = 16 joints. Pixels are MATLAB's, 1-based, as on disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mmhg.datasets.formats.mpii_mat import JOINTS, ReleaseImage, read_release
from mmhg.datasets.mpii_converter import read_split_list
from mmhg.datasets.people import AnnotatedPerson, head_sizes_from_boxes
from mmhg.datasets.transforms.loading import load_image
from mmhg.errors import InputError
from mmhg.evaluation.pckh import normalized_distances, score_pckh
from mmhg.synthetic.dataset import FACTS_NAME, MARKER_NAME, RELEASE_NAME, VAL_LIST_NAME
from mmhg.synthetic.levels import LEVELS, Floors
from mmhg.synthetic.release import ORIGIN
from mmhg.synthetic.skeleton import BONES
from mmhg.utils.files import read_json
from mmhg.utils.table import table

LOWERED = 15.0
"""MPII's center is moved down by this times scale before cropping (authors' code)."""
CROP_SIDE = 1.25 * 200.0
"""Side of the crop in pixels at scale 1 (authors' code)."""
OUTERMOST = 0.5
"""Percentile at either end that a spread leaves out."""
SECTORS = 12
"""Number of equal sectors of facing. A level that asks for all directions needs at least half of an
equal share of people in each."""
COLORS = {"right": (60, 60, 255), "left": (255, 140, 40), "": (90, 220, 90)}
"""BGR of the person's right, left and middle in the sheet."""


@dataclass
class MeasuredPeople:
    """Hold the annotated people of one split.

    Attributes:
        images: (P,) names.
        joints: (P, K, 2), NaN for joints that are not annotated.
        visible: (P, K).
        head_boxes: (P, 4).
        centers: (P, 2), lowered as for cropping.
        scales: (P,).
        company: (P,), True if a joint of another person is in the crop.
    """

    images: list[str]
    joints: np.ndarray
    visible: np.ndarray
    head_boxes: np.ndarray
    centers: np.ndarray
    scales: np.ndarray
    company: np.ndarray

    @property
    def annotated(self) -> np.ndarray:
        """Tell which joints are annotated, (P, K)."""
        return np.isfinite(self.joints).all(axis=2)

    @property
    def roll(self) -> np.ndarray:
        """Measure in degrees (P,) how far pelvis to thorax leans to the image's right."""
        torso = self.joints[:, JOINTS.index("thorax")] - self.joints[:, JOINTS.index("pelvis")]
        return np.degrees(np.arctan2(torso[:, 0], -torso[:, 1]))


@dataclass
class Check:
    """Hold one measured number and its floor."""

    name: str
    measured: str
    floor: str
    holds: bool


def load_people(folder: Path) -> dict[str, MeasuredPeople]:
    """Read the annotated people of a rendered folder by split, `train` and `val`."""
    if not (folder / MARKER_NAME).is_file():
        raise InputError(
            f"{folder} holds no finished synthetic people ({MARKER_NAME} is missing). Run "
            "`mmhg synthetic render` first"
        )
    listed = set(read_split_list(folder / VAL_LIST_NAME))
    chosen: dict[str, list[tuple[ReleaseImage, AnnotatedPerson]]] = {"train": [], "val": []}
    for image in read_release(folder / RELEASE_NAME):
        for person in image.people:
            if person.annotated.any():
                split = "val" if (image.name, person.person_index) in listed else "train"
                chosen[split].append((image, person))
    return {split: _gather(rows) for split, rows in chosen.items()}


def _gather(rows: Sequence[tuple[ReleaseImage, AnnotatedPerson]]) -> MeasuredPeople:
    joints = np.stack([person.keypoints for _, person in rows])
    visible = np.stack([person.visible for _, person in rows]) > 0
    scales = np.array([person.scale for _, person in rows])
    centers = np.array([person.center for _, person in rows], float)
    centers[:, 1] += LOWERED * scales
    company = [
        any(
            np.any(np.abs(other.keypoints - center).max(axis=1) < CROP_SIDE * scale / 2)
            for other in image.people
            if other is not person
        )
        for (image, person), center, scale in zip(rows, centers, scales, strict=True)
    ]
    return MeasuredPeople(
        images=[image.name for image, _ in rows],
        joints=joints,
        visible=visible,
        head_boxes=np.array([person.head_box for _, person in rows]),
        centers=centers,
        scales=scales,
        company=np.array(company),
    )


def mean_pose_pckh(train: MeasuredPeople, val: MeasuredPeople) -> float:
    """Score the mean pose of `train` on `val`, placed by center and scale.

    Returns:
        PCKh@0.5 by the official protocol.
    """
    mean = np.nanmean((train.joints - train.centers[:, None]) / train.scales[:, None, None], axis=0)
    predicted = mean * val.scales[:, None, None] + val.centers[:, None]
    sizes = head_sizes_from_boxes(val.head_boxes)
    joints = np.where(val.annotated[..., None], val.joints, 0)
    distances = normalized_distances(predicted, joints, sizes, val.annotated)
    return score_pckh(distances, JOINTS).summary["PCKh@0.5"]


def check_floors(folder: Path, people: dict[str, MeasuredPeople], floors: Floors) -> list[Check]:
    """Compare the training and validation people with every floor of a level."""
    both = list(people.values())
    annotated = np.concatenate([split.annotated for split in both])
    hidden = ~np.concatenate([split.visible for split in both])[annotated]
    company = np.concatenate([split.company for split in both])
    mean_pose = mean_pose_pckh(people["train"], people["val"])
    occluded, accompanied = 100 * hidden.mean(), 100 * company.mean()
    roll = np.concatenate([split.roll for split in both])
    with np.load(folder / FACTS_NAME, allow_pickle=False) as facts:  # noqa: TID251
        facing = facts["facing"][facts["split"] != "test"]
    return [
        Check(
            "mean training pose, PCKh@0.5",
            f"{mean_pose:.1f}",
            f"< {floors.mean_pose_pckh:g}",
            mean_pose < floors.mean_pose_pckh,
        ),
        Check(
            "joints occluded",
            f"{occluded:.1f} %",
            f">= {floors.occluded:g} %",
            occluded >= floors.occluded,
        ),
        Check(
            "another person in the crop",
            f"{accompanied:.1f} %",
            f">= {floors.company:g} %",
            accompanied >= floors.company,
        ),
        _check_spread("torso roll", roll[np.isfinite(roll)], floors.roll),
        _check_facing(facing, floors.facing),
    ]


def _check_spread(name: str, degrees: np.ndarray, floor: float) -> Check:
    low, high = np.percentile(degrees, [OUTERMOST, 100 - OUTERMOST])
    return Check(
        f"{name}, {OUTERMOST:g} to {100 - OUTERMOST:g} % of people",
        f"{low:.0f} to {high:+.0f} deg",
        f"-{floor:g} to +{floor:g} deg",
        bool(low <= -floor and high >= floor),
    )


def _check_facing(degrees: np.ndarray, floor: float) -> Check:
    if floor < 180:
        return _check_spread("facing", degrees, floor)
    counts, _ = np.histogram(degrees, SECTORS, (-180, 180))
    least = 100 * counts.min() / len(degrees)
    return Check(
        f"facing, emptiest of {SECTORS} sectors all around",
        f"{least:.1f} %",
        f">= {50 / SECTORS:.1f} %",
        bool(least >= 50 / SECTORS),
    )


def checks_table(checks: Sequence[Check]) -> str:
    """Format the checks as text."""
    rows = [
        (check.name, check.measured, check.floor, "ok" if check.holds else "MISSED")
        for check in checks
    ]
    return table(("", "measured", "floor", ""), rows)


def level_of(folder: Path) -> int:
    """Read the level of a finished folder."""
    marker = read_json(folder / MARKER_NAME)
    if not isinstance(marker, dict) or not isinstance(marker.get("level"), int):
        raise InputError(f"{folder / MARKER_NAME} does not say a level. Render the folder anew")
    level: int = marker["level"]
    return level


def draw_sheet(
    folder: Path, people: dict[str, MeasuredPeople], size: int, columns: int = 8, rows: int = 3
) -> np.ndarray:
    """Draw crops with skeletons, BGR: `rows` rows of training people, then as many of validation.

    Visible joints are filled, hidden ones are not. The person's right is red, the left is blue.
    """
    lines = []
    for split in people.values():
        picks = np.linspace(0, len(split.images) - 1, rows * columns).astype(int)
        tiles = [_tile(folder, split, pick, size) for pick in picks]
        lines += [np.hstack(tiles[row * columns : (row + 1) * columns]) for row in range(rows)]
    return np.vstack(lines)


def _tile(folder: Path, people: MeasuredPeople, row: int, size: int, side: int = 256) -> np.ndarray:
    path = str(folder / "images" / people.images[row])
    image = load_image(path, [str(folder)])
    zoom = size / (CROP_SIDE * people.scales[row])
    shift = (size - 1) / 2 - zoom * (people.centers[row] - ORIGIN)
    crop = cv2.warpAffine(image, np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]]), (size, size))
    tile = cv2.resize(crop, (side, side), interpolation=cv2.INTER_LINEAR)
    points = (zoom * (people.joints[row] - ORIGIN) + shift + 0.5) * side / size - 0.5
    for start, end in BONES:
        if np.isfinite(points[[start, end]]).all():
            color = COLORS[_side(start) or _side(end)]
            cv2.line(tile, _pixel(points[start]), _pixel(points[end]), color, 1, cv2.LINE_AA)
    for joint in np.flatnonzero(np.isfinite(points).all(axis=1)).tolist():
        solid = people.visible[row, joint]
        if solid:
            cv2.circle(tile, _pixel(points[joint]), 3, COLORS[_side(joint)], -1, cv2.LINE_AA)
        cv2.circle(tile, _pixel(points[joint]), 3, (255, 255, 255), 1, cv2.LINE_AA)
    return cv2.copyMakeBorder(tile, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(255, 255, 255))


def _side(joint: int) -> str:
    side = JOINTS[joint].split("_")[0]
    return side if side in COLORS else ""


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def check_folder(folder: Path, sheet: Path) -> bool:
    """Print a folder's measurements and floors, write the sheet; return whether all floors hold."""
    people = load_people(folder)
    level = LEVELS[level_of(folder)]
    checks = check_floors(folder, people, level.floors)
    counts = ", ".join(f"{len(split.images)} {name}" for name, split in people.items())
    print(f"{folder}: synthetic people, level {level.number}, {counts} people")
    print(checks_table(checks))
    if not cv2.imwrite(str(sheet), draw_sheet(folder, people, level.input_size)):
        raise InputError(f"{sheet} could not be written. Name a .png in a folder that exists")
    print(f"sheet of pictures: {sheet}")
    return all(check.holds for check in checks)
