"""The checkpoint of a training is read without OpenMMLab, and so are those of others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

import mmhg
from mmhg.checkpoints import read_network
from mmhg.checkpoints.fingerprint import fingerprint
from mmhg.checkpoints.reading import read_pytorch
from mmhg.config.catalog import get_config
from reference import layouts
from torch7.hg_lua import Net, gmodule
from torch7.records import dump

SIZE = layouts.Size(num_stacks=2, depth=2)
BLOCKED = ("mmengine", "mmcv", "mmpose", "mmdet", "h5py", "scipy", "cv2", "xtcocotools")

READER = f"""
import json, sys, types

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED}:
            raise ModuleNotFoundError(f"{{name}} is blocked")

sys.meta_path.insert(0, Blocked())
package = sys.modules["mmhg"] = types.ModuleType("mmhg")  # __init__ would register all modules
package.__path__ = [sys.argv[1]]

from mmhg.checkpoints import read_network
from mmhg.checkpoints.fingerprint import fingerprint
from mmhg.errors import InputError

for path in sys.argv[2:]:
    try:
        network = read_network(path)
        found = [network.source, fingerprint(network.state), network.structure.num_stacks]
    except InputError as error:
        found = str(error)
    print(json.dumps(found))
"""


def read_without_openmmlab(*paths: Path) -> list:
    command = [sys.executable, "-c", READER, *mmhg.__path__, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def work_dir(tmp_path_factory: pytest.TempPathFactory, mpii_root: Path) -> Path:
    """Train two iterations, with averaged weights and a one-cycle schedule."""
    cfg = get_config("hg8_mpii_256")
    cfg.work_dir = str(tmp_path_factory.mktemp("work"))
    cfg.model.backbone.update(num_stacks=2, depth=2, channels=8, stem_channels=(4, 8, 8))
    cfg.model.head.num_stages = 2
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.update(data_root=f"{mpii_root}/", indices=4)
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.param_scheduler = [dict(type="OneCycleLR", eta_max=0.1, total_steps=9, by_epoch=False)]
    cfg.custom_hooks += [dict(type="EMAHook", momentum=0.5)]
    Runner.from_cfg(cfg).train()
    return Path(cfg.work_dir)


def test_a_training(work_dir: Path) -> None:
    path = work_dir / "epoch_1.pth"
    content = torch.load(path, weights_only=True)
    histories = content["message_hub"]["log_scalars"].values()
    assert histories and all(isinstance(value, HistoryBuffer) for value in histories)
    network = read_network(path)
    state = content["state_dict"]
    assert network.state.keys() == state.keys()
    assert all(torch.equal(value, state[name]) for name, value in network.state.items())
    others = {"meta", "message_hub", "optimizer", "param_schedulers", "ema_state_dict"}
    assert network.dropped.keys() == others | {"mmhg_resume"}
    assert read_without_openmmlab(path) == [["mmhg", fingerprint(state), 2]]


def test_the_allow_list_stays_as_it_was(work_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a process has allowed before, the file is read, and nothing else is allowed then."""
    kept = torch.serialization.get_safe_globals()
    try:
        for allowed in ([], [HistoryBuffer], kept):
            torch.serialization.clear_safe_globals()
            torch.serialization.add_safe_globals(allowed)
            assert read_pytorch(work_dir / "epoch_1.pth").keys() >= {"state_dict", "message_hub"}
            assert set(torch.serialization.get_safe_globals()) == set(allowed)
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(kept)


def test_results_are_of_the_weights_that_are_saved(work_dir: Path) -> None:
    """With averaged weights too, which are in the model during a validation alone."""
    saved = torch.load(work_dir / "epoch_1.pth", weights_only=True)
    results = json.loads((work_dir / "results.json").read_text())
    assert results["weights"] == fingerprint(saved["state_dict"])
    raw = {name.removeprefix("module."): value for name, value in saved["ema_state_dict"].items()}
    assert any(not torch.equal(raw[name], value) for name, value in saved["state_dict"].items())


def test_files_of_others(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.pth" for name in ("princeton", "bearpaw", "torch7", "mmhg")}
    torch.save(layouts.princeton(SIZE, prefix="model.module."), files["princeton"])
    torch.save(dict(state_dict=layouts.bearpaw(SIZE, prefix="module.")), files["bearpaw"])
    files["torch7"].write_bytes(dump(gmodule(Net(SIZE))))
    torch.save(layouts.ours(SIZE), files["mmhg"])  # the bare network's keys
    expected = layouts.ours(SIZE, prefix="backbone.")
    zeros = {name: value * 0 for name, value in expected.items() if name.endswith("tracked")}
    assert read_without_openmmlab(*files.values()) == [
        [name, fingerprint(expected | (zeros if name == "torch7" else {})), 2] for name in files
    ]


class Hostile:
    """Pickles as a call of `getattr`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self) -> tuple:
        return getattr, (HistoryBuffer, self.name)


@pytest.mark.parametrize("name", ["update", "__init__", "__dict__"])
def test_other_attributes_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.pth"
    torch.save(dict(state_dict=layouts.ours(SIZE), message_hub=Hostile(name)), path)
    (message,) = read_without_openmmlab(path)
    assert f"{path}: refused, and nothing of it was run" in message and name in message
