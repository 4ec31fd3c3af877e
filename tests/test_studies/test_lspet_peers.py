"""Test the study of LSPET: its configs, the queue and the table, on made results."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS

from mmhg.config import get_config
from mmhg.errors import InputError
from mmhg.models.complexity import Complexity
from studies.lspet_peers import networks, rates, run, speed, table, training
from studies.lspet_peers.networks import NETWORKS, OTHERS, OURS
from studies.lspet_peers.run import Study, planned, run_queue
from studies.lspet_peers.vit import PlainViT

each_network = pytest.mark.parametrize("name", NETWORKS)


def test_each_config_is_of_the_study() -> None:
    assert {path.stem for path in networks.CONFIGS.glob("*.py")} == set(NETWORKS)


@each_network
def test_conditions_are_those_of_the_product(name: str) -> None:
    config, base = networks.load(name), get_config("hg2_lspet_128")
    for key in ("codec", "train_dataloader", "val_dataloader", "val_evaluator"):
        assert config[key] == base[key], key
    for key in ("data_preprocessor", "test_cfg"):
        assert config.model[key] == base.model[key], key
    for key in ("type", "loss", "decoder"):
        assert config.model.head[key] == base.model.head[key], key
    assert config.optim_wrapper.optimizer == base.optim_wrapper.optimizer
    assert config.train_cfg.max_epochs == run.EPOCHS == 8
    (law,), (base_law,) = config.param_scheduler, base.param_scheduler
    assert law == dict(base_law, total_steps=run.EPOCHS)


@each_network
def test_networks_cost_and_learn_alike(name: str) -> None:
    config = networks.load(name)
    cost = networks.measure(config)
    networks.check_costs({name: cost})
    assert cost.macs / 1e9 == pytest.approx(0.48, rel=0.15)

    torch.manual_seed(0)
    model = MODELS.build(config.model).train()
    batch = model.data_preprocessor(speed.made_batch(config, 2), training=True)
    losses = model(**batch, mode="loss")
    stages = [key for key in losses if key.startswith("loss")]
    assert len(stages) == {"hg2": 2, "hg4": 4, "hourglassnet": 2}.get(name, 1)
    sum(losses[key] for key in stages).backward()
    without = [key for key, value in model.named_parameters() if value.grad is None]
    assert not without
    assert all(torch.isfinite(value.grad).all() for value in model.parameters())


def test_a_joint_without_annotation_does_not_teach_others_either() -> None:
    config = networks.load("simple_baseline")
    batch = speed.made_batch(config, 2)
    for sample in batch["data_samples"]:
        sample.gt_instance_labels.keypoint_weights[:] = 0
    model = MODELS.build(config.model).train()
    losses = model(**model.data_preprocessor(batch, training=True), mode="loss")
    assert losses["loss_stack0"] == 0


def test_costs_outside_of_the_tolerance_are_refused() -> None:
    costs = {"hg2": Complexity("", 1, 480_000_000), "hrnet": Complexity("", 1, 560_000_000)}
    with pytest.raises(InputError, match=r"^hrnet \(0.560\) must be within 15% of 0.48 GMACs"):
        networks.check_costs(costs)
    with pytest.raises(InputError, match="no network 'resnet'"):
        networks.config_path("resnet")


def test_vit_attends_to_every_patch() -> None:
    vit = PlainViT(input_size=(32, 16), patch_size=8, channels=12, depth=1, num_heads=3)
    vit.init_weights()
    images = torch.rand(1, 3, 16, 32, requires_grad=True)
    (features,) = vit(images)
    assert features.shape == (1, 12, 2, 4)
    features[0, 0, 0, 0].backward()
    per_patch = images.grad.abs().unfold(2, 8, 8).unfold(3, 8, 8).sum((0, 1, 4, 5))
    assert (per_patch > 0).all()
    assert per_patch[0, 0] == per_patch.max()


@pytest.mark.parametrize(
    "name", ["simple_baseline", *(pytest.param(n, marks=pytest.mark.slow) for n in ("hg1", "vit"))]
)
def test_forms_for_timing_compute_the_same(name: str, tmp_path: Path) -> None:
    images = torch.rand(1, 3, 128, 128)
    forms = speed.inference_forms(name, networks.load(name), images, tmp_path)
    assert list(forms) == list(speed.FORMS)
    outputs = [forms[form]() for form in speed.FORMS]
    assert outputs[0].std() > 0
    for output in outputs[1:]:
        torch.testing.assert_close(output, outputs[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("losses", "best", "tried"),
    [
        ([9, 4, 3, 5, 6, 7], 2, {1, 2, 3, 4}),
        ([9, 9, 9, 4, 3, 2], 5, {3, 4, 5}),
        ([9, 9, 9, 4, 3, 8], 4, {3, 4, 5}),
    ],
)
def test_the_search_ends_between_worse_neighbors(
    losses: list[float], best: int, tried: set[int]
) -> None:
    asked = set()

    def loss(index: int) -> float:
        asked.add(index)
        return losses[index] if index < len(losses) else float("inf")

    assert rates.climb(loss, 4) == best
    assert asked - {len(losses)} == tried


def fake_train(
    name: str, folder: Path, data_root: Path, options: Any, flags: Any = (), facts: Any = None
) -> dict:
    """Write what a training of 8 epochs would: half an hour, scores by name and seed."""
    log = folder / "20261128_120000" / "vis_data" / "scalars.json"
    log.parent.mkdir(parents=True)
    times = (0.1, 0.3, 0.2, 0.2)
    log.write_text("\n".join(json.dumps({"loss": 0.5, "time": time}) for time in times))
    record = dict(facts or {}, attempts=[{"cpu_seconds": 1800.0}], options=dict(options))
    if facts:
        score = 50 + list(NETWORKS).index(name) + facts["seed"] * 2
        results = {"PCK@0.2": score, "AUC": score / 2, "iteration": 800, "weights": "abc"}
        (folder / "results.json").write_text(json.dumps(results))
    (folder / training.RECORD).write_text(json.dumps(record))
    return record


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Replace trainings; yield the folders that they would train in."""
    folders = []

    def train(name: str, folder: Path, *args: Any) -> dict:
        folders.append(f"{folder.parent.name}/{folder.name}")
        return fake_train(name, folder, *args)

    monkeypatch.setattr(run, "train", train)
    rate = {"learning_rate": 0.002, "seconds_per_step": 0.4}
    monkeypatch.setattr(run, "choose_rate", lambda name, *_: rate)
    yield folders


def test_the_queue_goes_in_rounds_and_skips_what_is_finished(
    trained: list[str], tmp_path: Path
) -> None:
    study = Study(tmp_path, tmp_path)
    assert run_queue(study, planned(study, (0, 1, 2)), hours=99) == 0
    first = [f"{name}/seed0" for name in NETWORKS if name != "lite_hrnet"]
    second = ["hg1/seed1", "hg2/seed1", "hg4/seed1", "vit/seed1"]  # the best of the first round
    third = [name.replace("seed1", "seed2") for name in second]
    assert trained == [*first, *second, *third, "lite_hrnet/seed0"]
    record = training.read_record(tmp_path / "hg2/seed1")
    assert record["scores"] == {"PCK@0.2": 53, "AUC": 26.5}
    assert record["steps_per_epoch"] == 100
    assert record["options"]["randomness.seed"] == 1
    assert record["options"]["optim_wrapper.optimizer.lr"] == 0.002
    assert record["options"]["param_scheduler.0.eta_max"] == 0.002

    done = len(trained)
    assert run_queue(study, planned(study, (0, 1, 2)), hours=0) == 0
    assert len(trained) == done


def test_the_queue_ends_with_the_hours(
    trained: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = Study(tmp_path, tmp_path)
    queue = [("hg1", 0), ("hg2", 0), ("lite_hrnet", 0), ("vit", 0), ("vit", 1)]
    assert run_queue(study, queue, hours=1.8) == 1
    assert trained == ["hg1/seed0", "hg2/seed0", "vit/seed0"]  # half an hour each
    output = capsys.readouterr().out
    assert "lite_hrnet, seed 0: would take 1.9 h, 1.0 of 1.8 used" in output
    assert "vit, seed 1: would take 0.3 h, 1.5 of 1.8 used" in output


def test_a_training_of_other_length_is_not_continued(trained: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "hg1/seed0"
    folder.mkdir(parents=True)
    (folder / training.RECORD).write_text(json.dumps({"epochs": 8, "attempts": []}))
    with pytest.raises(InputError, match="a training with other epochs"):
        run_queue(Study(tmp_path, tmp_path, epochs=9), [("hg1", 0)], 9)


def test_a_folder_is_trained_in_once_at_a_time(tmp_path: Path) -> None:
    with training.locked(tmp_path), pytest.raises(training.Busy), training.locked(tmp_path):
        pass
    with training.locked(tmp_path):
        pass


@pytest.fixture
def results(trained: list[str], tmp_path: Path) -> Path:
    """Make the results of a study without ViT and Lite-HRNet."""
    queue = [(name, 0) for name in [*OURS, *OTHERS][:-3]] + [("hg4", 1), ("hg4", 2)]
    assert run_queue(Study(tmp_path, tmp_path), queue, 99) == 0
    milliseconds = dict.fromkeys([*speed.FORMS, speed.TRAINING], 12.34)
    versions = {"processor": "a CPU", "torch": "2", "onnxruntime": "1"}
    content = {"milliseconds": dict.fromkeys(NETWORKS, milliseconds), "machine": versions}
    (tmp_path / "speed.json").write_text(json.dumps(content))
    return tmp_path


def test_the_table_has_means_and_deviations_the_best_first(results: Path) -> None:
    collected = table.collect(results)
    order = [network["network"] for network in collected["networks"]]
    assert order == ["hrnet", "hg4", "simple_baseline", "hourglassnet", "hg2", "hg1"]
    hg4 = collected["networks"][1]
    assert (hg4["mean"]["PCK@0.2"], hg4["deviation"]["PCK@0.2"]) == (54, 2)
    assert (hg4["mean"]["AUC"], hg4["deviation"]["AUC"]) == (27, 1)
    assert (hg4["cpu_hours"], hg4["seconds_per_epoch"]) == (1.5, pytest.approx(1.234))
    assert collected["cpu_hours"] == 4
    text = table.page(collected)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    (row,) = [row for row in rows if row[:1] == ["hourglass, 4 stacks"]]
    assert row[1:4] == ["3", "54.0 ± 2.0", "27.0 ± 1.0"]
    assert row[5:] == ["0.479", "1", "1.50", "12.3", "12.3", "12.3"]
    assert "Not trained: Lite-HRNet; MobileNetV2, SimpleBaseline's head; ViT" in text
    assert ["`hg4`", "2", "0.002", "56.00", "28.00", "0.50", "abc"] in rows


def test_the_table_refuses_what_cannot_be_compared(results: Path) -> None:
    path = results / "hg1/seed0" / training.RECORD
    path.write_text(json.dumps(json.loads(path.read_text()) | {"epochs": 20}))
    with pytest.raises(InputError, match=r"trainings of \[8, 20\] epochs"):
        table.collect(results)


def test_commands_are_told_without_places_of_this_machine(tmp_path: Path) -> None:
    command = ["/usr/bin/python3", "-m", "mmhg_cli", "train", str(networks.config_path("hg1"))]
    command += ["--work-dir", str(tmp_path / "work"), f"data_root={tmp_path}/data/"]
    assert training.describe(command, tmp_path / "data", tmp_path / "work") == (
        "python -m mmhg_cli train studies/lspet_peers/configs/hg1.py --work-dir WORK_DIR "
        "data_root=LSPET/"
    )


@pytest.mark.slow
def test_the_queue_trains(lsp_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "RATES", (5e-3,))
    monkeypatch.setattr(rates, "FIRST", 0)
    draw_missing_images(lsp_root / "lspet")
    study = Study(lsp_root / "lspet", tmp_path, epochs=2)
    assert run_queue(study, [("hg1", 3)], hours=9) == 0
    record = training.read_record(tmp_path / "hg1/seed3")
    assert 0 <= record["scores"]["PCK@0.2"] <= 100
    assert record["steps_per_epoch"] == 1
    assert record["attempts"][0]["cpu_seconds"] > 0
    (written,) = (tmp_path / "hg1/seed3").glob("hg1.py")
    config = Config.fromfile(written)
    assert (config.randomness.seed, config.param_scheduler[0].total_steps) == (3, 2)
    rate = json.loads((tmp_path / "hg1/rates/rate.json").read_text())
    assert rate["learning_rate"] == 5e-3
    assert list(rate["losses"]) == ["0.005"]


def draw_missing_images(folder: Path) -> None:
    image = (folder / "images/im00001.jpg").read_bytes()
    for number in range(1, 5):
        (folder / f"images/im{number:05d}.jpg").write_bytes(image)


def test_nothing_is_left_of_a_training_that_is_killed(tmp_path: Path) -> None:
    """Its data loader's process, which outlives it, must not keep the lock."""
    script = "import os, signal; os.fork() and os.kill(os.getpid(), signal.SIGKILL); signal.pause()"
    with training.locked(tmp_path) as lock:
        assert training.run([sys.executable, "-c", script], tmp_path / "log", lock) == -9
    for _ in range(100):
        try:
            with training.locked(tmp_path):
                return
        except training.Busy:
            time.sleep(0.05)
    pytest.fail("the lock is still held")
