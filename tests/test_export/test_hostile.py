"""Exported folders of strangers: nothing in them is run, and what is wrong is said."""

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto

from mmhg.errors import InputError
from mmhg.export import export, load, predict
from mmhg.export.torch_program import OPERATORS

pytestmark = pytest.mark.openvino

IMAGE = np.zeros((40, 30, 3), np.uint8)


class Code:
    """An object whose pickle makes a folder, if it is loaded."""

    def __reduce__(self):
        return os.mkdir, ("ran",)


@pytest.fixture(scope="session")
def exported(make, tmp_path_factory):
    """Return a function that exports a small network once to each format."""
    folder, done = tmp_path_factory.mktemp("exported"), {}

    def write(format: str) -> Path:
        if format not in done:
            done[format] = folder / format
            export(*make("hg2_synthetic_128", 1), done[format], format=format)
        return done[format]

    return write


@pytest.fixture
def hostile(exported, tmp_path, monkeypatch):
    """Return a function that copies an export, with some members of its model's archive changed."""
    monkeypatch.chdir(tmp_path)

    def write(format: str, change) -> Path:
        source, target = exported(format), tmp_path / "folder"
        target.mkdir()
        for path in source.iterdir():
            (target / path.name).write_bytes(path.read_bytes())
        path = target / predict.FILES[format]
        with zipfile.ZipFile(path) as archive:
            root = archive.namelist()[0].partition("/")[0]
            members = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
        change(members)
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(f"{root}/{name}", content)
        return target

    return write


def assert_refused(folder: Path, words: str) -> None:
    """Check that a folder is refused, and runs nothing."""
    with pytest.raises(InputError, match=words):
        load(folder)([IMAGE])
    assert not Path("ran").exists()


def assert_refused_by_script(folder: Path) -> None:
    """Check that a folder's own `predict.py` refuses it, and runs nothing."""
    command = [sys.executable, str(folder / "predict.py"), "none.jpg"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert not Path("ran").exists()


def changed_json(members: dict, name: str, change) -> None:
    content = json.loads(members[name])
    change(content)
    members[name] = json.dumps(content)


def pickled_weight(members: dict) -> None:
    name = "data/weights/model_weights_config.json"
    with io.BytesIO() as file:
        torch.save(Code(), file)
        members["data/weights/weight_0"] = file.getvalue()

    def use_pickle(content: dict) -> None:
        next(iter(content["config"].values()))["use_pickle"] = True

    changed_json(members, name, use_pickle)


def test_a_pickled_weight_of_a_pt2(hostile):
    folder = hostile("torch_export", pickled_weight)
    assert_refused(folder, "is a pickle, which is a program. It was not run")
    assert_refused_by_script(folder)
    with pytest.raises(Exception, match=r".*"):
        torch.export.load(folder / "model.pt2")
    assert Path("ran").is_dir()  # by PyTorch's loader, so that this is an attack


def target(name: str):
    """Return a change of the first node's operator."""

    def change(members: dict) -> None:
        changed_json(
            members,
            "models/model.json",
            lambda content: content["graph_module"]["graph"]["nodes"][0].update(target=name),
        )

    return change


@pytest.mark.parametrize(
    "name",
    [
        "torch.ops.aten.from_file.default",
        "torch.ops.aten.save.default",
        "torch.ops.inductor.accumulate_grad_.default",
        "torch.hub.load",
        "_operator.call",
        "os.mkdir",
        "torch.ops.aten.relu.default; import os",
    ],
)
def test_operators_of_a_pt2(name, hostile):
    assert_refused(hostile("torch_export", target(name)), "wants to run .*, which was not done")


def test_parts_of_a_pt2_that_pytorch_unpickles_are_not_read(hostile):
    def change(members: dict) -> None:
        with io.BytesIO() as file:
            torch.save((Code(), {}), file)
            code = file.getvalue()
        members["data/sample_inputs/model.pt"] = code
        members["data/weights/model.pt"] = members["data/constants/model.pt"] = code
        members["data/constants/opaque_obj_0"] = pickle.dumps(Code())

    keypoints, _ = load(hostile("torch_export", change))([IMAGE])
    assert keypoints.shape == (1, 16, 2)
    assert not Path("ran").exists()


def test_expressions_of_a_pt2(hostile):
    def change(members: dict) -> None:
        size = {"as_sym_int": {"as_expr": {"expr_str": "__import__('os').mkdir('ran')"}}}

        def put(content: dict) -> None:
            node = content["graph_module"]["graph"]["nodes"][0]
            node["inputs"][0]["arg"] = size

        changed_json(members, "models/model.json", put)

    assert_refused(hostile("torch_export", change), r"model\.pt2 cannot be read: KeyError")


def first_code(members: dict) -> str:
    return next(name for name in members if name.endswith(".py") and b"torch." in members[name])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('torch.save(input, "ran")', "wants to run 'torch.save'"),
        ('torch.from_file("ran", True, 1)', "wants to run 'torch.from_file'"),
        ('("a").save("ran")', "wants to run"),
        ("ops.aten.relu(input)", "wants to run 'ops.aten.relu'"),
        ("print(input)", "wants to run 'print'"),
        ("[a for a in input]", "has a ListComp"),
        ("# a comment", "is not code as"),
        ("'ran'", "is not code as"),
    ],
)
def test_code_of_a_torchscript(line, words, hostile):
    def change(members: dict) -> None:
        name = first_code(members)
        members[name] = members[name].replace(
            b"    return ", f"    {line}\n    return ".encode(), 1
        )

    assert_refused(hostile("torchscript", change), words)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"def forward(", b"def __setstate__(", "has a function __setstate__"),
        (b"__torch__", b"__torch__.torch.classes.a", "is not code as"),
        (b"    return ", b"    while True:\n      pass\n    return ", "has a While"),
    ],
)
def test_more_code_of_a_torchscript(old, new, words, hostile):
    def change(members: dict) -> None:
        name = first_code(members)
        members[name] = members[name].replace(old, new, 1)

    assert_refused(hostile("torchscript", change), words)


def test_pickles_of_a_torchscript(hostile):
    def change(members: dict) -> None:
        members["data.pkl"] = pickle.dumps(Code(), 2)

    assert_refused(
        hostile("torchscript", change), r"data\.pkl names '(posix|nt) mkdir', which was not loaded"
    )


def test_weights_of_an_onnx_outside_of_its_folder(exported, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(bytes(1 << 20))
    model = onnx.load(exported("onnx") / "model.onnx")
    weight = max(model.graph.initializer, key=lambda one: len(one.raw_data))
    size = len(weight.raw_data)
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in {"location": "../secret.bin", "offset": "0", "length": str(size)}.items():
        entry = weight.external_data.add()
        entry.key, entry.value = key, value
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in exported("onnx").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    onnx.save(model, folder / "model.onnx")
    assert_refused(folder, r"model\.onnx cannot be loaded: .*path")


@pytest.mark.parametrize("format", predict.FILES)
def test_damaged_models(format, exported, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in exported(format).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    path = folder / predict.FILES[format]
    data = path.read_bytes()
    for damaged in (b"", b"text" * 99, data[: len(data) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=path.name):
            load(folder)
    assert_refused_by_script(folder)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("file", "../model.onnx"),
        ("file", "/etc/passwd"),
        ("format", "pickle"),
        ("outputs", ["heatmaps", "heatmaps"]),
        ("precision", ["float32"]),
        ("input.size", [10**9, 10**9]),
        ("input.std", [1, 0, 1]),
        ("input.mean", [1e300, 0, 0]),
        ("crop.padding", -1.25),
        ("crop.alignment", None),
        ("codec.rule", "eval"),
        ("codec.blur_kernel_size", 2**40),
        ("flip_test.on", "yes"),
        ("keypoints.names", []),
        ("keypoints.flip_indices", [0] * 16),
        ("keypoints.skeleton", [[0, 99]]),
        ("keypoints.colors", [[0, 0, 999]] * 16),
    ],
)
def test_descriptions_that_cannot_be(part, value, exported, tmp_path):
    description = json.loads((exported("onnx") / "model.json").read_text())
    predict.check_description(description)
    holder = description
    for name in part.split(".")[:-1]:
        holder = holder[name]
    holder[part.split(".")[-1]] = value
    (tmp_path / "model.json").write_text(json.dumps(description))
    with pytest.raises(InputError, match=rf"model\.json: its {part} cannot be "):
        load(tmp_path)
    del holder[part.split(".")[-1]]
    (tmp_path / "model.json").write_text(json.dumps(description))
    with pytest.raises(InputError, match=rf"model\.json: it has no {part}"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["[" * 10**5, "[]", "null", '{"a":' * 20 + "1" + "}" * 20, "\xff"])
def test_descriptions_that_are_no_description(text, tmp_path):
    (tmp_path / "model.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="holds no exported network"):
        load(tmp_path)


def test_a_network_that_gives_something_else(exported, tmp_path):
    description = json.loads((exported("torch_export") / "model.json").read_text())
    keypoints = description["keypoints"]
    keypoints["names"].append("tail")
    keypoints["flip_indices"].append(16)
    keypoints["colors"].append([0, 0, 0])
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in exported("torch_export").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "model.json").write_text(json.dumps(description))
    with pytest.raises(InputError, match=r"gives no finite heatmaps, but arrays of"):
        load(folder)([IMAGE])


def test_operators_exist():
    known = {schema.name for schema in torch._C._jit_get_all_schemas()}
    assert known >= {f"aten::{name}" for name in OPERATORS}
    assert not OPERATORS & {"from_file", "save", "set_", "resize_"}
