"""Read the network of our checkpoints and of other implementations', with our keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from mmhg.checkpoints.bearpaw import BEARPAW
from mmhg.checkpoints.layout import Layout, fill_counters, rename_to_ours
from mmhg.checkpoints.princeton import PRINCETON
from mmhg.checkpoints.reading import is_torch7, naming, read_pytorch, split
from mmhg.checkpoints.safetensors_file import SUFFIX, read_safetensors
from mmhg.checkpoints.shapes import tensor_shapes
from mmhg.checkpoints.shipped import find_checkpoint
from mmhg.checkpoints.structure import PREFIX, Structure, check_shapes, read_structure, shown
from mmhg.checkpoints.torch7.file import Table, arrays_of, read_torch7
from mmhg.checkpoints.torch7.graph import Walk, find_gmodule, read_nodes
from mmhg.errors import InputError

LAYOUTS = {layout.name: layout for layout in (PRINCETON, BEARPAW)}
SOURCES = ("princeton", "bearpaw", "anibali", "torch7", "mmhg")
OUR_TOPS = frozenset({"backbone", "stem", "stacks"})

NO_MEAN = (0.0, 0.0, 0.0)
UNKNOWN_INPUT = (
    "the file does not say what input the network was trained on. RGB in [0, 1] is assumed, as in "
    "the paper"
)
BUFFER = "a buffer: neither weight nor bias nor running statistics"


@dataclass(frozen=True)
class Network:
    """A network that predicts heatmaps, as read from a file.

    Attributes:
        source: One of `SOURCES`.
        structure: Its size.
        state: Its tensors, with our keys (`backbone.stem.0.weight`).
        mean: Subtracted from RGB in [0, 255] before the division by 255.
        dropped: Names of everything else in the file, with the reason why it is left out.
        filled: Tensors that the file lacks, with the value that they are given.
        notes: Messages for the user.
    """

    source: str
    structure: Structure
    state: dict[str, Tensor]
    mean: tuple[float, float, float]
    dropped: dict[str, str]
    filled: dict[str, str]
    notes: tuple[str, ...] = ()


def read_network(path: str | Path, source: str = "auto") -> Network:
    """Read a checkpoint of any of `SOURCES` without running code in it.

    Args:
        path: A file of PyTorch, also one that a training wrote, of Torch7, or `.safetensors`; or
            the name of a config that comes with weights.
        source: One of `SOURCES`, or 'auto' to recognize it by its content.

    Raises:
        InputError: The file cannot be read as such. The message names it and says why.
    """
    path = find_checkpoint(path)
    with naming(path):
        safetensors = path.suffix == SUFFIX
        torch7 = not safetensors and is_torch7(path)
        if torch7 != (source == "torch7") and source != "auto":
            kind = "a Torch7 file" if torch7 else "no Torch7 file"
            raise InputError(
                f"it is {kind}, so it cannot be {source}'s. Leave the source out (--from), or name "
                f"one of {', '.join(SOURCES)}"
            )
        if torch7:
            return from_torch7(path)
        content = read_safetensors(path) if safetensors else read_pytorch(path)
        return from_pytorch(content, source)


def from_pytorch(content: Mapping[str, Any], source: str = "auto") -> Network:
    """Read the network of a PyTorch checkpoint's content."""
    tensors, rest = split(content)
    found = detect(tensors)
    asked = "bearpaw" if source == "anibali" else source
    if source not in ("auto", found) and asked != found:
        raise InputError(
            f"it has the keys of {found}, not of {source}. Leave the source out (--from), or name "
            f"one of {', '.join(SOURCES)}"
        )
    if found == "mmhg":
        return from_mmhg(content, tensors, rest)
    layout = LAYOUTS[found]
    if source == "auto":
        source = "anibali" if found == "bearpaw" and "state_dict" not in content else found
    renamed = rename_to_ours(layout, tensors)
    structure = read_structure(renamed.state)
    return Network(
        source=source,
        structure=structure,
        state=renamed.state,
        mean=mean_of(layout) if structure.in_channels == 3 else NO_MEAN,
        dropped=renamed.dropped | rest,
        filled=renamed.filled,
    )


def mean_of(layout: Layout) -> tuple[float, float, float]:
    """Return the mean that an implementation subtracts, for RGB in [0, 255]."""
    red, green, blue = (round(255 * value, 4) for value in layout.mean)
    return red, green, blue


def detect(tensors: Mapping[str, Tensor]) -> str:
    """Recognize the implementation by the first components of its keys."""
    tops = [name.partition(".")[0] for name in tensors]
    known = {name: layout.tops for name, layout in LAYOUTS.items()} | {"mmhg": OUR_TOPS}
    hits = {name: sum(top in own for top in tops) for name, own in known.items()}
    best = max(hits, key=lambda name: hits[name])
    if not hits[best]:
        raise InputError(
            f"its {len(tensors):,} tensors have keys of none of {', '.join(known)}: "
            f"{shown(tensors) or 'there are none'}"
        )
    return best


def from_mmhg(
    content: Mapping[str, Any], tensors: dict[str, Tensor], rest: dict[str, str]
) -> Network:
    """Read a checkpoint of this package: of a training, a conversion, or the network alone."""
    if not any(name.startswith(PREFIX) for name in tensors):
        tensors = {PREFIX + name: value for name, value in tensors.items()}
    structure = read_structure(tensors)
    wanted = tensor_shapes(structure)
    filled = fill_counters(tensors, wanted)
    check_shapes(tensors, wanted)
    mean = noted_mean(content.get("meta"))
    return Network(
        source="mmhg",
        structure=structure,
        state={name: tensors[name] for name in wanted},
        mean=NO_MEAN if mean is None else mean,
        dropped=rest,
        filled=filled,
        notes=(UNKNOWN_INPUT,) if mean is None else (),
    )


def noted_mean(meta: Any) -> tuple[float, float, float] | None:
    """Return the mean that a conversion recorded; a training records a config, which is code."""
    noted = meta.get("input") if isinstance(meta, Mapping) else None
    mean = noted.get("mean") if isinstance(noted, Mapping) else None
    if not isinstance(mean, list) or len(mean) not in (1, 3):
        return None
    if not all(isinstance(value, int | float) for value in mean):
        return None
    red, green, blue = map(float, mean if len(mean) == 3 else mean * 3)
    return red, green, blue


def from_torch7(path: Path) -> Network:
    """Read the network of a Torch7 file that holds the gModule of hg.lua."""
    content = read_torch7(path)
    gmodule = find_gmodule(content)
    weights = Walk(read_nodes(gmodule)).network()
    structure = read_structure(weights.state)
    wanted = tensor_shapes(structure)
    filled = fill_counters(weights.state, wanted)
    check_shapes(weights.state, wanted)
    return Network(
        source="torch7",
        structure=structure,
        state={name: weights.state[name] for name in wanted},
        mean=NO_MEAN,
        dropped=buffers(content, weights.used),
        filled=filled,
    )


def buffers(content: Table, used: set[int]) -> dict[str, str]:
    """Count the arrays of a Torch7 file that are not weights, by class and field."""
    counts: dict[str, int] = {}
    for name, array in arrays_of(content):
        if id(array) not in used and array.size:
            counts[name] = counts.get(name, 0) + 1
    return {f"{name} ({count:,})": BUFFER for name, count in counts.items()}
