"""Run all checks of a config's data."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS

from mmhg.data_check.building import built, plain
from mmhg.data_check.crops import Crop, crops, encoder_of
from mmhg.data_check.exchanged import check_exchanged
from mmhg.data_check.findings import KINDS, Finding
from mmhg.data_check.geometry import (
    check_corners,
    check_points_in_box,
    check_points_in_image,
    check_tiny,
)
from mmhg.data_check.keypoints import check_count, check_pairs
from mmhg.data_check.labels import check_ignored, check_keypoint_labels, check_unused, counts
from mmhg.data_check.overfit import Overfit, overfit
from mmhg.data_check.pictures import check_duplicates, check_pictures, read_pictures
from mmhg.data_check.reading import read_sources
from mmhg.data_check.records import Person, Source
from mmhg.data_check.shift import check_shift
from mmhg.data_check.targets import check_empty, check_sigma, check_sizes

DRAWS = 1000
"""Samples with augmentation from which the range of sizes is taken."""


@dataclass(kw_only=True)
class Report:
    """Say what a check has found.

    Args:
        name: The config's.
        counts: Of each split, as `mmhg.data_check.labels.counts` gives them.
        findings: One for each kind that was found, in the order of `KINDS`.
        suspects: Examples of the person-wise tests, the most suspicious first.
        overfit: The last test, None if it was not run.
        seconds: By step.
        metainfo: To draw with.
    """

    name: str
    counts: list[dict]
    findings: list[Finding]
    suspects: list[Any] = field(default_factory=list)
    overfit: Overfit | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    metainfo: dict[str, Any] = field(default_factory=dict)

    @property
    def certain(self) -> bool:
        """Tell if something is certainly wrong."""
        failed = self.overfit is not None and self.overfit.learned is False
        return failed or any(finding.certain for finding in self.findings)


def check_data(config: Config, *, overfit_seconds: float | None = 120.0) -> Report:
    """Check the data of a config's training and validation.

    Args:
        config: The loaded config.
        overfit_seconds: The longest that the last test may take; None leaves it out.

    Raises:
        InputError: The config has no training data.
    """
    init_default_scope(config.get("default_scope", "mmpose"))
    clock = _Clock()
    sources = read_sources(config)
    clock.lap("annotations")
    pictures = read_pictures(sources)
    clock.lap("pictures")
    findings = check_pictures(sources, pictures)
    twice, groups = check_duplicates(sources, pictures)
    findings += twice
    findings += _of_files(sources)
    findings += check_count(config, sources)
    findings += check_pairs(sources)
    findings += check_points_in_image(sources, pictures)
    findings += check_points_in_box(sources)
    findings += check_tiny(sources)
    findings += check_corners(sources, pictures)
    findings += check_keypoint_labels(sources)
    findings += check_ignored(sources)
    findings += check_unused(sources)
    findings += check_shift(sources, pictures, groups)
    clock.lap("labels")
    exchanged, suspects = check_exchanged(sources)
    findings += exchanged
    clock.lap("exchanged labels")
    last = None
    with built(config, sources) as (settings, refused):
        findings += refused
        findings += _of_crops(settings, sources)
        clock.lap("crops and targets")
        if overfit_seconds is not None and "train" in settings:
            last = overfit(config, plain(settings["train"]), seconds=overfit_seconds)
            clock.lap("overfit")
    return Report(
        name=Path(config.filename or "config").stem,
        counts=counts(sources),
        findings=_merged(findings),
        suspects=suspects,
        overfit=last,
        seconds=clock.laps,
        metainfo=next((source.metainfo for source in sources if source.metainfo), {}),
    )


def _of_files(sources: Iterable[Source]) -> list[Finding]:
    kind = "empty-or-doubled-ids"
    examples = [one for source in sources for one in source.problems.get(kind, ())]
    return [Finding(kind=kind, examples=examples)] if examples else []


def _of_crops(settings: Mapping[str, dict[str, Any]], sources: list[Source]) -> list[Finding]:
    """Check what the pipelines make of people."""
    people: dict[tuple[str, Any], Person] = {
        (person.picture or "", person.id): person for one in sources for person in one.people
    }
    seen: dict[str, list[Crop]] = {
        split: crops(plain(one), f"{split} crops") for split, one in settings.items()
    }
    findings = check_empty(seen, people)
    if "train" in settings:
        encoder = encoder_of(DATASETS.build(plain(settings["train"])))
        findings += check_sigma(seen["train"], encoder, sources, people)
        if "val" in seen and seen["train"]:
            rounds = max(1, min(20, DRAWS // len(seen["train"])))
            shown = crops(settings["train"], "augmented crops", DRAWS, rounds=rounds)
            findings += check_sizes(shown, seen["val"], people)
    return findings


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """Put findings of one kind together, in the order of the kinds."""
    merged: dict[str, Finding] = {}
    for one in findings:
        if one.kind not in merged:
            merged[one.kind] = one
        else:
            known = merged[one.kind]
            certain = bool(known.certain or one.certain)
            examples = [*known.examples, *one.examples]
            note = known.note or one.note
            merged[one.kind] = Finding(kind=one.kind, examples=examples, certain=certain, note=note)
    return [merged[kind] for kind in KINDS if kind in merged]


class _Clock:
    """Take the seconds of each step."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._start = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = now - self._start
        self._start = now
