"""The study of losses: its table, and that what has a result is not run again."""

import sys
from pathlib import Path

import pytest
from mmpose.registry import MODELS

from mmhg.utils.files import write_json
from studies.losses import run


def test_each_recipe_is_a_loss_and_has_a_title() -> None:
    for keypoints in (4, 14):
        found = run.recipes(keypoints)
        assert list(found) == list(run.TITLES)
        for loss in found.values():
            for one in loss if isinstance(loss, list) else [loss]:
                assert MODELS.build(one).use_target_weight == one["use_target_weight"]
    assert run.recipes(4)["ohkm"]["topk"] == 2


def test_table_is_of_the_result_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def result(px: float) -> dict:
        scores = {"EPE": px, "PCK@0.2": 10 * px, "fine/PCK@0.05": 1.0}
        return dict(scores=scores, minutes=1.5)

    for seed, px in enumerate((4.0, 5.0)):
        (tmp_path / "lspet/mse").mkdir(parents=True, exist_ok=True)
        write_json(tmp_path / f"lspet/mse/{seed}.json", result(px))
    trained = []

    def train(args: object, folder: Path, number: int) -> dict:
        trained.append((folder.name, number))
        return result(8.0)

    monkeypatch.setattr(run, "train_lspet", train)
    words = ["run", "--lspet", "data", "-o", str(tmp_path), "--only", "mse", "focal"]
    monkeypatch.setattr(sys, "argv", [*words, "--threads", "1"])
    run.main()
    assert trained == [("focal", 0), ("focal", 1)]
    run.main()
    assert len(trained) == 2
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in (tmp_path / "table.md").read_text().splitlines()
        if line.startswith("|")
    ]
    assert rows[2:] == [
        ["MSE, masked", "2", "4.50", "45.00", "1.00", "3.0"],
        ["focal", "2", "8.00", "80.00", "1.00", "3.0"],
    ]
