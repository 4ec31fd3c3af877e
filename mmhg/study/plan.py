"""Read a study's file: configs x overrides x seeds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmhg.config.catalog import find_config, get_config
from mmhg.errors import InputError
from mmhg.utils.yaml_file import read_yaml

Options = Mapping[str, Any]
"""Settings of a config by their dotted names, as in `--cfg-options`."""

KEYS = {"configs", "overrides", "seeds", "options", "metric"}


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training.

    Args:
        row: What it is called in the table; its seeds share it.
        config: The config's file.
        options: What differs from the config, without the seed.
        seed: Of the training.
    """

    row: str
    config: Path
    options: Options
    seed: int

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return f"{self.row}, seed {self.seed}"

    @property
    def folder(self) -> Path:
        """Return the place of its files below the study's work directory."""
        return Path(re.sub(r"[^\w.=+-]+", "_", self.row)) / f"seed{self.seed}"

    @property
    def settings(self) -> dict[str, Any]:
        """Return the options, the seed included."""
        return {**self.options, "randomness.seed": self.seed}

    def load(self) -> Config:
        """Return the config with the settings.

        Raises:
            InputError: The config does not load, or a setting does not fit it.
        """
        config = get_config(self.config)
        try:
            config.merge_from_dict(self.settings)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{self.row}: {self.config} and its options do not fit: {error}"
            ) from (error)
        return config

    def text(self) -> str:
        """Return the whole config with its settings, as a file of its own."""
        text: str = self.load().dump()
        return text


@dataclass(frozen=True, kw_only=True)
class Study:
    """Say what a study's file asks for.

    Args:
        name: The file's, without `.yaml`.
        metrics: Scores of the table; the plot shows the first.
        runs: All trainings: each row with the first seed, then with the second, ...
    """

    name: str
    metrics: Sequence[str]
    runs: Sequence[Run]

    @property
    def rows(self) -> list[str]:
        """Return the rows' names, in the file's order."""
        return list(dict.fromkeys(run.row for run in self.runs))


def read_study(path: Path) -> Study:
    """Read a study's file.

    It is YAML: `configs` are names of ours or paths beside the file, `overrides` maps what a row is
    called to its options, `seeds` are whole numbers, `options` hold for every training, and
    `metric` is one name of the scores in `results.json`, or several.

    Raises:
        InputError: The file cannot be read, or a config does not load with its options.
    """
    content = read_yaml(path)
    if not isinstance(content, dict) or not {"configs", "metric"} <= content.keys() <= KEYS:
        found = ", ".join(map(str, content)) if isinstance(content, dict) else "no settings"
        raise InputError(
            f"study {path} must have configs and metric, and may have overrides, seeds and "
            f"options, got {found}"
        )
    configs = _listed(path, content, "configs", str)
    overrides = content.get("overrides", {"": {}})
    shared = content.get("options", {})
    for name, value in {"overrides": overrides, "options": shared}.items():
        if not isinstance(value, dict):
            raise InputError(f"study {path}: {name} must map names to values, got {value!r}")
    if wrong := [name for name, value in overrides.items() if not isinstance(value, dict)]:
        raise InputError(
            f"study {path}: overrides.{wrong[0]} must map settings to values, got "
            f"{overrides[wrong[0]]!r}. {{}} changes nothing"
        )
    runs = []
    seeds = _listed(path, content, "seeds", int) if "seeds" in content else [0]
    for seed, config, (name, options) in product(seeds, configs, overrides.items()):
        beside = path.parent / config
        file = beside if beside.is_file() else find_config(config)
        row = ", ".join(part for part in (file.stem, str(name)) if part)
        if len(configs) == 1 and name:
            row = str(name)
        runs.append(Run(row=row, config=file, options={**shared, **options}, seed=seed))
    if len({run.folder for run in runs}) < len(runs):
        raise InputError(f"study {path}: two rows have the same name, or the same folder")
    for run in runs:
        if run.seed == seeds[0]:
            run.load()
    return Study(name=path.stem, metrics=_listed(path, content, "metric", str), runs=runs)


def _listed(path: Path, content: Mapping[str, Any], name: str, kind: type) -> list[Any]:
    """Return a setting that is one value or a list of different ones."""
    value = content[name]
    values = value if isinstance(value, list) else [value]
    if not values or any(type(one) is not kind for one in values) or len(set(values)) < len(values):
        what = "whole numbers" if kind is int else "names"
        raise InputError(f"study {path}: {name} must be different {what}, got {value!r}")
    return values
