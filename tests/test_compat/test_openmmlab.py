"""A missing stack gets one message that says what to type."""

import pytest

from mmhg.compat import openmmlab


def test_the_stack_is_found_here() -> None:
    openmmlab.check_installed()


def test_missing_packages_are_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        openmmlab, "find_spec", lambda name: None if name in ("mmpose", "mmdet") else object()
    )
    with pytest.raises(ImportError) as error:
        openmmlab.check_installed()
    message = str(error.value)
    assert "needs mmdet, mmpose" in message
    assert "pip install --no-deps" in message
    assert "mmpose==1.3.2" in message
