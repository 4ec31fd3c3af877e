"""MMPose's default detector without network or compiled operators."""

from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import pytest
from mmpose.apis.inferencers.base_mmpose_inferencer import BaseMMPoseInferencer

from mmhg.compat import default_detector
from mmhg.errors import InputError


def test_it_is_applied_once() -> None:
    before = BaseMMPoseInferencer._init_detector
    assert before.__wrapped__.__name__ == "_init_detector"
    default_detector.apply()
    assert BaseMMPoseInferencer._init_detector is before


@pytest.mark.parametrize(
    ("asked", "full", "taken"),
    [
        (None, False, "whole_image"),
        (None, True, None),
        ("whole_image", False, "whole_image"),
        ("yolo.py", False, "yolo.py"),
    ],
)
def test_which_detector(
    asked: str | None, full: bool, taken: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default_detector, "find_spec", lambda name: object() if full else None)
    calls: list[Any] = []
    initialize = default_detector.with_fallback(lambda self, *given, **kwargs: calls.append(given))
    initialize(SimpleNamespace(), det_model=asked)
    assert calls == [(taken,)]


@pytest.mark.parametrize("asked", [None, "yolo.py"])
def test_no_network(asked: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default_detector, "find_spec", lambda name: object())

    def download(self: Any, *given: Any) -> None:
        raise URLError("no route")

    expected = (InputError, r"\(no route\)\. To avoid this error, set det_model='whole_image'")
    kind, message = expected if asked is None else (URLError, "no route")
    with pytest.raises(kind, match=message):
        default_detector.with_fallback(download)(SimpleNamespace(), asked)
