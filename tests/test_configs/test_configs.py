"""Every config trains a step on tiny data, evaluates, and says what its name says."""

import copy
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner
from mmpose.registry import DATASETS, KEYPOINT_CODECS, MODELS

from mmhg.engine import PreflightHook
from mmhg.errors import InputError
from mmhg.models.loading import read_checkpoint
from test_docs.pages import code_blocks

CONFIGS = Path(__file__).parents[2] / "configs"
LEAVES = sorted(
    str(path.relative_to(CONFIGS))
    for path in CONFIGS.rglob("*.py")
    if not {"_base_", "ablations"} & set(path.parts)
)
ABLATION = "ablations/hg2x4_lspet_128_midway.py"
"""For the others see test_ablations.py."""
NARROW = 16


@pytest.fixture(scope="session")
def roots(
    mpii_root: Path, coco_root: Path, flic_root: Path, lsp_root: Path, xray_root: Path
) -> dict[str, Path]:
    """Make tiny data for each `data_root` of the configs."""
    return {
        "data/mpii/": mpii_root,
        "data/synthetic/level1/": mpii_root,
        "data/synthetic/level2/": mpii_root,
        "data/coco/": coco_root,
        "data/flic/": flic_root,
        "data/lsp/": lsp_root / "lsp",
        "data/lspet/": lsp_root / "lspet",
        "data/xray/": xray_root,
    }


def shrink(cfg: Config, roots: dict[str, Path], work_dir: Path) -> Config:
    """Change the config to tiny data, a narrow network and one epoch of one iteration."""
    cfg.work_dir = str(work_dir)
    backbone, head = cfg.model.backbone, cfg.model.head
    width = backbone.get("channels", 256)
    backbone.update(channels=NARROW, stem_channels=(4, 8, 8))
    if head.get("in_channels") == width:
        head.in_channels = NARROW
    for name in ("train_dataloader", "val_dataloader", "test_dataloader"):
        loader = cfg[name]
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        for dataset in loader.dataset.get("datasets", [loader.dataset]):
            root = dataset.data_root
            dataset.update(data_root=f"{roots[root]}/")
            if name == "train_dataloader" or root not in (
                "data/coco/",
                "data/xray/",
            ):  # AP is of all images
                dataset.indices = 2
            if dataset.get("bbox_file"):
                dataset.bbox_file = dataset.bbox_file.replace(root, f"{roots[root]}/")
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.param_scheduler = None
    cfg.default_hooks.logger.interval = 1
    if cfg.load_from:
        cfg.load_from = str(other_keypoints(backbone, work_dir.with_suffix(".pth")))
    return cfg


def other_keypoints(settings: ConfigDict, path: Path) -> Path:
    """Write a checkpoint of the same network with one keypoint less."""
    settings = dict(settings, num_keypoints=settings.num_keypoints - 1)
    state = MODELS.build(settings).state_dict()
    torch.save(dict(state_dict={f"backbone.{name}": state[name] for name in state}), path)
    return path


def load(name: str) -> Config:
    return Config.fromfile(CONFIGS / name)


@pytest.mark.parametrize("name", [*LEAVES, ABLATION])
def test_trains_and_evaluates(name: str, roots: dict[str, Path], tmp_path: Path) -> None:
    cfg = load(name)
    runner = Runner.from_cfg(shrink(cfg, roots, tmp_path / "work"))
    before = {key: value.clone() for key, value in runner.model.state_dict().items()}
    runner.register_hook(PreflightHook())
    runner.train()

    assert runner.iter == math.ceil(len(runner.train_dataloader.dataset) / 2)
    changed = [k for k, v in runner.model.state_dict().items() if not v.equal(before[k])]
    # A bias ahead of a batch norm has no gradient but rounding.
    weights = [k for k, v in runner.model.named_parameters() if v.ndim == 4 and v.requires_grad]
    assert set(weights) <= set(changed), "a convolution was not trained"
    assert all(v.isfinite().all() for v in runner.model.parameters())

    results = json.loads((tmp_path / "work/results.json").read_text())
    score = results[cfg.default_hooks.checkpoint.save_best]
    assert cfg.default_hooks.checkpoint.rule == "greater"
    assert -1 <= score <= 100
    assert (tmp_path / "work/epoch_1.pth").is_file()
    assert (tmp_path / "work/curves.png").stat().st_size > 1000
    if "bottomup" not in str(cfg.model.type).lower():
        assert (tmp_path / "work/predictions.png").stat().st_size > 1000


class UsersLoss(torch.nn.Module):
    """A loss as users write them: it has nothing but `forward`."""

    calls = 0

    def forward(
        self,
        output: torch.Tensor,
        target: torch.Tensor,
        target_weights: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        type(self).calls += 1
        assert output.dtype is torch.float32
        return (output - target).abs().mean()


def with_users_loss(head: ConfigDict) -> None:
    """Put a user's loss in the place of a head's first one."""
    own = dict(type="UsersLoss")
    if "keypoint_loss" in head:
        head.keypoint_loss = own
    elif head.loss.type == "MultipleLossWrapper":
        head.loss.losses[0] = own
    else:
        head.loss = own


PLAIN = [
    f"examples/{head}.py" for head in ("associative_embedding", "cpm_head", "dsnt", "heatmap_head")
]
PLAIN_OR_SLOW = [
    name if name in PLAIN else pytest.param(name, marks=pytest.mark.slow) for name in LEAVES
]


@pytest.mark.parametrize("name", PLAIN_OR_SLOW)
def test_amp_with_a_users_loss_and_a_resume(
    name: str, roots: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS.module_dict, "UsersLoss", UsersLoss)
    monkeypatch.setattr(UsersLoss, "calls", 0)
    cfg = shrink(load(name), roots, tmp_path / "work")
    cfg.model.backbone.num_stacks = min(2, cfg.model.backbone.num_stacks)
    cfg.load_from = None
    with_users_loss(cfg.model.head)
    cfg.optim_wrapper.update(type="AmpOptimWrapper", loss_scale="dynamic")  # as --amp does
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    for dataset in cfg.train_dataloader.dataset.get("datasets", [cfg.train_dataloader.dataset]):
        dataset.indices = 1
    for epochs in (1, 2):
        cfg.train_cfg.max_epochs = epochs
        cfg.resume = epochs > 1
        runner = Runner.from_cfg(copy.deepcopy(cfg))
        runner.train()
        steps = len(runner.train_dataloader)
        assert runner.iter == epochs * steps
        assert UsersLoss.calls >= epochs * steps
    assert all(v.isfinite().all() for v in runner.model.parameters())
    saved = read_checkpoint(tmp_path / "work/epoch_2.pth")
    moved = read_checkpoint(tmp_path / "work/epoch_1.pth")["state_dict"]
    assert saved["meta"]["iter"] == 2 * steps  # one step each, and not two beginnings
    assert any(not value.equal(moved[key]) for key, value in saved["state_dict"].items())


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_stacks_by_name(count: int) -> None:
    assert load(f"hg{count}_mpii_256.py").model.backbone.num_stacks == count


@pytest.mark.parametrize("name", LEAVES)
def test_inferencer_finds_what_it_asks_for(name: str) -> None:
    """Check two keys that MMPoseInferencer reads beside the model and the test dataloader."""
    cfg = load(name)
    dataset = cfg.test_dataloader.dataset
    assert (cfg.dataset_type, cfg.data_mode) == (dataset.type, dataset.data_mode)


def test_the_papers_recipe() -> None:
    cfg = load("hg8_mpii_256.py")
    assert cfg.optim_wrapper.optimizer == dict(type="RMSprop", lr=2.5e-4, alpha=0.99, eps=1e-8)
    assert cfg.param_scheduler[0].gamma == 0.2
    assert cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 6
    assert cfg.codec == dict(
        type="HourglassHeatmap", input_size=(256, 256), heatmap_size=(64, 64), sigma=1
    )
    assert cfg.model.data_preprocessor.mean == [0, 0, 0]
    assert cfg.model.data_preprocessor.std == [255, 255, 255]
    assert cfg.model.test_cfg == dict(flip_test=True, flip_mode="heatmap", shift_heatmap=False)
    assert not cfg.model.head.loss.get("use_target_weight", False)
    (augmentation,) = steps_of(cfg, "RandomScaleRotation")
    assert (augmentation.law, augmentation.scale, augmentation.rotation) == ("paper", 0.25, 30)


@pytest.mark.parametrize(
    ("name", "joints"),
    [
        ("hg8_mpii_256.py", 16),
        ("hg8_flic_256.py", 11),
        ("hg1_flic_256.py", 11),
        ("hg8_lsp_256.py", 14),
        ("hg8_coco_256.py", 17),
    ],
)
def test_the_papers_network_for_each_data_set(name: str, joints: int) -> None:
    cfg = load(name)
    assert cfg.model.backbone.num_keypoints == joints
    assert cfg.model.backbone.num_stacks == int(name[2])
    assert not {"in_channels", "out_channels", "num_stages"} & cfg.model.head.keys()
    if "coco" not in name:
        paper = load("hg8_mpii_256.py")
        for axis in ("optim_wrapper", "train_cfg", "param_scheduler", "codec"):
            assert cfg[axis] == paper[axis]
        assert kinds(cfg.train_pipeline) == kinds(paper.train_pipeline)


def test_crops_of_flic_and_lsp() -> None:
    flic = load("hg8_flic_256.py")
    assert [step.get("padding") for step in steps_of(flic, "GetBBoxCenterScale")] == [1, 1, 1]
    assert flic.train_dataloader.dataset.side_convention == "observer-centric"
    lsp = load("hg8_lsp_256.py")
    for loader in (lsp.val_dataloader, lsp.test_dataloader):
        assert (loader.dataset.split, loader.dataset.test_mode) == ("test", True)
        assert kinds(loader.dataset.pipeline)[:3] == [
            "LoadWholeImage",
            "WholeImageBox",
            "GetBBoxCenterScale",
        ]
    assert [one.split for one in lsp.train_dataloader.dataset.datasets] == ["train", "train"]


@pytest.mark.parametrize("name", ["hg2_lspet_128.py", "hg2_lspet_256.py", "hg8_lspet_256.py"])
def test_one_file_of_lspet_trains_and_validates(name: str) -> None:
    cfg = load(name)
    assert (cfg.model.backbone.num_stacks, cfg.model.backbone.num_keypoints) == (int(name[2]), 14)
    train, val = cfg.train_dataloader.dataset, cfg.val_dataloader.dataset
    assert (train.ann_file, train.hold_out) == (val.ann_file, val.hold_out) == ("joints.mat", 10)
    assert (train.get("test_mode", False), val.test_mode) == (False, True)
    assert cfg.default_hooks.checkpoint.save_best == "PCK@0.2"


def test_multi_scale_testing_changes_the_test_alone() -> None:
    cfg, paper = load("hg8_mpii_256_multiscale.py"), load("hg8_mpii_256.py")
    assert cfg.model.test_cfg.pop("scales") == (0.8, 0.9, 1.0, 1.1, 1.2)
    assert cfg.model.pop("type") == "MultiScaleTopdownPoseEstimator"
    paper.model.pop("type")
    for name in ("model", "train_dataloader", "val_dataloader", "optim_wrapper", "train_cfg"):
        assert cfg[name] == paper[name]


def test_multi_scale_testing_runs_and_is_named(roots: dict[str, Path], tmp_path: Path) -> None:
    cfg = shrink(load("hg8_mpii_256_multiscale.py"), roots, tmp_path)
    cfg.model.backbone.num_stacks = 1
    Runner.from_cfg(cfg).test()
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["protocol"] == "official, multi-scale 0.8 0.9 1 1.1 1.2"
    assert 0 <= results["PCKh@0.5"] <= 100
    assert (tmp_path / "predictions.png").is_file()


def test_princetons_recipe() -> None:
    cfg = load("hg8_mpii_256_adam.py")
    assert cfg.optim_wrapper.optimizer == dict(type="Adam", lr=1e-3, fused=True)
    assert cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 16
    assert cfg.param_scheduler[0].milestones == [100_000]
    assert math.isclose(cfg.train_cfg.max_epochs * math.ceil(22_246 / 16), 200_000, rel_tol=0.01)


def test_fine_tuning_keeps_all_but_the_heatmaps_layers(
    roots: dict[str, Path], tmp_path: Path
) -> None:
    cfg = shrink(load("hg8_coco_256_finetune.py"), roots, tmp_path / "work")
    cfg.model.backbone.num_stacks = 2
    other = other_keypoints(cfg.model.backbone, Path(cfg.load_from))
    saved = torch.load(other, weights_only=True)["state_dict"]
    runner = Runner.from_cfg(cfg)
    initial = {name: value.clone() for name, value in runner.model.state_dict().items()}
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.load_or_resume()
    state = runner.model.state_dict()
    anew = {name for name in state if ".prediction." in name or ".reinject_heatmaps." in name}
    assert len(anew) == 2 * 2 + 2
    assert all(state[name].equal(initial[name]) for name in anew)
    assert all(state[name].equal(saved[name]) for name in state.keys() - anew)
    (log,) = (tmp_path / "work").glob("*/*.log")
    listed = log.read_text().split("begin anew: ")[1].split("\n")[0]
    assert set(listed.split(", ")) == anew


def steps_of(cfg: Config, kind: str) -> list[ConfigDict]:
    """List the steps of a kind in the three pipelines, once for several crops."""
    loaders = (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader)
    steps = [step for loader in loaders for step in loader.dataset.pipeline]
    for step in list(steps):
        steps += [choices[0] for choices in step.get("transforms", ())]
    return [step for step in steps if step.type == kind]


def kinds(pipeline: list[ConfigDict]) -> list[str]:
    return [step.type for step in pipeline]


@pytest.mark.parametrize("name", LEAVES)
def test_pipelines_read_as_mmposes(name: str) -> None:
    """Check that pipelines begin with the image and end with packing, after the targets."""
    cfg = load(name)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        assert kinds(loader.dataset.pipeline)[0] in ("LoadWholeImage", "LoadImage")
        assert kinds(loader.dataset.pipeline)[-1] == "PackPoseInputs"
    assert cfg.model.data_preprocessor.type == "PoseDataPreprocessor"
    (target,) = steps_of(cfg, "GenerateTarget")
    if "associative_embedding" not in name:
        assert cfg.train_dataloader.dataset.pipeline[-2] == target


@pytest.mark.parametrize("name", [n for n in LEAVES if n != "examples/associative_embedding.py"])
def test_one_codec_everywhere(name: str) -> None:
    cfg = load(name)
    authors, udp = cfg.codec.type == "HourglassHeatmap", cfg.codec.type == "UDPHeatmap"
    crops = {kind: steps_of(cfg, kind) for kind in ("HourglassCrop", "PersonCrop", "TopdownAffine")}
    used = "HourglassCrop" if authors else "TopdownAffine" if "mmpose" in name else "PersonCrop"
    assert [kind for kind, steps in crops.items() if steps] == [used]
    assert [step.encoder for step in steps_of(cfg, "GenerateTarget")] == [cfg.codec]
    assert cfg.model.head.decoder == cfg.codec
    assert [crop.input_size for crop in crops[used]] == [cfg.codec.input_size] * 3
    assert [crop.get("use_udp", False) for crop in crops[used]] == [udp] * 3
    assert cfg.model.test_cfg.shift_heatmap is not (authors or udp)
    width, height = cfg.codec.input_size
    assert tuple(cfg.codec.heatmap_size) == (width // 4, height // 4)


@pytest.mark.parametrize("name", LEAVES)
def test_targets_are_in_place_up_to_the_border(name: str) -> None:
    settings = load(name).codec
    codec = KEYPOINT_CODECS.build(settings)
    width, height = settings.input_size
    joints = [(8.0, 8.0), (width - 13.0, 9.0), (11.0, height - 12.0), (width / 2, height / 2)]
    encoded = codec.encode(np.array([joints], dtype=np.float32), np.ones((1, len(joints))))
    maps = encoded["heatmaps"]
    rows, columns = np.unravel_index(maps.reshape(len(maps), -1).argmax(1), maps.shape[1:])
    quarter = np.array([width, height]) / settings.heatmap_size
    middle = 0.5 * (settings.type == "HourglassHeatmap")  # of an input or heatmap pixel
    scale = getattr(codec, "scale_factor", quarter)
    peaks = (np.stack([columns, rows], 1) + middle) * scale - middle
    assert np.abs(peaks - joints).max() <= 2.1  # half a heatmap pixel


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("hg8_mpii_384.py", (384, 384)),
        ("hg8_coco_256x192.py", (192, 256)),
        ("hg8_coco_384.py", (384, 384)),
        ("hg2_synthetic_128.py", (128, 128)),
        ("hg2_lspet_128.py", (128, 128)),
        ("hg8_lspet_256.py", (256, 256)),
    ],
)
def test_size_by_name(name: str, size: tuple[int, int]) -> None:
    assert tuple(load(name).codec.input_size) == size


def test_leaves_are_short() -> None:
    for name in LEAVES:
        if not name.startswith("examples"):
            lines = (CONFIGS / name).read_text().splitlines()
            assert len(lines) <= 15, name


def test_a_leafs_own_hooks_leave_ours_in_place(roots: dict[str, Path], tmp_path: Path) -> None:
    """Train a leaf that sets `custom_hooks`: it is scored and refuses other networks."""
    leaf = tmp_path / "mine.py"
    leaf.write_text(
        f'_base_ = "{CONFIGS / "hg1_mpii_256.py"}"\n'
        'custom_hooks = [dict(type="EMAHook", ema_type="ExpMomentumEMA")]\n'
    )
    cfg = shrink(Config.fromfile(leaf), roots, tmp_path / "work")
    Runner.from_cfg(cfg).train()
    for name in ("results.json", "curves.png", "predictions.png"):
        assert (tmp_path / "work" / name).is_file()

    other = shrink(Config.fromfile(leaf), roots, tmp_path / "other")
    other.model.backbone.num_stacks = 2
    other.load_from = str(tmp_path / "work/epoch_1.pth")
    with pytest.raises(InputError, match="is of another network"):
        Runner.from_cfg(other).test()


@pytest.mark.parametrize("dataset", ["CocoDataset", "MpiiDataset"])
def test_bases_do_not_hide_what_mmpose_looks_for(
    dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check that `configs/_base_/datasets` has no file that MMPose's datasets would read."""
    monkeypatch.chdir(CONFIGS.parent)
    metainfo = DATASETS.build(dict(type=dataset, lazy_init=True)).metainfo
    assert metainfo["num_keypoints"] == {"CocoDataset": 17, "MpiiDataset": 16}[dataset]


def test_leaves_of_the_page_load(tmp_path: Path) -> None:
    """Load the files that docs/configs.md writes, beside our configs."""
    shutil.copytree(CONFIGS, tmp_path / "configs")
    leaves = {}
    for rest, code in code_blocks(CONFIGS.parent / "docs/configs.md", "python"):
        if rest:
            path = tmp_path / rest.removeprefix('title="').removesuffix('"')
            path.write_text(code)
            leaves[path.stem] = Config.fromfile(path)
    assert list(leaves) == ["few_people", "few_images"]
    for cfg in leaves.values():
        assert cfg.model.backbone.num_stacks == 2
        assert cfg.train_dataloader.dataset.ann_file == "few.json"
    (augment,) = steps_of(leaves["few_images"], "RandomScaleRotation")
    assert (augment.law, augment.scale, augment.rotation) == ("paper", 0.05, 5)
    assert not steps_of(leaves["few_images"], "RandomHalfBody")
