"""Describe a trained network on a page, using only its files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmhg.checkpoints.fingerprint import fingerprint
from mmhg.config.catalog import get_config
from mmhg.datasets.hold_out import HoldOut
from mmhg.errors import InputError
from mmhg.models.complexity import measure_complexity
from mmhg.models.loading import load_model, read_checkpoint
from mmhg.refinement.tiles import joint_names
from mmhg.utils.files import read_json
from mmhg.utils.table import table

Rows = Sequence[tuple[str, str]]
_NOT_SCORES = {"iteration", "checkpoint", "config", "weights", "people", "flip_test"}
_NOT_SCORES |= {"protocol", "side_convention", "joints", "sticks"}
_TABLES = {"people", "joints", "sticks"}
_VALUES = (str, int, float, type(None))


def model_card(
    config: str | Path,
    checkpoint: str | Path,
    results: Sequence[str | Path],
    note: str = "",
) -> str:
    """Write the page in Markdown. Every number on it comes from the files.

    A config may say more about its data in `data_notes`: a dict of texts, such as citation and
    license.

    Args:
        config: File, or name of one of mmhg's configs.
        checkpoint: Weights, as trained or as published.
        results: The `results.json` files of evaluations, as `ResultsHook` writes them.
        note: What the files do not tell about the training.

    Raises:
        InputError: The checkpoint belongs to another config, or results belong to another config or
            to other weights.
    """
    settings = get_config(config)
    name = Path(settings.filename).stem
    path = Path(checkpoint)
    meta = read_checkpoint(path).get("meta") or {}
    model = load_model(settings, path)
    weights = fingerprint(model.state_dict())
    rounded_from = meta.get("rounded_from")
    evaluations = [read_evaluation(Path(file), name, weights, rounded_from) for file in results]
    notes = [f"- {label}: {text}" for label, text in settings.get("data_notes", {}).items()]
    sections = [
        f"# {path.stem}",
        _table(_network_rows(settings, name)),
        f"Keypoints: {', '.join(joint_names(model.dataset_meta))}.",
        f"## Training\n\n{_table(_training_rows(settings, meta))}",
        *([note] if note else []),
        *(["## Data", "\n".join(notes)] if notes else []),
        *(f"## Results\n\n{describe_results(found, settings, weights)}" for found in evaluations),
        f"## File\n\n{_table(_file_rows(path, weights, rounded_from))}",
        f"## Use\n\n```sh\nmmhg infer {name} {path.name} IMAGE...\n```",
    ]
    return "\n\n".join(sections) + "\n"


def _network_rows(config: Config, name: str) -> Rows:
    backbone, codec = config.model.backbone, config.model.head.decoder
    width, height = codec.input_size
    whole = measure_complexity(config.model, (height, width))[0]
    stacks = backbone.get("num_stacks")
    return [
        ("config", f"`{name}`"),
        ("network", f"{backbone.type}, {stacks} stacks" if stacks else backbone.type),
        ("input", f"{width} x {height} px"),
        ("codec", codec.type),
        ("parameters", f"{whole.parameters:,}"),
        ("GMACs", f"{whole.macs / 1e9:.2f}"),
        ("flip test", "yes" if config.model.test_cfg.get("flip_test") else "no"),
    ]


def _training_rows(config: Config, meta: Mapping[str, Any]) -> Rows:
    optimizer = config.optim_wrapper.optimizer
    known = [
        ("data", ", ".join(_data(config.train_dataloader.dataset))),
        ("optimizer", f"{optimizer.type}, learning rate {optimizer.lr:g}"),
        ("batch size", config.train_dataloader.batch_size),
        ("epochs", meta.get("epoch")),
        ("iterations", meta.get("iter")),
        ("seed", meta.get("seed")),
        ("finished", meta.get("time")),
    ]
    return [(label, str(value)) for label, value in known if value is not None]


def _data(dataset: Mapping[str, Any]) -> Iterator[str]:
    """Yield class and annotation file of each dataset."""
    if "datasets" in dataset:
        for part in dataset["datasets"]:
            yield from _data(part)
    else:
        name = f"{dataset['type']} `{dataset.get('data_root', '')}{dataset['ann_file']}`"
        split = _hold_out(dataset.get("hold_out"), dataset.get("test_mode", False))
        yield f"{name}, {split}" if split else name


def _hold_out(hold_out: HoldOut, tested: bool) -> str:
    """Name the part of an annotation file that a dataset has."""
    if hold_out is None:
        return ""
    if isinstance(hold_out, int):
        held = f"people 0, {hold_out}, {2 * hold_out}, ... of the file"
    else:
        held = f"the people of {len(hold_out)} images"
    return held if tested else f"without {held}"


def read_evaluation(
    path: Path, config: str, weights: str, rounded_from: str | None
) -> Mapping[str, Any]:
    """Read a results file and check that it belongs to this network, or to it before rounding."""
    found = read_json(path)
    if not isinstance(found, dict) or not {"config", "weights"} <= found.keys():
        raise InputError(
            f"{path} does not name the config and the weights that were evaluated. Run `mmhg test` "
            "and give the results.json that it writes to its work directory"
        )
    if found["config"] != config:
        raise InputError(f"{path} is of config {found['config']}, not of {config}")
    if found["weights"] not in (weights, rounded_from):
        raise InputError(
            f"{path} is of weights {found['weights']}, the checkpoint has {weights}. Give the "
            "results of this checkpoint"
        )
    for name, value in found.items():
        listed = name in _TABLES
        parts = value.values() if isinstance(value, dict) else [value]
        kinds = int if name == "people" else _VALUES
        if isinstance(value, dict) != listed or not all(isinstance(one, kinds) for one in parts):
            raise InputError(f"{path}: {name} cannot be {str(value)[:80]}")
    return found


def describe_results(found: Mapping[str, Any], config: Config, weights: str) -> str:
    """Write a section about an evaluation."""
    # Only a validation during training has an iteration.
    loader = config.val_dataloader if "iteration" in found else config.test_dataloader
    scores = [(name, _number(value)) for name, value in found.items() if name not in _NOT_SCORES]
    about = [f"On {', '.join(_data(loader.dataset))}", *_protocol(found)]
    if found["weights"] != weights:
        about.append("of the weights before their rounding to half precision")
    parts = [f"{'; '.join(about)}.", _table(scores, ("score", ""))]
    if joints := found.get("joints"):
        rows = [(name.replace("_", " "), _number(value)) for name, value in joints.items()]
        parts.append(_table(rows, ("joint", "")))
    return "\n\n".join(parts)


def _protocol(found: Mapping[str, Any]) -> Iterator[str]:
    """Say how an evaluation was made, as far as its file says it."""
    if "protocol" in found:
        yield f"protocol {found['protocol']}, percent"
    elif "side_convention" in found:
        yield f"{found['side_convention']}, percent"
    for measure, people in found.get("people", {}).items():
        yield f"{measure}: {people:,} people"
    if "flip_test" in found:
        yield "with flip test" if found["flip_test"] else "without flip test"


def _file_rows(path: Path, weights: str, rounded_from: str | None) -> Rows:
    data = path.read_bytes()
    rounded = [("rounded to half precision from", f"`{rounded_from}`")] if rounded_from else []
    return [
        ("name", f"`{path.name}`"),
        ("bytes", f"{len(data):,}"),
        ("SHA-256", f"`{hashlib.sha256(data).hexdigest()}`"),
        ("weights", f"`{weights}`"),
        *rounded,
    ]


def _number(value: object) -> str:
    """Format a score with four digits, or write that it is undefined."""
    if value is None:
        return "undefined"
    return f"{value:#.4g}" if isinstance(value, float) else str(value)


def _table(rows: Rows, header: tuple[str, str] = ("", "")) -> str:
    return table(header, rows, "markdown")
