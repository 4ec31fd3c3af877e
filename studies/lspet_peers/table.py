"""Make the study's page and JSON from result files: `python -m studies.lspet_peers.table`."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from mmhg.errors import InputError
from mmhg.utils.files import read_json, write_json, write_text
from mmhg.utils.table import table
from studies.lspet_peers.networks import GMACS, NETWORKS, TOLERANCE, check_costs, load, measure
from studies.lspet_peers.rates import BATCH
from studies.lspet_peers.run import SCORES
from studies.lspet_peers.speed import FORMS, TRAINING
from studies.lspet_peers.training import RECORD

TOTAL = SCORES[0]
PAGE = """\
# Networks of others on LSPET

<!-- Made by studies/lspet_peers/table.py from result files. -->

Networks of {gmacs} GMACs (PyTorch's counter, backbone and head, within {tolerance:.0%}), trained
from scratch on LSPET's 9,000 people for {epochs} epochs and scored on the 1,000 that are held out
(people 0, 10, 20, ...; those with a torso size, flip test). Data, augmentation, targets, loss,
optimizer and law of the learning rate are those of `hg2_lspet_128`; the peak of the learning rate
is each network's own, found by the same short search. Scores are of the last epoch: the mean over
the seeds, with their standard deviation where there are several. `studies/lspet_peers/README.md`
in the repository says how, and what is unfair.

{scores}

- ms are for one image of 128 x 128 px on one core, all networks in turns within one run:
  `PyTorch` as trained, `folded` with batch norms folded into convolutions (ours:
  `mmhg.nn.FoldedHourglass`, others: mmcv's `fuse_conv_bn`). {machine}.
- Seconds per epoch are those of the same run: a training step of {batch} people, times the steps
  of an epoch, without the loading of data. CPU hours are those that all seeds took, on a machine
  that did other work as well.
{left_out}
## Each training

{trainings}

{hours:.1f} CPU hours in all, the searches for the learning rates included. All numbers, with
commands and versions, are in `docs/results/lspet_peers/results.json`. To run it again:

```sh
python -m studies.lspet_peers.run --data-root data/lspet --work-dir work_dirs/lspet_peers
python -m studies.lspet_peers.speed -o work_dirs/lspet_peers/speed.json
python -m studies.lspet_peers.table work_dirs/lspet_peers
```
"""


def collect(work_dir: Path) -> dict[str, Any]:
    """Read the finished trainings and the times of a work directory.

    Returns:
        `networks`, the best mean PCK@0.2 first; `machine` of the times; `epochs`; `cpu_hours`.

    Raises:
        InputError: A file is missing or does not fit the others, or a network costs too much.
    """
    speed = read_json(work_dir / "speed.json")
    trainings = [read_json(path) for path in sorted(work_dir.glob(f"*/seed*/{RECORD}"))]
    finished = [training for training in trainings if "scores" in training]
    if not finished:
        raise InputError(f"{work_dir} has no finished training. Call studies.lspet_peers.run first")
    lengths = sorted({training["epochs"] for training in finished})
    if len(lengths) > 1:
        raise InputError(f"{work_dir} has trainings of {lengths} epochs, which cannot be compared")
    found = {training["network"] for training in finished}
    costs = {name: measure(load(name)) for name in NETWORKS if name in found}
    check_costs(costs)
    networks = []
    for name, cost in costs.items():
        if name not in speed["milliseconds"]:
            raise InputError(f"{work_dir / 'speed.json'} has no times of {name}. Measure it anew")
        runs = [training for training in finished if training["network"] == name]
        networks.append(
            {
                "network": name,
                "title": NETWORKS[name],
                "parameters": cost.parameters,
                "macs": cost.macs,
                "milliseconds": speed["milliseconds"][name],
                "seconds_per_epoch": runs[0]["steps_per_epoch"]
                * speed["milliseconds"][name][TRAINING]
                / 1000,
                **summary(runs),
            }
        )
    networks.sort(key=lambda network: network["mean"][TOTAL], reverse=True)
    attempts = [
        attempt for path in work_dir.glob(f"**/{RECORD}") for attempt in read_json(path)["attempts"]
    ]
    return {
        "networks": networks,
        "epochs": lengths[0],
        "machine": speed["machine"],
        "cpu_hours": sum(attempt.get("cpu_seconds", 0) for attempt in attempts) / 3600,
    }


def summary(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Summarize a network's trainings over the seeds; one seed has no deviation."""
    runs = sorted(runs, key=lambda run: run["seed"])
    scores = {key: [run["scores"][key] for run in runs] for key in SCORES}
    return {
        "learning_rate": runs[0]["learning_rate"],
        "mean": {key: mean(values) for key, values in scores.items()},
        "deviation": {
            key: stdev(values) if len(values) > 1 else None for key, values in scores.items()
        },
        "cpu_hours": sum(map(cpu_hours, runs)),
        "trainings": runs,
    }


def cpu_hours(run: dict[str, Any]) -> float:
    """Add up the CPU hours of a training's attempts."""
    return sum(attempt.get("cpu_seconds", 0) for attempt in run["attempts"]) / 3600


def page(results: dict[str, Any]) -> str:
    """Write the Markdown page of `collect`'s results."""
    networks = results["networks"]
    missing = [name for name in NETWORKS if name not in {item["network"] for item in networks}]
    return PAGE.format(
        gmacs=GMACS,
        tolerance=TOLERANCE,
        epochs=results["epochs"],
        batch=BATCH,
        scores=score_table(networks),
        machine=", ".join(
            [results["machine"]["processor"]]
            + [f"{name} {results['machine'][name]}" for name in ("torch", "onnxruntime")]
        ),
        left_out=f"- Not trained: {'; '.join(NETWORKS[n] for n in missing)}.\n" if missing else "",
        trainings=training_table(networks),
        hours=results["cpu_hours"],
    )


def score_table(networks: Sequence[dict[str, Any]]) -> str:
    """Lay out one row for each network."""
    header = ["network", "seeds", TOTAL, "AUC", "M parameters", "GMACs", "s per epoch"]
    header += ["CPU hours", "ms, PyTorch", "ms, folded", "ms, ONNX Runtime"]
    rows = []
    for item in networks:
        scores = [spread(item["mean"][key], item["deviation"][key]) for key in SCORES]
        rows.append(
            [
                item["title"],
                str(len(item["trainings"])),
                *scores,
                f"{item['parameters'] / 1e6:.2f}",
                f"{item['macs'] / 1e9:.3f}",
                f"{item['seconds_per_epoch']:.0f}",
                f"{item['cpu_hours']:.2f}",
                *(f"{item['milliseconds'][form]:.1f}" for form in FORMS),
            ]
        )
    return table(header, rows, "markdown")


def training_table(networks: Sequence[dict[str, Any]]) -> str:
    """Lay out one row for each training."""
    rows = [
        [
            f"`{item['network']}`",
            str(run["seed"]),
            f"{run['learning_rate']:g}",
            *(f"{run['scores'][key]:.2f}" for key in SCORES),
            f"{cpu_hours(run):.2f}",
            run["weights"],
        ]
        for item in networks
        for run in item["trainings"]
    ]
    header = ["config", "seed", "learning rate", *SCORES, "CPU hours", "fingerprint"]
    return table(header, rows, "markdown")


def spread(value: float, deviation: float | None) -> str:
    """Write a mean, with the standard deviation if there is one."""
    return f"{value:.1f}" if deviation is None else f"{value:.1f} ± {deviation:.1f}"


def main() -> None:
    """Write `lspet_peers.md` and `lspet_peers/results.json`."""
    parser = ArgumentParser(prog="python -m studies.lspet_peers.table", description=__doc__)
    add = parser.add_argument
    add("work_dir", type=Path, help="of studies.lspet_peers.run, with speed.json")
    add("-o", "--output", type=Path, default=Path("docs/results"), metavar="FOLDER")
    args = parser.parse_args()
    results = collect(args.work_dir)
    (args.output / "lspet_peers").mkdir(parents=True, exist_ok=True)
    write_json(args.output / "lspet_peers" / "results.json", results)
    write_text(args.output / "lspet_peers.md", page(results))
    print(score_table(results["networks"]))


if __name__ == "__main__":
    main()
