"""What `mmhg infer` takes for a network, and what for inputs."""

from pathlib import Path

import pytest

from mmhg.errors import InputError
from mmhg_cli.infer_arguments import split_arguments

NAME = "hg2_lspet_128"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Path) -> Path:
    """A folder of photos, an exported network, and files of a user."""
    monkeypatch.chdir(tmp_path)
    for path in ("photos/a.jpg", "photo.jpg", "odd", "mine.py", "exported/model.json"):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "network", "inputs"),
    [
        # Inputs alone: the default network.
        ("photo.jpg", NAME, "photo.jpg"),
        ("photos/ clip.mp4 *.png 0", NAME, "photos/ clip.mp4 *.png 0"),
        ("odd photo.jpg", NAME, "odd photo.jpg"),
        ("nosuch.jpg photo.jpg", NAME, "nosuch.jpg photo.jpg"),
        ("", NAME, ""),
        # A config that comes with weights.
        (f"{NAME} photo.jpg", NAME, "photo.jpg"),
        (f"{NAME}.py photo.jpg", f"{NAME}.py", "photo.jpg"),
        (f"{NAME} nosuch.PNG", NAME, "nosuch.PNG"),
        (f"{NAME} photos", NAME, "photos"),
        (f"{NAME} *.jpg", NAME, "*.jpg"),
        (f"{NAME} 0", NAME, "0"),
        (NAME, NAME, ""),
    ],
)
def test_with_the_weights_that_come_with_mmhg(
    arguments: str, network: str, inputs: str, shipped: Path
) -> None:
    assert split_arguments(arguments.split()) == ([network, str(shipped)], inputs.split())


@pytest.mark.parametrize(
    ("arguments", "network", "inputs"),
    [
        ("hg8_mpii_256 hg8.pth photo.jpg 0", "hg8_mpii_256 hg8.pth", "photo.jpg 0"),
        ("mine.py mine.safetensors photo.jpg", "mine.py mine.safetensors", "photo.jpg"),
        ("mine.py odd photo.jpg", "mine.py odd", "photo.jpg"),
        (f"mine.py {NAME} photo.jpg", f"mine.py {NAME}", "photo.jpg"),
        (f"{NAME} mine.pth photo.jpg", f"{NAME} mine.pth", "photo.jpg"),
        ("exported photo.jpg", "exported", "photo.jpg"),
    ],
)
def test_with_a_network_that_is_named(arguments: str, network: str, inputs: str) -> None:
    assert split_arguments(arguments.split()) == (network.split(), inputs.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("hg8_mpii_256 photo.jpg", f"no weights come with config hg8_mpii_256.*{NAME}"),
        ("mine.py photos", "no weights come with config mine"),
        ("hg2_lspet_12 photo.jpg", f"no config file 'hg2_lspet_12'.*Did you mean {NAME}"),
        ("nosuch.py photo.jpg", "no config file 'nosuch.py'"),
        ("nosuch hg8.pth photo.jpg", "no config file 'nosuch'"),
        ("hg8.pth photo.jpg", r"hg8\.pth is a checkpoint\. Give its CONFIG before it"),
    ],
)
def test_near_misses(arguments: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_arguments(arguments.split())
