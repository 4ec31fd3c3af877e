"""Make the Markdown page that compares our configs' results with published ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.registry import init_default_scope

from mmhg.config.catalog import config_names, get_config
from mmhg.errors import InputError
from mmhg.models.complexity import measure_complexity
from mmhg.results.published import BENCHMARKS, Benchmark, Result, is_number
from mmhg.utils.files import read_json
from mmhg.utils.table import table

DATASETS = {"mpii": "MPII", "coco": "COCO", "lspet": "LSPET"}
"""By part of a config's name."""

TITLES = {
    ("LSPET", "hold-out"): "LSPET, people 0, 10, 20, ... held out",
    ("MPII", "val"): "MPII, validation",
    ("MPII", "test"): "MPII, test",
    ("COCO", "val"): "COCO, val2017",
    ("COCO", "test-dev"): "COCO, test-dev2017",
}
INTRODUCTION = """\
# Leaderboard

<!-- Made by tools/leaderboard.py from mmhg/results/published.json and docs/results. -->

Our configs beside published results, the best total first. All scores are in percent.

- **Totals compare only within a protocol**: `official`, `hrnet`, `macro14` and `pooled16` differ by
  tenths of a point to several on the same predictions. `tools/evaluate_pckh.py --protocol all` says
  what each counts, and scores a file of predictions by all of them.
- **Testing** matters too: several scales are not one, and COCO's AP depends on the detected boxes,
  whose person AP is given.
- PCKh@0.11 is what HRNet and SimpleBaseline call Mean@0.1: their code takes 0.11 head sizes.
- Our parameters and GMACs are those of `tools/analysis_tools/get_flops.py`. Published ones are
  their sources' own, and counters differ: the paper's network has 27.4 by ours, 19.1 by HRNet's.
- The paper's own validation numbers (88.1 for 8 stacks) are missing: by its section 4.2 they seem
  to leave out the joints of head and torso.
- PCK@0.2 of LSPET is pooled over the annotated joints of the people who have a torso size, from
  the left shoulder to the right hip. Its annotations are crowd-sourced: some sides are exchanged.
- Blank is unknown. Our rows come from the files in [results](results/README.md) alone. A config
  that nobody has trained to its end has no row.
"""


def own_results(folder: str | Path) -> list[Result]:
    """Read the validation results of our configs for MPII, COCO and LSPET.

    Args:
        folder: Has `<config>.json` for the measured configs: the `results.json` of `ResultsHook`.

    Raises:
        InputError: No such folder, a file that belongs to no config, or one of another kind.
    """
    if not Path(folder).is_dir():
        raise InputError(f"the folder of results {folder} does not exist")
    datasets = {
        name: DATASETS[part]
        for name in config_names()
        for part in name.split("_")
        if part in DATASETS
    }
    init_default_scope("mmpose")
    results = []
    for path in sorted(Path(folder).glob("*.json")):
        if path.stem not in datasets:
            raise InputError(
                f"{path} belongs to no config of mmhg for {', '.join(DATASETS.values())}: these "
                f"are {', '.join(datasets)}"
            )
        results.append(_own_result(path.stem, datasets[path.stem], path))
    return results


def leaderboard(own: Sequence[Result], published: Sequence[Result]) -> str:
    """Make the whole page: one table per split, then the sources.

    Args:
        own: The results of `own_results`.
        published: The results of `read_published`.
    """
    sources = list(dict.fromkeys(result.source for result in published))
    numbers = {source: f"[{number}](#sources)" for number, source in enumerate(sources, 1)}
    ours = {result.source: f"[results]({result.source})" for result in own}
    parts = [INTRODUCTION]
    for (dataset, split), title in TITLES.items():
        results = [
            result for result in (*own, *published)
            if (result.dataset, result.split) == (dataset, split)
        ]  # fmt: skip
        results.sort(key=lambda result: result.total, reverse=True)
        if results:
            parts.append(f"## {title}\n\n{_table(BENCHMARKS[dataset], results, numbers | ours)}\n")
    listed = "\n".join(f"{number}. {source}" for number, source in enumerate(sources, 1))
    return "\n".join([*parts, f"## Sources\n\n{listed}\n"])


def _own_result(name: str, dataset: str, path: Path) -> Result:
    cfg = get_config(name)
    width, height = cfg.codec.input_size
    model = measure_complexity(cfg.model, (height, width))[0]
    protocol, scores, scales = read_scores(path, dataset)
    testing = ["flip"] if cfg.model.test_cfg.get("flip_test") else []
    return Result(
        name=f"**`{name}`**",
        dataset=dataset,
        split=BENCHMARKS[dataset].splits[0],
        protocol=protocol,
        testing=", ".join([*testing, *scales]),
        input_size=(width, height),
        parameters=model.parameters / 1e6,
        gmacs=model.macs / 1e9,
        scores=scores,
        source=f"results/{path.name}",
    )


def read_scores(path: Path, dataset: str) -> tuple[str, dict[str, float], list[str]]:
    """Read protocol, scores in percent, and the scales of the test from a `results.json`."""
    results = read_json(path)
    if not isinstance(results, dict):
        raise InputError(f"{path} must be a results.json of training, got {type(results).__name__}")
    benchmark = BENCHMARKS[dataset]
    if dataset == "COCO":  # `CocoMetric` has fractions of 1, and -1 for undefined
        protocol, scales, prefix, unit = "AP", [], "coco/", 100
    else:  # Our metrics name the scales beside the protocol: "official, multi-scale 0.8 1 1.2"
        convention = results.get("side_convention" if dataset == "LSPET" else "protocol")
        protocol, *scales = str(convention).split(", ")
        prefix, unit = "", 1
    found = {name: results.get(prefix + name) for name in benchmark.scores}
    scores = {name: unit * score for name, score in found.items() if is_number(score)}
    scores = {name: score for name, score in scores.items() if 0 <= score <= 100}
    if protocol not in benchmark.protocols or benchmark.total not in scores:
        raise InputError(
            f"{path} must be the results.json of a config for {dataset}, with a protocol of "
            f"{', '.join(benchmark.protocols)} and a number as {prefix}{benchmark.total}, got "
            f"{protocol!r} and {found[benchmark.total]!r}"
        )
    return protocol, scores, scales


def _table(benchmark: Benchmark, results: Sequence[Result], sources: dict[str, str]) -> str:
    columns = [
        name for name in benchmark.scores
        if name == benchmark.total or any(name in result.scores for result in results)
    ]  # fmt: skip
    texts = ["network", "protocol", "testing", "input", "source"]
    rows = []
    for result in results:
        scores = {name: _decimal(result.scores.get(name)) for name in columns}
        facts = [result.name, result.protocol or "", result.testing or "", result.size_text]
        facts += [sources.get(result.source, "")]
        facts += [_decimal(result.parameters), _decimal(result.gmacs)]
        rows.append([*facts, *scores.values()])
    header = [*texts, "params (M)", "GMACs", *columns]
    return table(header, rows, "markdown", text_columns=len(texts))


def _decimal(number: float | None) -> str:
    return "" if number is None else f"{number:.1f}"
