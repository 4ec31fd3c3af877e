"""The sheet of the refinement reaches the visualizer's backends."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.visualization import BaseVisBackend
from mmpose.registry import VISBACKENDS

from mmhg import get_config
from mmhg.engine.hooks import stack_sheet_hook
from mmhg.errors import InputError
from mmhg.refinement.predict import predict_each_stack
from mmhg.refinement.scores import StackScores


@VISBACKENDS.register_module()
class KeptImages(BaseVisBackend):
    """A backend, such as TensorBoard's, that keeps its images."""

    images: list[tuple[str, np.ndarray, int]] = []  # noqa: RUF012

    def _init_env(self) -> None: ...

    @property
    def experiment(self) -> Any:
        return self

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        self.images.append((name, image, step))


@pytest.fixture
def config(mpii_root: Path, tmp_path: Path) -> Config:
    """Configure a narrow network on four people; what it validates is handed to `KeptImages`."""
    KeptImages.images.clear()
    config = get_config("hg2_synthetic_128")
    config.work_dir = str(tmp_path)
    config.model.backbone.update(channels=8, stem_channels=(4, 4, 4))
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.dataset.data_root = f"{mpii_root}/"
        loader.update(num_workers=0, persistent_workers=False, batch_size=2)
    config.visualizer.update(vis_backends=[dict(type="KeptImages", save_dir=str(tmp_path))])
    config.visualizer.name = tmp_path.name
    config.default_hooks.checkpoint = None  # nothing is trained, so nothing to save
    config.custom_hooks = [dict(type="StackSheetHook", people=3, joints=["right_wrist"])]
    return config


def test_a_sheet_is_handed_over_at_each_validation(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    original = stack_sheet_hook.draw_stack_sheet

    def draw(people: list, *settings: Any) -> np.ndarray:
        drawn.append(people)
        return original(people, *settings)

    monkeypatch.setattr(stack_sheet_hook, "draw_stack_sheet", draw)
    runner = Runner.from_cfg(config)
    metrics = runner.val()
    ((name, image, step),) = KeptImages.images
    assert (name, step) == ("refinement", 0)
    assert image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8
    (people,) = drawn
    assert len(people) == 3
    assert people[0].heatmaps.shape == (2, 16, 32, 32)

    # The same people, the same scores, as if scored stack by stack.
    dataset = runner.val_dataloader.dataset
    scores = StackScores(config.val_evaluator, 2, dataset.metainfo)
    found = []
    for batch in runner.val_dataloader:
        predictions = predict_each_stack(runner.model.eval(), batch)
        scores.process(batch, predictions)
        found += predictions[-1]
    assert scores.evaluate()[-1] == pytest.approx(metrics, nan_ok=True)
    for person, sample in zip(people, found, strict=False):
        assert person.title == Path(sample.img_path).name
        size, center = np.asarray(sample.input_size), sample.input_center
        corner = np.ravel(center) - np.ravel(sample.input_scale) / 2
        zoom = size / np.ravel(sample.input_scale)
        wanted = (sample.pred_instances.keypoints[0] - corner) * zoom
        np.testing.assert_allclose(person.paths.keypoints[-1], wanted, atol=0.05)


@pytest.fixture
def blank_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    blank = np.zeros((2, 2, 3), np.uint8)
    monkeypatch.setattr(stack_sheet_hook, "draw_stack_sheet", lambda *_: blank)


@pytest.mark.usefixtures("blank_sheets")
def test_validations_may_be_left_out(config: Config) -> None:
    config.custom_hooks[0].update(interval=2, joints=None, people=1, name="people")
    runner = Runner.from_cfg(config)
    for sheets in (1, 1, 2):
        runner.val()
        assert len(KeptImages.images) == sheets
    assert KeptImages.images[0][0] == "people"


@pytest.mark.usefixtures("blank_sheets")
def test_a_test_hands_over_a_sheet_as_well(config: Config) -> None:
    config.custom_hooks[0].interval = 5
    runner = Runner.from_cfg(config)
    runner.test()
    assert [name for name, *_ in KeptImages.images] == ["refinement"]


@pytest.mark.parametrize("settings", [dict(people=0), dict(people=4), dict(interval=0)])
def test_bad_settings_are_refused(settings: dict) -> None:
    (name,) = settings
    with pytest.raises(InputError, match=rf"StackSheetHook's {name} must be 1 .*got"):
        stack_sheet_hook.StackSheetHook(**settings)


def test_unknown_joints_and_other_models_are_refused_at_once(config: Config) -> None:
    config.custom_hooks[0].joints = ["nose"]
    with pytest.raises(InputError, match="no joint nose"):
        Runner.from_cfg(config).val()
    config.model.head.update(
        in_channels=16, out_channels=16, num_stages=2, final_layer=dict(kernel_size=1)
    )
    config.visualizer.name += "2"
    config.custom_hooks[0].joints = None
    runner = Runner.from_cfg(config)
    with pytest.raises(InputError, match="with layers of its own"):
        runner.call_hook("before_run")
