"""Build the config's datasets, without what would be refused, and without augmentation."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS

from mmhg.data_check.findings import Example, Finding
from mmhg.data_check.ids import name_of
from mmhg.data_check.records import Person, Source
from mmhg.errors import InputError
from mmhg.utils.files import write_json

_OTHER_AUGMENTATION = {
    "Albumentation",
    "GenerateRandomMask",
    "MixUp",
    "Mosaic",
    "PhotometricDistortion",
    "YOLOXHSVRandomAug",
    "YOLOXMixUp",
}
"""Steps that vary a sample and whose names do not begin with Random."""

Steps = Sequence[dict[str, Any]]


def without_augmentation(steps: Steps) -> list[dict[str, Any]]:
    """Return a pipeline's steps that do not vary; of a `RandomChoice` those of its likeliest."""
    kept: list[dict[str, Any]] = []
    for step in steps:
        name = str(step["type"]).rpartition(".")[2]
        if name == "RandomChoice":
            choices = step["transforms"]
            shares = step.get("prob") or [1.0] * len(choices)
            best = max(range(len(choices)), key=lambda index: shares[index])
            kept += without_augmentation(choices[best])
        elif not name.startswith("Random") and name not in _OTHER_AUGMENTATION:
            kept.append(dict(step))
    return kept


def plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Return a dataset's settings, those of its parts as well, without augmentation."""
    settings = deepcopy(dict(settings))
    if settings.get("pipeline"):
        settings["pipeline"] = without_augmentation(settings["pipeline"])
    if settings.get("dataset"):
        settings["dataset"] = plain(settings["dataset"])
    if settings.get("datasets"):
        settings["datasets"] = [plain(one) for one in settings["datasets"]]
    return settings


@contextmanager
def built(
    config: Config, sources: Sequence[Source]
) -> Iterator[tuple[dict[str, dict[str, Any]], list[Finding]]]:
    """Find settings by split with which the datasets can be built, and what they refuse.

    What the files have that a dataset refuses is left out of copies of them, which last as long as
    the `with` block.
    """
    init_default_scope(config.get("default_scope", "mmpose"))
    usable: dict[str, dict[str, Any]] = {}
    examples = [
        example for source in sources for example in source.problems.get("dataset-refused", ())
    ]
    with tempfile.TemporaryDirectory(prefix="mmhg-check-") as folder:
        for split in dict.fromkeys(source.split for source in sources):
            settings = deepcopy(dict(config[f"{split}_dataloader"]["dataset"]))
            problem = why_not(settings)
            if problem is None:
                usable[split] = settings
                continue
            own = [source for source in sources if source.split == split]
            examples.append(Example(file=own[0].file, what=problem, score=1))
            repaired = _repaired(settings, own, Path(folder))
            if why_not(repaired) is None:
                usable[split] = repaired
        examples = list({example.what: example for example in examples}.values())
        findings = [Finding(kind="dataset-refused", examples=examples)] if examples else []
        yield usable, findings


def why_not(settings: dict[str, Any]) -> str | None:
    """Return why a dataset cannot be built, None if it can."""
    try:
        dataset = DATASETS.build(deepcopy(settings))
        if len(dataset) == 0:
            return "the dataset has nobody"
    except InputError as error:
        return str(error)
    except Exception as error:  # whatever a wrong setting makes MMPose raise
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return None


def _repaired(settings: dict[str, Any], sources: Sequence[Source], folder: Path) -> dict[str, Any]:
    """Return settings whose COCO files are copies without what is refused."""
    settings = deepcopy(settings)
    by_file = {source.file: source for source in sources if source.is_coco}
    for number, one in enumerate(_leaf_settings(settings)):
        source = next((s for s in by_file.values() if _same(s.settings, one)), None)
        if source is not None:
            path = folder / f"{source.split}_{number}.json"
            write_json(path, repaired_content(source), indent=None)
            one["ann_file"] = str(path)
    return settings


def _leaf_settings(settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """List the settings of the innermost datasets, to be changed."""
    inner = [*settings.get("datasets", ()), *filter(None, [settings.get("dataset")])]
    if not inner:
        yield settings
    for one in inner:
        yield from _leaf_settings(one)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    keys = ("data_root", "ann_file")
    return all(one.get(key) == other.get(key) for key in keys)


def repaired_content(source: Source) -> dict[str, Any]:
    """Return a file's content with ids that count, without entries that no reader takes."""
    assert source.content is not None
    images = [one for one in source.content["images"] if isinstance(one, dict) and name_of(one)]
    numbers = {source.path_of(name_of(one)): number for number, one in enumerate(images, 1)}
    count = len(source.names)
    people = []
    for person in source.people:
        wrong = person.points is None or (count and len(person.points) != count)
        if wrong or person.box is None or person.picture not in numbers:
            continue
        people.append(
            dict(
                id=len(people) + 1,
                image_id=numbers[person.picture],
                category_id=1,
                iscrowd=int(person.crowd),
                bbox=person.box.tolist(),
                area=float(max(person.box[2] * person.box[3], 1.0)),
                keypoints=_triples(person),
            )
        )
    listed = []
    for number, one in enumerate(images, 1):
        width, height = source.sizes.get(source.path_of(name_of(one)), (0, 0))
        sides = dict(width=int(width), height=int(height)) if width else {}
        listed.append(dict(id=number, file_name=name_of(one), **sides))
    return dict(images=listed, annotations=people, categories=[dict(id=1, name="person")])


def _triples(person: Person) -> list[float]:
    values: list[float] = []
    assert person.points is not None and person.flags is not None
    for (x, y), flag in zip(person.points, person.flags, strict=True):
        values += [float(x), float(y), int(flag)] if flag > 0 else [0, 0, 0]
    return values
