"""Run PyTorch's two formats without running anything else that a file may hold.

`torch.export.load` unpickles parts of its file and evaluates others as Python, and TorchScript has
operators that write files. So a `.pt2` is run here, operator by operator; of a `.torchscript` the
code is checked before PyTorch sees it. Both may use the operators of `OPERATORS` alone, which
compute on tensors. It needs torch alone, and lies beside `predict.py` in exported folders.
"""

from __future__ import annotations

import ast
import io
import json
import operator
import pickletools
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

OPERATORS = frozenset(
    re.findall(
        r"\w+",
        """
_convolution batch_norm conv1d conv2d conv_transpose2d group_norm instance_norm layer_norm
linear addmm bmm einsum matmul mm scaled_dot_product_attention celu elu gelu hardsigmoid
hardswish hardtanh leaky_relu log_softmax mish prelu relu relu6 selu sigmoid silu softmax
softplus tanh dropout feature_dropout adaptive_avg_pool2d adaptive_max_pool2d avg_pool2d
max_pool2d constant_pad_nd pad pixel_shuffle pixel_unshuffle reflection_pad2d
replication_pad2d upsample_bicubic2d upsample_bilinear2d upsample_nearest2d abs add addcmul
ceil clamp clamp_max clamp_min cos div exp floor floor_divide log maximum minimum mul neg
pow reciprocal remainder round rsqrt rsub sign sin sqrt square sub __and__ __or__
bitwise_and bitwise_not bitwise_or eq ge gt le logical_and logical_not logical_or lt
masked_fill ne where amax amin argmax argmin max mean min norm prod sum topk var arange cat
chunk expand expand_as flatten flip full gather index_select movedim narrow permute repeat
reshape roll select size slice split split_with_sizes squeeze stack sym_size t transpose
unbind unflatten unsqueeze view zeros zeros_like ones ones_like full_like
_assert_tensor_metadata alias clone contiguous detach lift_fresh_copy to type_as
""",
    )
)
"""Of PyTorch's own (`aten`). A network with others is exported to ONNX or OpenVINO."""

_IN_PLACE = frozenset(
    re.findall(
        r"\w+",
        """
add_ clamp_ clamp_max_ clamp_min_ detach_ div_ dropout_ elu_ hardsigmoid_ hardswish_
hardtanh_ leaky_relu_ masked_fill_ mul_ relu_ relu6_ sigmoid_ silu_ sub_ tanh_ unsqueeze_
""",
    )
)

_ON_NUMBERS = {
    f"_operator.{name}": getattr(operator, name)
    for name in ("add", "floordiv", "mul", "neg", "sub")
}
"""What programs of any number of images compute of sizes."""

_LARGEST_CODE = 64 << 20
"""Bytes of a part that is not weights. PyTorch compresses some of these, and no weights."""


def load(path: Path) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """Load a `.pt2` or `.torchscript`: from images to the tuple of outputs.

    Raises:
        ValueError: The file is damaged, or has what is not run.
    """
    read = _load_torchscript if path.suffix == ".torchscript" else Program
    try:
        with zipfile.ZipFile(path) as archive:
            return read(_Members(archive))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except Exception as error:  # damaged bytes raise whatever they lead to
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{path} cannot be read: {type(error).__name__}: {reason}") from error


class _Members(Mapping[str, bytes]):
    """The members of an archive as PyTorch writes it, by their names below its only folder."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._infos: dict[str, zipfile.ZipInfo] = {}
        for info in archive.infolist():
            name = info.filename.partition("/")[2]
            if info.compress_type != zipfile.ZIP_STORED and info.file_size > _LARGEST_CODE:
                raise ValueError(f"{info.filename} would become {info.file_size:,} bytes")
            if name in self._infos:
                raise ValueError(f"it has {name} twice")
            self._infos[name] = info

    def __getitem__(self, name: str) -> bytes:
        if name not in self._infos:
            raise ValueError(f"it has no {name}")
        return self._archive.read(self._infos[name])  # checks the sum of the bytes

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def __len__(self) -> int:
        return len(self._infos)

    def json(self, name: str) -> Any:
        """Read a member that is JSON."""
        data = self[name]
        if len(data) > _LARGEST_CODE:
            raise ValueError(f"{name} has {len(data):,} bytes")
        return json.loads(data)


class _Node(NamedTuple):
    """A call of the program; `last` are the values that nothing after it uses."""

    run: Callable[..., Any]
    positional: list[Any]
    named: dict[str, Any]
    outputs: list[str]
    last: list[str]


class _Value(NamedTuple):
    """A value that is computed before, by its name."""

    name: str


_TYPES = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}
_MEMORY_FORMATS = {1: torch.contiguous_format, 2: torch.channels_last, 4: torch.preserve_format}
_STRIDED = 7
_KEYWORD = 2


class Program:
    """The program of a `.pt2`, as `torch.export` writes it.

    Args:
        members: Of the archive.

    Raises:
        ValueError: It is of another form, or has what is not run.
    """

    def __init__(self, members: _Members) -> None:
        content = members.json("models/model.json")
        module = content["graph_module"]
        graph, signature = module["graph"], module["signature"]
        weights = {
            **_tensors(members, "data/weights", "model_weights_config.json"),
            **_tensors(members, "data/constants", "model_constants_config.json"),
        }
        self._weights: dict[str, Tensor] = {}
        inputs = []
        for spec in signature["input_specs"]:
            ((kind, value),) = spec.items()
            if kind == "user_input":
                inputs.append(_only(value["arg"], "as_tensor")["name"])
            elif kind in ("parameter", "buffer", "tensor_constant"):
                name = value["arg"]["name"]
                self._weights[name] = weights[value[f"{kind}_name"]]
            else:
                raise ValueError(f"its program takes a {kind}")
        if len(inputs) != 1:
            raise ValueError(f"its program takes {len(inputs)} inputs in place of images")
        (self._input,) = inputs
        self._outputs = [_only(output, "as_tensor")["name"] for output in graph["outputs"]]
        self._nodes = _with_last_uses([_node(node) for node in graph["nodes"]], self._outputs)

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run the program."""
        values: dict[str, Any] = {**self._weights, self._input: images}
        for node in self._nodes:
            positional = [_known(argument, values) for argument in node.positional]
            named = {name: _known(argument, values) for name, argument in node.named.items()}
            result = node.run(*positional, **named)
            if len(node.outputs) == 1:
                values[node.outputs[0]] = result
            else:
                values.update(zip(node.outputs, result or (), strict=True))
            for name in node.last:
                values.pop(name, None)
        return tuple(values[name] for name in self._outputs)


def _node(node: Mapping[str, Any]) -> _Node:
    """Turn a node of the file into a call."""
    positional, named = [], {}
    for argument in node["inputs"]:
        value = _argument(argument["arg"])
        if argument.get("kind", _KEYWORD) == _KEYWORD:
            named[str(argument["name"])] = value
        else:
            positional.append(value)
    outputs: list[str] = []
    for output in node["outputs"]:
        ((kind, value),) = output.items()
        if kind not in ("as_tensor", "as_tensors", "as_sym_int"):
            raise ValueError(f"{node['target']} gives {kind}")
        if kind == "as_tensors":  # the only output of an operator that gives a list
            outputs += [one["name"] for one in value]
        else:
            outputs.append(value.get("name") or value["as_name"])
    return _Node(_operator(str(node["target"])), positional, named, outputs, [])


def _operator(target: str) -> Callable[..., Any]:
    """Find an operator that is run, by its name in the file."""
    if target in _ON_NUMBERS:
        function: Callable[..., Any] = _ON_NUMBERS[target]
        return function
    parts = re.fullmatch(r"torch\.ops\.aten\.(\w+)\.(\w+)", target)
    if parts is None or parts[1] not in OPERATORS | _IN_PLACE:
        raise ValueError(f"it wants to run {target!r}, which was not done")
    packet = getattr(torch.ops.aten, parts[1])
    if parts[2] not in packet.overloads():
        raise ValueError(f"this version of PyTorch has no {target}")
    found: Callable[..., Any] = getattr(packet, parts[2])
    return found


def _argument(argument: Mapping[str, Any]) -> Any:
    """Turn an argument of the file into a value, or the name of one."""
    ((kind, value),) = argument.items()
    if kind == "as_none":
        return None
    if kind in ("as_int", "as_float", "as_bool", "as_string"):
        return _plain(value)
    if kind in ("as_ints", "as_floats", "as_bools"):
        return [_plain(one) for one in value]
    if kind == "as_tensor":
        return _Value(value["name"])
    if kind == "as_tensors":
        return [_Value(one["name"]) for one in value]
    if kind in ("as_optional_tensors", "as_sym_ints"):
        return [_argument(one) if "as_name" not in one else _Value(one["as_name"]) for one in value]
    if kind == "as_sym_int":
        return _Value(value["as_name"]) if "as_name" in value else _plain(value["as_int"])
    if kind == "as_scalar_type":
        return _TYPES[value]
    if kind == "as_memory_format":
        return _MEMORY_FORMATS[value]
    if kind == "as_layout" and value == _STRIDED:
        return torch.strided
    if kind == "as_device" and value["type"] == "cpu":
        return torch.device("cpu")
    raise ValueError(f"its program has an argument {kind}: {str(value)[:80]}")


def _plain(value: Any) -> Any:
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"its program has a {type(value).__name__} for a number")
    return value


def _known(argument: Any, values: Mapping[str, Any]) -> Any:
    """Put a computed value in the place of its name."""
    if type(argument) is _Value:
        return values[argument.name]
    if type(argument) is list:
        return [_known(one, values) for one in argument]
    return argument


def _with_last_uses(nodes: list[_Node], kept: list[str]) -> list[_Node]:
    """Note with each call the values that are of no use after it."""
    seen = set(kept)
    for node in reversed(nodes):
        used = {*node.outputs}
        for argument in (*node.positional, *node.named.values()):
            listed = argument if isinstance(argument, list) else [argument]
            used |= {one.name for one in listed if type(one) is _Value}
        node.last.extend(used - seen)
        seen |= used
    return nodes


def _tensors(members: _Members, folder: str, config: str) -> dict[str, Tensor]:
    """Read tensors, which are stored as they lie in memory."""
    tensors = {}
    for name, entry in members.json(f"{folder}/{config}")["config"].items():
        meta = entry["tensor_meta"]
        if entry["use_pickle"] or meta is None:
            raise ValueError(f"{name} is a pickle, which is a program. It was not run")
        data, kind = members[f"{folder}/{entry['path_name']}"], _TYPES[meta["dtype"]]
        size, stride = ([_only(one, "as_int") for one in meta[key]] for key in ("sizes", "strides"))
        stored = (
            torch.frombuffer(bytearray(data), dtype=kind) if data else torch.empty(0, dtype=kind)
        )
        tensors[name] = torch.as_strided(
            stored, size, stride, _only(meta["storage_offset"], "as_int")
        )
    return tensors


def _only(argument: Mapping[str, Any], kind: str) -> Any:
    """Return the value of an argument that must be of a kind."""
    if [*argument] != [kind]:
        raise ValueError(f"its program has {[*argument]} where {kind} is expected")
    return argument[kind]


_KEPT = re.compile(
    r"code/__torch__/[\w/]+\.py|(?:data|constants)\.pkl|(?:data|constants)/\d+|version|byteorder"
    r"|\.data/serialization_id|extra/model\.json"
)
"""What a TorchScript program needs of its archive. The rest is not shown to PyTorch."""

_GLOBALS = re.compile(
    r"__torch__\.(?!torch\.classes)[\w.]+ \w+|collections OrderedDict|torch \w+Storage"
    r"|torch\._utils _rebuild_tensor_v2|torch\.jit\._pickle (?:restore_type_tag|build_\w+list)"
)

_CODE = re.compile(r"[\n !-\"$-&(-\[\]-~]*")
"""No comments, escapes or other quotes: all readers read such a text in the same way."""

_SYNTAX = (
    *(ast.Module, ast.ClassDef, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Pass),
    *(ast.Assign, ast.AnnAssign, ast.Expr, ast.Call, ast.keyword, ast.Attribute, ast.Name),
    *(ast.Constant, ast.List, ast.Tuple, ast.Subscript, ast.UnaryOp, ast.USub, ast.Load, ast.Store),
)
_FUNCTIONS = frozenset({"annotate", "bool", "float", "getattr", "int"})


def _load_torchscript(members: _Members) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """Check a TorchScript program, and load what was checked."""
    checked = io.BytesIO()
    with zipfile.ZipFile(checked, "w", zipfile.ZIP_STORED) as archive:
        for name in filter(_KEPT.fullmatch, members):
            data = members[name]
            if name.endswith(".py"):
                _check_code(name, data)
            elif name.endswith(".pkl"):
                _check_pickle(name, data)
            archive.writestr(f"model/{name}", data)
    checked.seek(0)
    network = torch.jit.load(checked, map_location="cpu")  # noqa: TID251  has been checked

    def run(images: Tensor) -> tuple[Tensor, ...]:
        outputs = network(images)
        return outputs if isinstance(outputs, tuple) else (outputs,)

    return run


def _check_code(name: str, data: bytes) -> None:
    """Refuse code that is more than calls of `OPERATORS` and of modules."""
    if len(data) > _LARGEST_CODE:
        raise ValueError(f"{name} has {len(data):,} bytes")
    text = data.decode()
    if not _CODE.fullmatch(text) or '"""' in text or "torch.classes" in text:
        raise ValueError(f"{name} is not code as `torch.jit.trace` writes it")
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, _SYNTAX):
            raise ValueError(f"{name} has a {type(node).__name__}, which is not run")
        if isinstance(node, ast.FunctionDef) and not _is_forward(node.name):
            raise ValueError(f"{name} has a function {node.name}, which is not run")
        if isinstance(node, ast.Call) and not _is_harmless(node.func):
            raise ValueError(
                f"{name} wants to run {ast.unparse(node.func)[:80]!r}, which was not done"
            )


def _is_forward(name: str) -> bool:
    return re.fullmatch(r"forward\d*", name) is not None


def _is_harmless(function: ast.expr) -> bool:
    """Tell if a call computes on tensors, or calls a module."""
    if isinstance(function, ast.Name):
        return function.id in _FUNCTIONS
    if not isinstance(function, ast.Attribute):
        return False
    owner = ast.unparse(function.value)
    if owner.startswith("ops"):
        return owner == "ops.prim" and function.attr == "NumToTensor"
    if owner == "torch":
        return function.attr in OPERATORS | _IN_PLACE | {"device"}
    return _is_forward(function.attr)


def _check_pickle(name: str, data: bytes) -> None:
    """Refuse a pickle that names more than tensors and the program's own modules."""
    if len(data) > _LARGEST_CODE:
        raise ValueError(f"{name} has {len(data):,} bytes")
    for opcode, argument, _ in pickletools.genops(data):
        found = opcode.name in ("STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4")
        if found or (opcode.name == "GLOBAL" and not _GLOBALS.fullmatch(str(argument))):
            raise ValueError(f"{name} names {argument or opcode.name!r}, which was not loaded")
