"""MMPose's own command line tools, run with mmhg registered instead of copied."""

from __future__ import annotations

import importlib.util
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import mmpose
import torch
from mmengine.config import Config
from torch import distributed

from mmhg.config.library import get_config
from mmhg.errors import InputError
from mmhg_cli.bad_input import exit_on_bad_input

MergeArgs = Callable[[Config, Namespace], Config]


def run_mmpose_tool(name: str) -> None:
    """Run ``tools/<name>`` of the installed MMPose on this process's command line.

    As MMPose's, but for this: a config may be one of mmhg's by its bare name, processes without
    CUDA talk over gloo, ``--dump`` also writes ``.json``, and bad input ends in a message and exit
    status 2.

    Args:
        name: Path below MMPose's ``tools`` folder, ``train.py`` for example.
    """
    with exit_on_bad_input():
        tool = load_mmpose_tool(name)
        replacements: dict[str, object] = {"Config": SimpleNamespace(fromfile=get_config)}
        if hasattr(tool, "merge_args"):
            replacements["merge_args"] = adapted(tool.merge_args)
        vars(tool).update(replacements)
        tool.main()
        if distributed.is_available() and distributed.is_initialized():
            # Left to the interpreter's exit, gloo's threads abort it now and then: status -6.
            distributed.destroy_process_group()


def load_mmpose_tool(name: str) -> ModuleType:
    """Import a tool from ``mmpose/.mim/tools`` (a wheel) or ``tools`` beside ``mmpose`` (a clone).

    Raises:
        InputError: The installed MMPose came without it.
    """
    package = Path(mmpose.__file__).parent
    for folder in (package / ".mim" / "tools", package.parent / "tools"):
        path = folder / name
        if path.is_file():
            spec = importlib.util.spec_from_file_location(f"mmpose_tool_{path.stem}", path)
            assert spec is not None and spec.loader is not None
            tool = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(tool)
            return tool
    raise InputError(
        f"MMPose {mmpose.__version__} in {package} came without tools/{name}; "
        "reinstall it: pip install --no-deps --force-reinstall mmpose==1.3.2"
    )


def adapted(merge_args: MergeArgs) -> MergeArgs:
    """``merge_args`` of a tool, with flags that do not fit the config told plainly."""

    def merge_and_adapt(cfg: Config, args: Namespace) -> Config:
        keypoints_file = take_json_dump(args)
        try:
            cfg = merge_args(cfg, args)
        except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{args.config} and the flags do not fit: {error}") from error
        if keypoints_file:
            evaluators = cfg.test_evaluator
            evaluators = evaluators if isinstance(evaluators, list | tuple) else [evaluators]
            dump = dict(type="DumpKeypoints", out_file_path=keypoints_file)
            cfg.test_evaluator = [*evaluators, dump]
        if cfg.launcher != "none" and not torch.cuda.is_available():
            cfg.merge_from_dict(cpu_distributed_overrides())
        return cfg

    return merge_and_adapt


def take_json_dump(args: Namespace) -> str | None:
    """The file of ``--dump FILE.json``, taken from ``args``, since MMPose's dumps only pickles."""
    name: str | None = getattr(args, "dump", None)
    if name is None or not name.endswith(".json"):
        return None
    args.dump = None
    return name


def cpu_distributed_overrides() -> dict[str, object]:
    """Settings for several processes without CUDA: gloo, and no device to pin a replica to."""
    return {
        "env_cfg.dist_cfg.backend": "gloo",
        "model_wrapper_cfg": dict(
            type="MMDistributedDataParallel", device_ids=None, broadcast_buffers=False
        ),
    }
