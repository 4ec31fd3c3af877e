"""Networks built from files of several layouts."""

from pathlib import Path

import pytest
import torch

from mmhg.errors import InputError
from mmhg.nn import StackedHourglass
from reference import layouts, network

SIZE = layouts.Size(num_stacks=2)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = tmp_path / "ours.pth"
    state = layouts.ours(SIZE, prefix="backbone.")
    torch.save(dict(state_dict=state, meta=dict(epoch=1)), path)
    return path


def heatmaps(model: StackedHourglass, images: torch.Tensor) -> list[torch.Tensor]:
    with torch.no_grad():
        return list(model(images))


@pytest.mark.parametrize("name", ["ours", "princeton", "bearpaw"])
def test_heatmaps_are_those_of_the_file(name: str, tmp_path: Path) -> None:
    state = getattr(layouts, name)(SIZE)
    path = tmp_path / "checkpoint.pth"
    prefix = {"ours": "backbone.", "princeton": "model.module.", "bearpaw": "module."}[name]
    torch.save(dict(state_dict=getattr(layouts, name)(SIZE, prefix=prefix)), path)
    found = StackedHourglass.from_checkpoint(path)
    assert not found.training
    images = torch.rand(1, 3, 64, 64, dtype=torch.float64)
    names = getattr(layouts, f"{name.removesuffix('s')}_names")(SIZE)
    expected = network.Network(state, names, SIZE, training=False)(images)
    for ours, theirs in zip(heatmaps(found.double(), images), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)  # its weights in float32
    mean = (0.4404, 0.4440, 0.4327) if name == "bearpaw" else (0, 0, 0)
    assert found.input_mean == pytest.approx(mean, abs=1e-4)


def test_an_input_that_the_file_does_not_say_is_warned_of(ours: Path) -> None:
    with pytest.warns(UserWarning, match=r"ours\.pth: the file does not say what input"):
        StackedHourglass.from_checkpoint(ours)


def test_arguments_of_the_class_are_passed_on(ours: Path) -> None:
    assert StackedHourglass.from_checkpoint(str(ours), with_cp=True).with_cp


@pytest.mark.parametrize("output", ["features", "pyramid"])
def test_other_outputs_leave_out_the_layers_that_they_have_no_use_for(
    output: str, ours: Path
) -> None:
    found = StackedHourglass.from_checkpoint(ours, output=output)
    whole = StackedHourglass.from_checkpoint(ours).state_dict()
    assert all(torch.equal(value, whole[name]) for name, value in found.state_dict().items())


def test_what_the_file_says_cannot_be_said_again(ours: Path) -> None:
    with pytest.raises(InputError, match=r"ours\.pth says num_stacks itself"):
        StackedHourglass.from_checkpoint(ours, num_stacks=3)
    with pytest.raises(InputError, match=r"in_channels must be at least 1, got 0"):
        StackedHourglass.from_checkpoint(ours, in_channels=0, adapt_stem=True)
    with pytest.raises(InputError, match=r"not of foo.*princeton, bearpaw"):
        StackedHourglass.from_checkpoint(ours, source="foo")


def test_a_stem_of_another_width_is_refused(ours: Path) -> None:
    assert StackedHourglass.from_checkpoint(ours, in_channels=3).in_channels == 3
    message = (
        r"ours\.pth: its stem takes images of 3 channels, in_channels is 1\. .*adapt_stem=True"
    )
    with pytest.raises(InputError, match=message):
        StackedHourglass.from_checkpoint(ours, in_channels=1)


@pytest.mark.parametrize("in_channels", [1, 4])
def test_a_stem_is_adapted_where_asked_for(in_channels: int, ours: Path) -> None:
    """Images whose channels are all equal keep their heatmaps."""
    plain = StackedHourglass.from_checkpoint(ours)
    adapted = StackedHourglass.from_checkpoint(ours, in_channels=in_channels, adapt_stem=True)
    gray = torch.rand(1, 1, 64, 64)
    expected = heatmaps(plain, gray.expand(-1, 3, -1, -1))
    found = heatmaps(adapted, gray.expand(-1, in_channels, -1, -1))
    for first, second in zip(found, expected, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-5)
