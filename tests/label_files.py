"""Exports of labeling tools, written from labels that are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import cv2
import numpy as np
import yaml

from mmhg.datasets.formats.mpii_mat import JOINTS
from mmhg.labels import LabeledImage, LabeledObject, Labels
from mmhg.synthetic import LEVELS, Plan, render
from mmhg.synthetic.dataset import image_name


def synthetic_labels(folder: Path, people: Sequence[int] = (1, 2)) -> Labels:
    """Render synthetic people to `folder/images`, and return their labels: the truth.

    The first keypoint of each first person is not labeled. Boxes are around all keypoints.

    Args:
        folder: Where to write.
        people: How many people each image shows.
    """
    (folder / "images").mkdir(parents=True)
    images = []
    for number, count in enumerate(people):
        scene = render(LEVELS[1], 0, Plan("train", number, count, together=False))
        path = folder / "images" / image_name(number)
        cv2.imwrite(str(path), scene.image[..., ::-1])
        height, width = scene.image.shape[:2]
        objects = []
        for index, person in enumerate(scene.people):
            keypoints = np.where(person.annotated[:, None], person.joints, np.nan)
            keypoints[0] = np.nan if index == 0 else keypoints[0]
            box = np.concatenate([np.nanmin(person.joints, 0) - 4, np.nanmax(person.joints, 0) + 4])
            objects.append(
                LabeledObject(
                    keypoints=keypoints,
                    hidden=~person.visible & np.isfinite(keypoints).all(axis=1),
                    box=box,
                    id=f"person {index}",
                )
            )
        images.append(LabeledImage(path=path, width=width, height=height, objects=objects))
    return Labels(format="truth", keypoints=JOINTS, images=images, root=folder, category="person")


def without_boxes(labels: Labels) -> Labels:
    """Return labels without boxes."""
    images = [
        replace(image, objects=[replace(one, box=None) for one in image.objects])
        for image in labels.images
    ]
    return replace(labels, images=images)


def assert_same(read: Labels, truth: Labels, *, flags: bool = True, boxes: bool = True) -> None:
    """Compare labels that were read with the truth: to 1e-3 px, in any order of keypoints."""
    assert sorted(read.keypoints) == sorted(truth.keypoints)
    order = [list(read.keypoints).index(name) for name in truth.keypoints]
    assert [image.path.resolve() for image in read.images] == [
        image.path.resolve() for image in truth.images
    ]
    for found, image in zip(read.images, truth.images, strict=True):
        assert (found.width, found.height) == (image.width, image.height)
        assert len(found.objects) == len(image.objects)
        for got, made in zip(found.objects, image.objects, strict=True):
            np.testing.assert_allclose(got.keypoints[order], made.keypoints, rtol=0, atol=1e-3)
            assert got.hidden[order].tolist() == (made.hidden & flags).tolist()
            if boxes and made.box is not None:
                np.testing.assert_allclose(got.box, made.box, rtol=0, atol=1e-3)
            else:
                assert got.box is None


def coco_content(labels: Labels) -> dict[str, Any]:
    """Return COCO's content."""
    images, annotations = [], []
    for number, image in enumerate(labels.images, start=1):
        images.append(
            dict(id=number, file_name=image.path.name, width=image.width, height=image.height)
        )
        for one in image.objects:
            flags = np.where(one.labeled, np.where(one.hidden, 1, 2), 0)
            points = np.column_stack([np.nan_to_num(one.keypoints), flags])
            entry = dict(
                id=len(annotations) + 1,
                image_id=number,
                category_id=1,
                iscrowd=0,
                num_keypoints=int(one.labeled.sum()),
                keypoints=points.ravel().tolist(),
            )
            if one.box is not None:
                left, top, right, bottom = one.box.tolist()
                entry |= dict(bbox=[left, top, right - left, bottom - top], area=100.0)
            annotations.append(entry)
    skeleton = [[first + 1, second + 1] for first, second in labels.skeleton]
    category = dict(id=1, name=labels.category, keypoints=[*labels.keypoints], skeleton=skeleton)
    return dict(images=images, annotations=annotations, categories=[category])


def write_coco(labels: Labels, file: Path) -> Path:
    """Write COCO's keypoints."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(coco_content(labels)))
    return file


def cvat_text(labels: Labels, kind: str = "skeleton") -> str:
    """Return CVAT's XML for images.

    Args:
        labels: What to write.
        kind: `"skeleton"`; `"groups"`, single points with the group of their object; or
            `"points"`, single points and no groups.
    """
    nodes = "".join(
        f'<circle r="0.75" cx="1" cy="1" data-type="element node" data-element-id="{number}" '
        f'data-node-id="{number}" data-label-name={quoteattr(name)}></circle>'
        for number, name in enumerate(labels.keypoints, start=1)
    )
    edges = "".join(
        f'<line x1="1" y1="1" x2="2" y2="2" data-type="edge" data-node-from="{first + 1}" '
        f'data-node-to="{second + 1}"></line>'
        for first, second in labels.skeleton
    )
    svg = (edges + nodes).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    parent = f"<parent>{labels.category}</parent>" if kind == "skeleton" else ""
    made = "".join(
        f"<label><name>{name}</name><color>#ff0000</color><type>points</type><attributes/>{parent}"
        "</label>"
        for name in labels.keypoints
    )
    if kind == "skeleton":
        made += (
            f"<label><name>{labels.category}</name><color>#00ff00</color><type>skeleton</type>"
            f"<attributes></attributes><svg>{svg}</svg></label>"
        )
    images = [_cvat_image(labels, number, kind) for number in range(len(labels.images))]
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>'
        "<task><id>7</id><name>people</name><mode>annotation</mode><labels>"
        f"{made}</labels></task><dumped>2026-01-01</dumped></meta>\n{''.join(images)}"
        "</annotations>\n"
    )


def _cvat_image(labels: Labels, number: int, kind: str) -> str:
    image = labels.images[number]
    shapes = []
    for group, one in enumerate(image.objects, start=1):
        tied = f' group_id="{group}"' if kind != "points" else ""
        if one.box is not None:
            sides = zip(("xtl", "ytl", "xbr", "ybr"), one.box.tolist(), strict=True)
            text = " ".join(f'{side}="{value}"' for side, value in sides)
            shapes.append(
                f'<box label="{labels.category}" source="manual" occluded="0" {text} z_order="0"'
                f"{tied}></box>\n"
            )
        points = [
            f'<points label={quoteattr(name)} source="manual" occluded="{int(hidden)}"'
            + (f' outside="{int(not labeled)}"' if kind == "skeleton" else f' z_order="0"{tied}')
            + f' points="{x},{y}"></points>\n'
            for name, (x, y), hidden, labeled in zip(
                labels.keypoints,
                np.nan_to_num(one.keypoints).tolist(),
                one.hidden,
                one.labeled,
                strict=True,
            )
            if labeled or kind == "skeleton"
        ]
        text = "".join(points)
        if kind == "skeleton":
            text = (
                f'<skeleton label="{labels.category}" source="manual"{tied}>\n{text}</skeleton>\n'
            )
        shapes.append(text)
    return (
        f'<image id="{number}" name={quoteattr(image.path.name)} width="{image.width}" '
        f'height="{image.height}">\n{"".join(shapes)}</image>\n'
    )


def write_cvat(labels: Labels, file: Path, kind: str = "skeleton") -> Path:
    """Write CVAT's XML for images."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(cvat_text(labels, kind), encoding="utf-8")
    return file


def label_studio_tasks(labels: Labels, *, parents: bool = True) -> list[dict[str, Any]]:
    """Return Label Studio's tasks.

    Args:
        labels: What to write. Label Studio has no flags.
        parents: Points have the rectangle of their object as parent.
    """
    tasks = []
    for number, image in enumerate(labels.images, start=1):
        sides = image.width, image.height
        results: list[dict[str, Any]] = []
        for index, one in enumerate(image.objects):
            common = dict(
                original_width=image.width,
                original_height=image.height,
                image_rotation=0,
                to_name="image",
                origin="manual",
            )
            key = f"{number}_{index}"
            if one.box is not None:
                left, top, right, bottom = (one.box / (sides * 2) * 100).tolist()
                value = dict(x=left, y=top, width=right - left, height=bottom - top, rotation=0)
                value["rectanglelabels"] = [labels.category]
                kind = dict(id=key, type="rectanglelabels", from_name="box", value=value)
                results.append(common | kind)
            for name, point in zip(labels.keypoints, one.keypoints, strict=True):
                if np.isfinite(point).all():
                    x, y = (point / sides * 100).tolist()
                    value = dict(x=x, y=y, width=0.5, keypointlabels=[name])
                    kind = dict(
                        id=f"{key}_{name}", type="keypointlabels", from_name="points", value=value
                    )
                    tied = dict(parentID=key) if parents and one.box is not None else {}
                    results.append(common | kind | tied)
        annotation = dict(
            id=100 + number, completed_by=1, result=results, was_cancelled=False, ground_truth=False
        )
        name = f"0123abcd-{image.path.name}"
        tasks.append(
            dict(
                id=number,
                annotations=[annotation],
                file_upload=name,
                drafts=[],
                predictions=[],
                data=dict(image=f"/data/upload/1/{name}"),
                meta={},
            )
        )
    return tasks


def write_label_studio(labels: Labels, file: Path, *, parents: bool = True) -> Path:
    """Write Label Studio's JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(label_studio_tasks(labels, parents=parents)))
    return file


def yolo_row(one: LabeledObject, width: int, height: int, dimensions: int = 3) -> str:
    """Return an object's line of a text file."""
    assert one.box is not None
    left, top, right, bottom = one.box / (width, height, width, height)
    flags = np.where(one.labeled, np.where(one.hidden, 1, 2), 0)
    points = np.column_stack([np.nan_to_num(one.keypoints) / (width, height), flags])
    numbers = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
    return " ".join(map(str, [0, *numbers, *points[:, :dimensions].ravel()]))


def write_yolo_pose(labels: Labels, folder: Path, *, dimensions: int = 3, **settings: Any) -> Path:
    """Write YOLO-pose's `data.yaml` and text files; the pictures are in `folder/images`."""
    for image in labels.images:
        inner = image.path.relative_to(folder / "images").with_suffix(".txt")
        file = folder / "labels" / inner
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = [yolo_row(one, image.width, image.height, dimensions) for one in image.objects]
        file.write_text("".join(f"{row}\n" for row in rows))
    content = dict(
        path=".",
        train="images",
        val="images",
        kpt_shape=[len(labels.keypoints), dimensions],
        names={0: labels.category},
        kpt_names={0: [*labels.keypoints]},
    )
    kept = {key: value for key, value in (content | settings).items() if value is not ...}
    (folder / "data.yaml").write_text(yaml.safe_dump(kept))
    return folder
