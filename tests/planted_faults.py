"""Faces without fault, and faults to plant in them: one function per kind of `mmhg check`.

Each takes the content of the annotation files, the folder and people who have no fault yet, and
changes them. The tests plant; so may you: `python tests/planted_faults.py FOLDER` writes the faces
with all faults of people, and prints who has which.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

SIDED = [f"{side}_{part}" for part in ("eye", "ear") for side in ("right", "left")]
NAMES = [*SIDED, "nose", "right_mouth", "left_mouth", "chin"]
PLACES = np.array(
    [
        (-0.4, -0.3),
        (0.4, -0.3),
        (-0.9, -0.1),
        (0.9, -0.1),
        (0, 0.1),
        (-0.3, 0.5),
        (0.3, 0.5),
        (0, 1),
    ]
)
SIDE = 128
PEOPLE = 3
"""With each fault."""

Content = dict
Person = dict
Fault = Callable[[Content, Path, list[Person]], None]


def metainfo() -> dict:
    def swap(name: str) -> str:
        side, _, rest = name.partition("_")
        return {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side, "")

    links = [(0, 4), (1, 4), (0, 2), (1, 3), (4, 5), (4, 6), (5, 7), (6, 7)]
    return dict(
        dataset_name="faces",
        keypoint_info={
            k: dict(name=name, id=k, color=[255, 128, 0], type="", swap=swap(name))
            for k, name in enumerate(NAMES)
        },
        skeleton_info={
            n: dict(link=(NAMES[a], NAMES[b]), id=n, color=[0, 255, 0])
            for n, (a, b) in enumerate(links)
        },
        joint_weights=[1.0] * len(NAMES),
        sigmas=[0.04] * len(NAMES),
    )


def write_faces(root: Path, train: int = 150, val: int = 40, seed: int = 0) -> None:
    """Write pictures and annotations, one face a picture."""
    rng = np.random.default_rng(seed)
    for split, count in (("train", train), ("val", val)):
        (root / split).mkdir(parents=True)
        images, people = [], []
        for number in range(1, count + 1):
            noise = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            name = f"{number:04d}.png"
            cv2.imwrite(str(root / split / name), cv2.resize(noise, (SIDE, SIDE)))
            images.append(dict(id=number, file_name=name, width=SIDE, height=SIDE))
            radius, angle = rng.uniform(22, 40), rng.uniform(-0.4, 0.4)
            center = rng.uniform(52, SIDE - 52, 2)
            turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
            shape = PLACES + rng.normal(0, 0.05, PLACES.shape)
            people.append(person_of(number, center + radius * shape @ turn))
        if split == "train":  # of most faces an ear is hidden
            for person in people[::5]:
                person["keypoints"][6:9] = [0, 0, 0]
        content = dict(
            images=images, annotations=people, categories=[dict(id=1, name="face", keypoints=NAMES)]
        )
        (root / f"{split}.json").write_text(json.dumps(content))


def person_of(number: int, points: np.ndarray) -> Person:
    low, high = points.min(axis=0), points.max(axis=0)
    pad = 0.1 * (high - low)
    box = [*(low - pad).tolist(), *(high - low + 2 * pad).tolist()]
    return dict(
        id=number,
        image_id=number,
        category_id=1,
        iscrowd=0,
        bbox=box,
        area=box[2] * box[3],
        num_keypoints=len(points),
        keypoints=[value for x, y in points.tolist() for value in (x, y, 2)],
    )


def points_of(person: Person) -> np.ndarray:
    return np.array(person["keypoints"], dtype=float).reshape(-1, 3)


def exchange(person: Person, *pairs: tuple[int, int]) -> None:
    points = points_of(person)
    for a, b in pairs:
        points[[a, b]] = points[[b, a]]
    person["keypoints"] = points.ravel().tolist()


def move(person: Person, keypoint: int, x: float, y: float) -> None:
    person["keypoints"][3 * keypoint : 3 * keypoint + 2] = [x, y]


def picture_of(content: Content, folder: Path, person: Person) -> Path:
    image = next(one for one in content["images"] if one["id"] == person["image_id"])
    return folder / image["file_name"]


def unreadable(content: Content, folder: Path, people: list[Person]) -> None:
    for person in people:
        picture_of(content, folder, person).write_bytes(b"no picture at all" * 20)


def truncated(content: Content, folder: Path, people: list[Person]) -> None:
    for person in people:
        path = picture_of(content, folder, person)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def stated_size(content: Content, folder: Path, people: list[Person]) -> None:
    for image in content["images"]:
        if image["id"] in {person["image_id"] for person in people}:
            image["width"] = SIDE + 40


def same_picture(content: Content, folder: Path, people: list[Person]) -> None:
    """The same bytes, the same pixels, and saved anew as a smaller JPEG."""
    first, *others = [picture_of(content, folder, person) for person in people]
    others[0].write_bytes(first.read_bytes())
    small = cv2.resize(cv2.imread(str(first)), (SIDE, SIDE))
    done, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert done
    others[1].write_bytes(data.tobytes())


def outside_image(content: Content, folder: Path, people: list[Person]) -> None:
    for person in people:
        move(person, 7, 60, SIDE + 9)


def outside_box(content: Content, folder: Path, people: list[Person]) -> None:
    for person in people:
        x, y, width, height = person["bbox"]
        move(person, 4, min(x + 1.25 * width, SIDE - 1), y + height / 2)
        if x + 1.1 * width > SIDE:
            move(person, 4, x - 0.25 * width, y + height / 2)


def box_elsewhere(content: Content, folder: Path, people: list[Person]) -> None:
    for person in people:
        person["bbox"][0] += 0.55 * person["bbox"][2] * (1 if person["bbox"][0] < 30 else -1)


def tiny(content: Content, folder: Path, people: list[Person]) -> None:
    for person in people:
        x, y, width, height = person["bbox"]
        person["bbox"] = [x + width / 2, y + height / 2, 4, 5]


def corners(content: Content, folder: Path, people: list[Person]) -> None:
    for person in people:
        x, y, width, height = person["bbox"]
        person["bbox"] = [x, y, x + width, y + height]


def sides(content: Content, folder: Path, people: list[Person]) -> None:
    for person in people:
        exchange(person, (0, 1), (2, 3), (5, 6))


def neighbors(content: Content, folder: Path, people: list[Person]) -> None:
    for person, pair in zip(people, [(0, 4), (1, 3), (6, 7)], strict=True):
        exchange(person, pair)


def shift(content: Content, folder: Path, people: list[Person]) -> None:
    for person in people:
        points = points_of(person)
        points[:, :2] += points[:, 2:] > 0
        person["keypoints"] = points.ravel().tolist()


def box_beside(content: Content, folder: Path, people: list[Person]) -> None:
    """Far from all keypoints: the target is empty."""
    for person in people:
        person["bbox"] = [0, 0, 20, 20] if person["bbox"][1] > 30 else [100, 108, 20, 19]


def crowd(content: Content, folder: Path, people: list[Person]) -> None:
    people[0]["iscrowd"] = 1
    del people[1]["bbox"]
    people[2]["bbox"][2] = 0


def doubled_ids(content: Content, folder: Path, people: list[Person]) -> None:
    first, second, third = people
    second["id"] = first["id"]
    third["id"] = None


def count(content: Content, folder: Path, people: list[Person]) -> None:
    for person in people:
        person["keypoints"] = person["keypoints"][:-3]


FAULTS: dict[str, Fault] = {
    "unreadable-pictures": unreadable,
    "truncated-pictures": truncated,
    "picture-sizes": stated_size,
    "duplicate-pictures": same_picture,
    "points-outside-image": outside_image,
    "points-outside-box": outside_box,
    "boxes-without-points": box_elsewhere,
    "tiny-boxes": tiny,
    "corners-as-boxes": corners,
    "sides-exchanged": sides,
    "points-exchanged": neighbors,
    "pixel-shift": shift,
    "all-zero-target": box_beside,
    "ignored-people": crowd,
    "empty-or-doubled-ids": doubled_ids,
    "keypoint-count": count,
}
"""Faults of people and their pictures, by the kind that must report them."""


def plant(root: Path, kinds: list[str], split: str = "train") -> dict[str, set[str]]:
    """Plant faults in people of their own; return the names of their pictures by kind."""
    content = json.loads((root / f"{split}.json").read_text())
    people = [one for one in content["annotations"] if one["keypoints"][8]]
    planted = {}
    for number, kind in enumerate(kinds):
        chosen = people[PEOPLE * number : PEOPLE * (number + 1)]
        names = {picture_of(content, root / split, one).name for one in chosen}
        FAULTS[kind](content, root / split, chosen)
        planted[kind] = names
    (root / f"{split}.json").write_text(json.dumps(content))
    return planted


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write_faces(folder)
    for name, pictures in plant(folder, list(FAULTS)).items():
        print(name, *sorted(pictures))
