"""Write comparisons as Markdown, JSON and a picture."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import matplotlib
import torch

from mmhg.benchmark.measure import Comparison, Measurement

_PACKAGES = (
    "torch",
    "mmpose",
    "mmengine",
    "numpy",
    "opencv-python-headless",
    "onnxruntime",
    "openvino",
)
_FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def machine() -> dict[str, str]:
    """Describe what the numbers depend on: processor, threads, GPU, versions."""
    found = {
        "processor": f"{_processor()}, {os.cpu_count()} logical CPUs",
        "threads of torch": str(torch.get_num_threads()),
        "GPU": torch.cuda.get_device_name() if torch.cuda.is_available() else "none: not measured",
        "Python": platform.python_version(),
    }
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _processor() -> str:
    """Return the processor's name and the vector instructions that matter here."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor() or platform.machine()
    fields: dict[str, str] = {}
    for line in info.read_text().split("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    flags = fields.get("flags", "").split()
    features = [name for name in _FEATURES if name in flags]
    return " ".join((fields.get("model name", platform.machine()), *features))


def markdown(parts: Mapping[str, Sequence[Comparison]], about: Mapping[str, str]) -> str:
    """Write the page: the machine, then the tables of each part."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `mmhg benchmark`. Each ratio compares a row with the first row of its table, "
        "measured in turns within",
        "one run: the median, and its quartiles in brackets. Other work on the machine changes "
        "times, but hardly ratios.",
        "",
        "![The ratios, with the goals](benchmarks.png)",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in about.items()),
    ]
    for part, comparisons in parts.items():
        lines += ["", f"## {part.capitalize()}"]
        for comparison in comparisons:
            lines += ["", *table_lines(comparison)]
    return "\n".join(lines) + "\n"


def table_lines(comparison: Comparison) -> list[str]:
    """Write one comparison as a Markdown table."""
    kind = "share" if comparison.goal_is_share else "ratio"
    return [
        f"**{comparison.title}**",
        "",
        f"| | {comparison.unit} | {kind} | goal | |",
        "| --- | ---: | ---: | ---: | --- |",
        *(
            f"| {row.name} | {_short(row.value)} | {_ratio(row, comparison.goal_is_share)} | "
            f"{_goal(row, comparison.goal_is_share)} | {row.note} |"
            for row in comparison.rows
        ),
    ]


def _ratio(row: Measurement, is_share: bool) -> str:
    if math.isinf(row.ratio):
        return "nothing left"
    if is_share:
        return f"{1 / row.ratio:.3f}"
    if row.spread is None:
        return f"{row.ratio:.2f}"
    return f"{row.ratio:.2f} ({row.spread[0]:.2f} to {row.spread[1]:.2f})"


def _goal(row: Measurement, is_share: bool) -> str:
    if row.goal is None:
        return ""
    return f"{'at most' if is_share else 'at least'} {row.goal:g}"


def _short(value: float) -> str:
    """Format a number with at least three digits, without an exponent."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def to_dict(parts: Mapping[str, Sequence[Comparison]], about: Mapping[str, str]) -> dict[str, Any]:
    """Convert the machine and all comparisons for JSON."""
    tables = {
        part: [_finite(table.to_dict()) for table in tables] for part, tables in parts.items()
    }
    return {"machine": dict(about), "parts": tables}


def _finite(value: Any) -> Any:
    """Replace infinite ratios, which JSON does not have, by None."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and math.isinf(value) else value


def draw(parts: Mapping[str, Sequence[Comparison]], path: Path) -> None:
    """Draw a bar for each ratio and a mark for each goal, on a logarithmic axis."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    tables = [
        table
        for tables in parts.values()
        for table in tables
        if all(math.isfinite(row.ratio) for row in table.rows)
    ]
    heights = [len(table.rows) for table in tables]
    figure, axes = pyplot.subplots(
        len(tables),
        1,
        figsize=(9, 0.6 + sum(0.28 * height + 0.75 for height in heights)),
        height_ratios=[height + 0.6 for height in heights],
        squeeze=False,
        layout="constrained",
    )
    for axis, table in zip(axes[:, 0], tables, strict=True):
        ratios = [row.ratio for row in table.rows]
        colors = ["#9aa3ad", *["#2f6fb0"] * (len(ratios) - 1)]
        axis.barh([row.name for row in table.rows], ratios, color=colors, height=0.7)
        ends = list(ratios)
        for i, row in enumerate(table.rows):
            if row.goal is not None:
                goal = 1 / row.goal if table.goal_is_share else row.goal
                axis.plot([goal, goal], [i - 0.4, i + 0.4], color="#c0392b", linewidth=2)
                ends[i] = max(row.ratio, goal)
            axis.text(ends[i], i, f"  {row.ratio:.2f}x", va="center", fontsize=8)
        axis.invert_yaxis()
        axis.set_xscale("log")
        axis.set_xlim(0.5, max([*ends, 2]) * 1.5)
        axis.tick_params(axis="x", which="both", bottom=False, labelbottom=False)
        axis.tick_params(axis="y", labelsize=8, length=0)
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        axis.set_title(table.title, fontsize=9, loc="left")
    figure.suptitle("Times better than the plain form (red: goal)", fontsize=10)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
