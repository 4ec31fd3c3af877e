"""The number of keypoints, and their partners in a mirror."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmpose.registry import DATASETS

from mmhg.data_check.findings import Example, Finding
from mmhg.data_check.records import Source

_SIDES = {"left": "right", "right": "left", "l": "r", "r": "l"}


def check_count(config: Config, sources: Sequence[Source]) -> list[Finding]:
    """Compare annotations, categories, metainfo and network in their number of keypoints."""
    name = config.filename or "the config"
    model = config.get("model") or {}
    places = {
        "model.backbone.num_keypoints": (model.get("backbone") or {}).get("num_keypoints"),
        "model.head.out_channels": (model.get("head") or {}).get("out_channels"),
    }
    examples = []
    expected = {len(source.names) for source in sources if source.names}
    for place, number in places.items():
        if number is not None and expected and number not in expected:
            text = f"{place} is {number}, the metainfo has {_numbers(expected)} keypoints"
            examples.append(Example(file=name, what=text, score=1e6))
    for source in sources:
        count = len(source.names)
        for names in source.file_names:
            if count and len(names) != count:
                text = f"the category names {len(names)} keypoints, the metainfo has {count}"
                examples.append(Example(file=source.file, what=text, score=1e5))
            elif count and Counter(map(_plain, names)) == Counter(map(_plain, source.names)):
                moved = [
                    (one, other)
                    for one, other in zip(names, source.names, strict=True)
                    if _plain(one) != _plain(other)
                ]
                if moved:
                    text = (
                        f"the category's keypoints are in another order than the metainfo's: "
                        f"{moved[0][0]} where the config has {moved[0][1]}"
                    )
                    examples.append(Example(file=source.file, what=text, score=1e5))
        lengths = Counter(len(one.points) for one in source.people if one.points is not None)
        wanted = count or (lengths.most_common(1)[0][0] if lengths else 0)
        for person in source.people:
            if person.points is not None and len(person.points) != wanted:
                text = f"it has {len(person.points)} keypoints, the config has {wanted}"
                examples.append(person.example(text))
    return [Finding(kind="keypoint-count", examples=examples)] if examples else []


def _numbers(values: set[int]) -> str:
    return " or ".join(map(str, sorted(values)))


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-.]+", "_", name.strip().lower())


def keypoint_info(settings: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    """Return the metainfo's `keypoint_info` of a dataset's settings, unparsed; empty if unknown."""
    given = settings.get("metainfo")
    if given is None:
        given = getattr(DATASETS.get(settings["type"]), "METAINFO", None) or {}
    if "from_file" in given:
        try:
            given = Config.fromfile(given["from_file"]).dataset_info
        except Exception:  # reported where the metainfo is parsed
            return {}
    info = given.get("keypoint_info") or {}
    return {int(key): value for key, value in info.items()}


def check_pairs(sources: Sequence[Source]) -> list[Finding]:
    """Find partners that are not each other's, or not those of their names."""
    examples = []
    seen = set()
    for source in sources:
        info = keypoint_info(source.settings)
        partners = {str(one["name"]): str(one.get("swap") or "") for one in info.values()}
        file = str(source.metainfo.get("dataset_name", source.file))
        for name, other in partners.items():
            text = _problem(name, other, partners)
            if text and (file, text) not in seen:
                seen.add((file, text))
                examples.append(Example(file=f"metainfo of {file}", id=name, what=text, score=1))
    return [Finding(kind="flip-pairs", examples=examples)] if examples else []


def _problem(name: str, other: str, partners: Mapping[str, str]) -> str:
    if other and other not in partners:
        return f"{name} mirrors {other}, which is no keypoint"
    if other and (partners[other] or other) != name:
        back = partners[other] or "itself"
        return f"{name} mirrors {other}, but {other} mirrors {back}"
    named = mirrored_name(name, partners)
    if named and other != named:
        return f"{name} mirrors {other or 'itself'}, by its name it should be {named}"
    if other and other != name and not named and side_of(name):
        return f"{name} mirrors {other}, whose name is not that of its other side"
    return ""


def mirrored_name(name: str, names: Mapping[str, Any] | Sequence[str]) -> str:
    """Return the one of `names` that is the other side of `name`, empty if there is none."""
    for spelled in _spellings(name):
        if spelled in names:
            return spelled
    return ""


def side_of(name: str) -> str:
    """Return `left` or `right` if a keypoint's name says so, else nothing."""
    parts = _parts(name)
    for word, side in (("left", "left"), ("right", "right"), ("l", "left"), ("r", "right")):
        if word in parts:
            return side
    found = re.match(r"(left|right)|.*?(left|right)$", name.lower())
    return (found[1] or found[2]) if found else ""


def _parts(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [part.lower() for part in re.split(r"[^A-Za-z0-9]+", spaced)]


def _spellings(name: str) -> list[str]:
    """Return `name` with its word of a side exchanged, in all ways that it may be meant."""
    found = []
    pattern = r"left|right|(?<![A-Za-z])[lr](?![a-z])|(?<=[a-z0-9])[LR](?![a-z])"
    for match in re.finditer(pattern, name, re.IGNORECASE):
        word = match[0]
        other = _SIDES[word.lower()]
        if word.isupper():
            other = other.upper()
        elif word[0].isupper():
            other = other.capitalize()
        found.append(name[: match.start()] + other + name[match.end() :])
    return found
