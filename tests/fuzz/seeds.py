"""Small good files of every kind that is read, and hostile ones, for mutations to begin from."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import zipfile
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import torch
from scipy.io import savemat

from label_files_b import POINT, embed, write_as_h5, write_slp
from mmhg.checkpoints.safetensors_file import write_safetensors
from mmhg.datasets.formats.matlab import struct
from reference import layouts
from torch7.hg_lua import Net, gmodule
from torch7.records import dump

PEOPLE = 3
RAN = "ran"
"""The folder that code in a file makes, if it is run."""


class Code:
    """An object whose pickle runs code."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (RAN,)


def mpii_people() -> list[dict[str, Any]]:
    """Return people in MMPose's MPII format."""
    rng = np.random.default_rng(0)
    return [
        dict(
            image=f"{number}.jpg",
            center=[80.0, 60.0],
            scale=0.5,
            joints=rng.uniform(20, 110, (16, 2)).tolist(),
            joints_vis=[1] * 15 + [0],
            visible=[1] * 15 + [None],
            head_box=[70.0, 20.0, 90.0, 44.0],
            head_size=17.0,
        )
        for number in range(PEOPLE)
    ]


def coco() -> dict[str, Any]:
    """Return a file in COCO's format."""
    points = np.column_stack([np.arange(20, 37), np.arange(30, 47), np.full(17, 2)])
    return dict(
        images=[
            dict(id=n, file_name=f"{n}.jpg", width=160, height=120) for n in range(1, PEOPLE + 1)
        ],
        annotations=[
            dict(
                id=n,
                image_id=n,
                category_id=1,
                bbox=[10.0, 20.0, 60.0, 80.0],
                area=2400.0,
                iscrowd=0,
                num_keypoints=17,
                keypoints=points.ravel().tolist(),
                segmentation=[[10, 20, 70, 20, 70, 100]],
            )
            for n in range(1, PEOPLE + 1)
        ],
        categories=[dict(id=1, name="person", keypoints=["nose"], skeleton=[])],
    )


def label_studio() -> list[dict[str, Any]]:
    """Return tasks of Label Studio."""
    common = dict(original_width=160, original_height=120, image_rotation=0)
    box = dict(x=1, y=2, width=50, height=60, rotation=5, rectanglelabels=["mouse"])
    points = [
        common
        | dict(
            id=name,
            type="keypointlabels",
            parentID="box",
            value=dict(x=10.5, y=20, width=1, keypointlabels=[name]),
        )
        for name in ("nose", "tail")
    ]
    return [
        dict(
            id=n,
            data=dict(image=f"/data/upload/1/0123abcd-{n}.jpg"),
            annotations=[
                dict(
                    was_cancelled=False,
                    result=[
                        common | dict(id="box", type="rectanglelabels", value=box),
                        *points,
                        dict(type="relation", from_id="nose", to_id="tail"),
                    ],
                )
            ],
            predictions=[],
        )
        for n in range(1, PEOPLE + 1)
    ]


def coco_labels() -> dict[str, Any]:
    """Return a file in COCO's format whose keypoints have names."""
    content = coco()
    names = [f"point {n}" for n in range(17)]
    return content | dict(
        categories=[dict(id=1, name="person", keypoints=names, skeleton=[[1, 2]])]
    )


def cvat(shapes: str) -> str:
    """Return an XML file of CVAT, whose images all have the same shapes."""
    images = "".join(
        f'<image id="{n}" name="{n}.jpg" width="160" height="120">{shapes}</image>'
        for n in range(1, PEOPLE + 1)
    )
    label = "<label><name>{}</name><type>points</type>{}</label>"
    made = "".join(label.format(name, "<parent>m</parent>") for name in ("nose", "tail"))
    return (
        '<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><meta><task>'
        f"<id>1</id><mode>interpolation</mode><labels>{made}</labels></task></meta>{images}"
        "</annotations>"
    )


SKELETON = (
    '<skeleton label="m" group_id="1"><points label="nose" occluded="0" outside="0" points="1,2"/>'
    '<points label="tail" occluded="1" outside="0" points="30.5,40"/></skeleton>'
    '<box label="m" xtl="0" ytl="0" xbr="40" ybr="50" rotation="3" group_id="1"/>'
)
SINGLE = '<points label="nose" points="1,2"/><points label="tail" points="3,4" group_id="0"/>'
YOLO_ROW = "0 0.5 0.5 0.2 0.2 0.1 0.2 2 0.3 0.4 1\n0 0.5 0.5 0.2 0.2 0.1 0.2 0 0.3 0.4 1\n"
YOLO_YAML = """path: ../datasets/mice
train: images
val: [images]
kpt_shape: [2, 3]
flip_idx: [1, 0]
names: {0: mouse}
kpt_names:
  0: [nose, tail]
"""


def results() -> dict[str, Any]:
    """Return a `results.json`."""
    return {
        "config": "hg2_lspet_128",
        "weights": "abc",
        "protocol": "official",
        "PCKh@0.5": 81.5,
        "joints": {"wrist": 50.5, "ankle": None},
        "people": {"PCKh": 40},
        "flip_test": True,
    }


JSON = {
    "mpii.json": mpii_people(),
    "coco.json": coco(),
    "coco_labels.json": coco_labels(),
    "tasks.json": label_studio(),
    "boxes.json": {"a.jpg": [[1, 2, 30, 40]], "b.jpg": []},
    "coco_boxes.json": [dict(image_id=1, category_id=1, bbox=[1, 2, 3, 4], score=0.9)],
    "centers.json": mpii_people()[:1],
    "preds.json": [
        dict(id=n, image="a.jpg", keypoints=[[1.5, 2.5]] * 16, scores=[1.0] * 16, test_scales=[1])
        for n in range(PEOPLE)
    ],
    "results.json": results(),
    "coco_people.json": [dict(image_id=1, category_id=1, keypoints=[1.5] * 51, score=0.5)],
    "published.json": [
        dict(
            name="a",
            dataset="MPII",
            split="val",
            protocol="official",
            testing="flip",
            input_size=[256, 256],
            parameters=1.5,
            gmacs=2,
            scores={"PCKh@0.5": 90},
            source="paper",
        )
    ],
}


def write_seeds(folder: Path) -> None:
    """Write all files but exported networks."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in JSON.items():
        (folder / name).write_text(json.dumps(content))
    (folder / "list.txt").write_text("a.jpg 1\n# comment\nb.jpg 2\n")
    (folder / "labels.csv").write_text(
        "scorer,me,me,me,me\nbodyparts,snout,snout,tail,tail\ncoords,x,y,x,y\n"
        "labeled-data/clip/img0.png,10.5,20.25,30,5\nlabeled-data/clip/img1.png,,,,\n"
    )
    (folder / "skeletons.xml").write_text(cvat(SKELETON))
    (folder / "points.xml").write_text(cvat(SINGLE))
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    declared = f'<!DOCTYPE a [<!ENTITY e0 "ha">{entities}]><annotations>'
    bomb = cvat(SINGLE).replace("<annotations>", declared).replace('"nose"', '"&e9;"')
    (folder / "bomb.xml").write_text(bomb)
    (folder / "yolo.yaml").write_text(YOLO_YAML)
    (folder / "yolo.txt").write_text(YOLO_ROW)
    (folder / "wide.csv").write_text(
        "image,frame,score,0_x,0_y,0_score,5_x,5_y\na.jpg,,0.5,1.5,2.5,0.9,30,40\na.jpg,,,3,4,,,\n"
    )
    (folder / "long.csv").write_text(
        "image,person,keypoint,x,y\na.jpg,0,0,1.5,2.5\na.jpg,1,3,30,40\n"
    )
    np.save(folder / "preds.npy", np.random.default_rng(2).uniform(1, 90, (PEOPLE, 16, 2)))
    (folder / "scalars.json").write_text('{"iter": 1, "loss": 2.5}\n{"step": 1, "PCKh": 3}\n')
    _write_mats(folder)
    _write_h5s(folder)
    _write_labels(folder)
    _write_checkpoints(folder)
    _write_pictures(folder)


def _write_pictures(folder: Path) -> None:
    picture = np.arange(20 * 30 * 5, dtype=np.uint16).reshape(20, 30, 5)
    np.save(folder / "picture.npy", picture)
    np.save(folder / "code.npy", np.array([[Code()]], dtype=object))
    cv2.imwritemulti(str(folder / "pages.tif"), list(np.moveaxis(picture, 2, 0).copy()))


def _write_mats(folder: Path) -> None:
    rng = np.random.default_rng(1)
    points = [dict(x=1.5 + k, y=2.5, id=float(k), is_visible=1.0) for k in range(16)]
    person = dict(
        x1=1.0, y1=2.0, x2=30.0, y2=40.0, scale=2.5, objpos=struct([dict(x=50.0, y=60.0)]),
        annopoints=struct([dict(point=struct(points))]),
    )  # fmt: skip
    images = [
        dict(image=struct([dict(name=f"{n}.jpg")]), annorect=struct([person])) for n in range(2)
    ]
    single = np.empty((2, 1), object)
    single[:, 0] = [np.array([[1.0]]), np.empty((0, 0))]
    act = struct([dict(cat_name="sport", act_name="running", act_id=3.0)] * 2)
    release = dict(
        annolist=struct(images), img_train=np.ones((1, 2)), single_person=single, act=act
    )
    example = dict(
        coords=np.arange(58.0).reshape(2, 29), filepath="a.jpg", torsobox=[1.0, 2, 3, 4],
        istrain=1, istest=0,
    )  # fmt: skip
    truth = dict(
        headboxes_src=np.arange(12.0).reshape(2, 2, PEOPLE),
        pos_gt_src=rng.uniform(1, 90, (16, 2, PEOPLE)),
        jnt_missing=np.zeros((16, PEOPLE)),
    )
    for name, content in {
        "release.mat": {"RELEASE": struct([release])},
        "annolist.mat": {"annolist": struct(images)},
        "truth.mat": truth,
        "preds.mat": {"preds": rng.uniform(1, 90, (PEOPLE, 16, 2))},
        "flic.mat": {"examples": struct([example] * 2)},
        "lspet.mat": {"joints": np.ones((14, 3, PEOPLE))},
    }.items():
        savemat(folder / name, content)
        savemat(folder / f"packed_{name}", content, do_compression=True)


def _write_h5s(folder: Path) -> None:
    rng = np.random.default_rng(2)
    with h5py.File(folder / "preds.h5", "w") as file:
        file["preds"] = rng.uniform(1, 90, (PEOPLE, 16, 2))
    with h5py.File(folder / "packed_preds.h5", "w") as file:
        file.create_dataset("preds", data=np.ones((PEOPLE, 16, 2)), chunks=True, compression=4)
    with h5py.File(folder / "huge_preds.h5", "w") as file:  # a few kB of 40 GB of fill values
        file.create_dataset("preds", (10**9 // 32, 16, 2), "f8", chunks=(1, 16, 2))
    (folder / "secret.bin").write_bytes(bytes(8 * 16 * 2 * PEOPLE))
    with h5py.File(folder / "external_preds.h5", "w") as file:
        outside = [(str(folder / "secret.bin"), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("preds", (PEOPLE, 16, 2), "f8", external=outside)
    with h5py.File(folder / "linked_preds.h5", "w") as file:
        file["preds"] = h5py.ExternalLink(str(folder / "preds.h5"), "preds")
    for name, joints in (("mpii.h5", 16), ("flic.h5", 11)):
        with h5py.File(folder / name, "w") as file:
            names = np.zeros((PEOPLE, 8))
            names[:, :5] = [ord(letter) for letter in "a.jpg"]
            file["imgname"] = names if joints == 16 else [b"a.jpg"] * PEOPLE
            file["center"], file["scale"] = np.full((PEOPLE, 2), 50.0), np.ones(PEOPLE)
            file["part"] = rng.uniform(1, 90, (PEOPLE, joints, 2))
            file["visible"], file["normalize"] = np.ones((PEOPLE, joints)), np.ones(PEOPLE)
            file["person"] = np.zeros(PEOPLE)


def _write_labels(folder: Path) -> None:
    """Write HDF5 files of labels, good and hostile ones, over `labels.csv`."""
    for layout in ("fixed", "table"):
        write_as_h5(folder / "labels.csv", layout=layout).rename(folder / f"{layout}.h5")
    shutil.copy(folder / "table.h5", folder / "code.h5")
    with h5py.File(folder / "code.h5", "a") as file:
        pickled = np.bytes_(pickle.dumps([Code()], protocol=0))
        file["df_with_missing/table"].attrs["values_block_0_kind"] = pickled
    names, points = ("nose", "left", "right"), np.arange(6.0).reshape(3, 2)
    pictures = [f"C:/lab/images/{number}.jpg" for number in range(1, PEOPLE + 1)]
    listed = dict(backend=dict(filename=pictures[0], filenames=pictures))
    write_slp(folder / "named.slp", names, [listed], [(0, 0, [points]), (0, 1, [points])])
    held = dict(backend=dict(filename=".", dataset="video0/video"))
    for name in ("holding.slp", "external.slp", "bomb.slp"):
        write_slp(folder / name, names, [held], [(0, 7, [points])])
    embed(folder / "holding.slp", [np.zeros((48, 64, 3), np.uint8)], [7], "video0")
    with h5py.File(folder / "external.slp", "a") as file:
        file["video0"] = h5py.ExternalLink(str(folder / "holding.slp"), "video0")
    with h5py.File(folder / "bomb.slp", "a") as file:
        del file["points"]
        file.create_dataset("points", (10**10,), POINT, chunks=(1,))


def _write_checkpoints(folder: Path) -> None:
    state = layouts.ours(prefix="backbone.")
    meta = dict(epoch=1, iter=2, seed=0, config="import os; os.mkdir('ran')")
    training = dict(meta=meta, state_dict=state, message_hub=dict(log=np.float64(1.5)))
    torch.save(dict(state_dict=state), folder / "ours.pth")
    torch.save(training, folder / "training.pth")
    torch.save(training, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(dict(state_dict=layouts.princeton(prefix="model.module.")), folder / "theirs.pth")
    torch.save(layouts.bearpaw(prefix="module."), folder / "bearpaw.pth")
    torch.save(dict(state_dict=state, code=Code()), folder / "code.pth")
    legacy = dict(state_dict=state, code=Code())
    torch.save(legacy, folder / "legacy_code.pth", _use_new_zipfile_serialization=False)
    (folder / "raw_code.pth").write_bytes(pickle.dumps(legacy))
    write_safetensors(folder / "ours.safetensors", state, dict(epoch=1))
    for name, in_ascii in (("binary.t7", False), ("ascii.t7", True)):
        (folder / name).write_bytes(dump(gmodule(Net(layouts.Size())), ascii_file=in_ascii))
    (folder / "preds.pkl").write_bytes(pickle.dumps([Code()]))
    (folder / "bomb.pth").write_bytes(_zip_bomb())


def _zip_bomb() -> bytes:
    """Return a checkpoint that is small, and large once it is unpacked."""
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("a/data.pkl", "w", force_zip64=True) as member:
                for _ in range(16):
                    member.write(bytes(1 << 24))
            archive.writestr("a/version", "3\n")
        return file.getvalue()
