"""Read what an ONNX file says of itself, and refuse what must not be run.

Nothing of the file is run here. It is read by `onnx`, without the weights that lie in other files.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmhg.errors import InputError

if TYPE_CHECKING:
    import onnx

MISSING = "detector {} needs onnx and onnxruntime: pip install 'mmhg[export]'"

MAX_SIDE = 4096
"""Longest side of an input in px. Detectors take 320 to 1536."""

_DEFAULT_SIDE = 640
"""Of inputs of any size, where the file does not tell: YOLOX's, RTMDet's and Ultralytics's."""

_NORMALIZING = {"Sub", "Div", "Mul"}


@dataclass(frozen=True)
class OnnxHeader:
    """The header of a detector's file.

    Attributes:
        path: The file.
        input_name: Name of the only input.
        rank: 4, or 3 if the input is one image and no batch.
        size: Height and width of the input in px; the usual ones if it takes any.
        any_size: The input takes images of any size.
        dtype: Of the input, float32 or float16.
        normalizes: The network begins with a normalization of its input.
        weights: Names of the weights.
        metadata: What the exporting program wrote about the model.
    """

    path: Path
    input_name: str
    rank: int
    size: tuple[int, int]
    any_size: bool
    dtype: type[np.floating[Any]]
    normalizes: bool
    weights: frozenset[str]
    metadata: Mapping[str, str]

    def person(self, usual: int) -> int:
        """Return the class of people by the names that Ultralytics writes, or the usual one.

        An only class is taken whatever its name.

        Raises:
            InputError: There are several names, and none is person.
        """
        names = _literal(self.metadata.get("names"))
        named = dict(enumerate(names)) if isinstance(names, list) else names
        if not isinstance(named, dict) or not named:
            return usual
        for number, name in named.items():
            is_person = len(named) == 1 or str(name).lower() == "person"
            if is_person and isinstance(number, int) and number >= 0:
                return number
        raise InputError(
            f"{self.path} finds {_some(named.values())}. One of the classes must be person"
        )


def read_header(path: Path) -> OnnxHeader:
    """Read the header of a detector's file.

    Raises:
        InputError: The file is no ONNX file, is damaged, takes something else than one image,
            is too large, or names weights in files outside of its folder.
    """
    model = _parse(path)
    graph = model.graph
    _refuse_far_files(path, graph)
    weights = frozenset(weight.name for weight in graph.initializer)
    inputs = [value for value in graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise InputError(
            f"{path} takes {len(inputs)} inputs ({_some(value.name for value in inputs)}). A "
            "detector must take one: images"
        )
    (images,) = inputs
    shape = [_length(dim) for dim in images.type.tensor_type.shape.dim]
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    first = {node.op_type for node in graph.node if images.name in node.input}
    return OnnxHeader(
        path=path,
        input_name=images.name,
        rank=len(shape),
        size=_size(path, shape, metadata),
        any_size=shape[-2:] == [None, None],
        dtype=_dtype(path, images.type.tensor_type.elem_type),
        normalizes=bool(first) and first <= _NORMALIZING,
        weights=weights,
        metadata=metadata,
    )


def _parse(path: Path) -> onnx.ModelProto:
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise InputError(MISSING.format(path)) from error
    try:
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except DecodeError as error:
        raise InputError(f"{path} is no ONNX file, or damaged: {error}") from error
    if not model.graph.output:
        raise InputError(f"{path} is no ONNX file, or damaged: it has no network")
    return model


def _refuse_far_files(path: Path, graph: onnx.GraphProto) -> None:
    """Raise InputError where weights lie in files outside of the folder of `path`."""
    folder = path.resolve().parent
    for tensor in _tensors(graph):
        for entry in tensor.external_data:
            if entry.key != "location":
                continue
            if not (folder / entry.value).resolve().is_relative_to(folder):
                raise InputError(
                    f"{path} wants weights from {entry.value}, outside of its folder. It was not "
                    "read"
                )
            if not (folder / entry.value).is_file():
                raise InputError(f"{path} needs {entry.value} beside it, which is missing")


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Yield all weights and constants of a graph."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from _tensors(inner)


def _length(dim: onnx.TensorShapeProto.Dimension) -> int | None:
    """Return the length of an axis, or None if it is open."""
    return dim.dim_value if dim.dim_value > 0 else None


def _size(path: Path, shape: list[int | None], metadata: Mapping[str, str]) -> tuple[int, int]:
    """Return height and width of the input (1, 3, height, width) or (3, height, width)."""
    channels = shape[-3:-2]
    if (
        len(shape) not in (3, 4)
        or channels not in ([3], [None])
        or shape[:-3] not in ([], [1], [None])
    ):
        raise InputError(
            f"{path} takes an input of shape {shown(shape)}. A detector must take one image, "
            "(1, 3, height, width)"
        )
    usual = _literal(metadata.get("imgsz"))
    if not (isinstance(usual, list) and len(usual) == 2 and all(type(n) is int for n in usual)):
        usual = [_DEFAULT_SIDE, _DEFAULT_SIDE]
    height, width = (side or other for side, other in zip(shape[-2:], usual, strict=True))
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE):
        raise InputError(
            f"{path} takes images of {width} x {height} px; at most {MAX_SIDE} x {MAX_SIDE} are run"
        )
    return height, width


def _dtype(path: Path, kind: int) -> type[np.floating[Any]]:
    import onnx

    known: dict[int, type[np.floating[Any]]] = {
        onnx.TensorProto.FLOAT: np.float32,
        onnx.TensorProto.FLOAT16: np.float16,
    }
    if kind not in known:
        name = onnx.TensorProto.DataType.Name(kind)
        raise InputError(f"{path} takes {name}. A detector must take FLOAT or FLOAT16")
    return known[kind]


def _literal(text: str | None) -> Any:
    """Return the list or dictionary of numbers and strings that a text shows, or None."""
    try:
        return literal_eval(text or "None")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def shown(shape: Any) -> str:
    """Show a shape, with ? for open axes."""
    return f"({', '.join('?' if length is None else str(length) for length in shape)})"


def _some(names: Any) -> str:
    """Show the first of some names."""
    shown_names = [str(name)[:40] for name in names]
    return ", ".join(shown_names[:5]) + (", ..." if len(shown_names) > 5 else "")
