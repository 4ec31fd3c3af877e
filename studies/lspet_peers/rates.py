"""Choose a learning rate for each network, in the same way: by short trainings."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmhg.errors import InputError
from mmhg.utils.files import read_json, write_json
from studies.lspet_peers.training import RECORD, read_record, read_scalars, train

RATES = (2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2)
"""Peaks of the one-cycle law, about a factor of two apart."""
FIRST = RATES.index(5e-3)
"""Where the search begins: the rate of `hg2_lspet_128`."""
STEPS = 200
BATCH = 16


def choose_rate(name: str, folder: Path, data_root: Path) -> dict[str, Any]:
    """Find the peak whose short training ends with the smallest loss, beginning with `FIRST`.

    The search goes down, then up, until both neighbors of the best one are worse. Each probe is the
    whole one-cycle law in `STEPS` steps on the same people; its loss is the mean of the last 50.

    Args:
        name: Network of the study.
        folder: For the probes and `rate.json`, which a second call reads.
        data_root: LSPET.

    Returns:
        `learning_rate`; `losses` by rate; `seconds_per_step` of the chosen one; `cpu_seconds` of
        all probes.
    """
    path = folder / "rate.json"
    if path.is_file():
        return read_json(path)
    probes: dict[int, dict[str, float]] = {}

    def loss(index: int) -> float:
        if not 0 <= index < len(RATES):
            return math.inf
        if index not in probes:
            probes[index] = probe(name, RATES[index], folder / f"{RATES[index]:g}", data_root)
        return probes[index]["loss"]

    best = climb(loss, FIRST)
    result = {
        "learning_rate": RATES[best],
        "losses": {f"{RATES[index]:g}": probes[index]["loss"] for index in sorted(probes)},
        "seconds_per_step": probes[best]["seconds_per_step"],
        "cpu_seconds": sum(found["cpu_seconds"] for found in probes.values()),
    }
    write_json(path, result)
    return result


def climb(loss: Callable[[int], float], start: int) -> int:
    """Return the index whose loss is below those of both neighbors, looking downwards first."""
    best = start
    for step in (-1, 1):
        while loss(best + step) < loss(best):
            best += step
    return best


def probe(name: str, rate: float, folder: Path, data_root: Path) -> dict[str, float]:
    """Train for `STEPS` steps; return the last loss, and seconds.

    Raises:
        InputError: The training logged nothing.
    """
    record = read_record(folder)
    if "loss" not in record:
        options = {
            **rate_options(rate, epochs=1),
            "train_dataloader.dataset.indices": STEPS * BATCH,
            "default_hooks.checkpoint.save_last": False,
            "default_hooks.checkpoint.interval": -1,
        }
        record = train(name, folder, data_root, options, ["--no-validate", "--no-preflight"])
        scalars = read_scalars(folder)
        if not scalars:
            raise InputError(f"{folder} has no log of a training. Look at {folder / 'train.log'}")
        record["loss"] = scalars[-1]["loss"]
        record["seconds_per_step"] = min(entry["time"] for entry in scalars)
        write_json(folder / RECORD, record)
    seconds = sum(attempt["cpu_seconds"] for attempt in record["attempts"])
    # A training that diverged logs NaN, which is null in the file.
    loss = record["loss"] if record["loss"] is not None else math.nan
    return {
        "loss": loss if math.isfinite(loss) else math.inf,
        "cpu_seconds": seconds,
        "seconds_per_step": record["seconds_per_step"],
    }


def rate_options(rate: float, epochs: int) -> dict[str, Any]:
    """Return the settings of a one-cycle training."""
    return {
        "optim_wrapper.optimizer.lr": rate,
        "param_scheduler.0.eta_max": rate,
        "param_scheduler.0.total_steps": epochs,
        "train_cfg.max_epochs": epochs,
    }
