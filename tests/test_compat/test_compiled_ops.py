"""mmpose imports without compiled operators, and using one says what to install."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from mmhg.compat.compiled_ops import MissingExtension, load_missing_extension

FULL_MMCV = find_spec("mmcv._ext") is not None


def test_everything_of_mmpose_imports_in_a_new_process() -> None:
    modules = "mmpose.models, mmpose.visualization, mmpose.apis, mmpose.datasets, mmdet.models"
    script = f"import mmhg, {modules}"
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=120)


def test_placeholders_raise_on_use_and_say_what_to_install() -> None:
    extension = load_missing_extension("_ext", ["nms", "roi_align_forward"])
    assert isinstance(extension, MissingExtension)
    with pytest.raises(ImportError, match=r"'nms'.*mmcv==2\.1\.0"):
        extension.nms(1, 2)
    with pytest.raises(AttributeError):
        extension.another  # noqa: B018


@pytest.mark.skipif(FULL_MMCV, reason="full mmcv is installed: nothing is replaced")
def test_an_op_of_mmcv_lite_raises() -> None:
    import torch
    from mmcv.ops import nms

    with pytest.raises(ImportError, match="mmcv-lite"):
        nms(torch.zeros(1, 4), torch.zeros(1), 0.5)


@pytest.mark.skipif(not FULL_MMCV, reason="full mmcv is not installed here, mmcv-lite is")
def test_full_mmcv_is_left_alone() -> None:
    import torch
    from mmcv.ops import nms
    from mmcv.utils import ext_loader

    assert ext_loader.load_ext is not load_missing_extension
    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]])
    _, kept = nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5)
    assert kept.tolist() == [0, 2]
