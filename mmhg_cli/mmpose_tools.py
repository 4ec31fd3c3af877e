"""Run MMPose's own command line tools with mmhg registered."""

from __future__ import annotations

import importlib.util
import logging
import os
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace

import mmpose
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from torch import distributed

import mmhg  # noqa: F401  registers the classes of configs
from mmhg.config.catalog import get_config
from mmhg.engine import latest_checkpoint
from mmhg.engine.preflight import check_not_empty, check_writable
from mmhg.errors import InputError
from mmhg_cli.checks import check_run
from mmhg_cli.shared import parse_options

MergeArgs = Callable[[Config, Namespace], Config]


def run_mmpose_tool(
    name: str,
    args: Namespace,
    *splits: str,
    hooks: Sequence[Hook] = (),
    **replacements: object,
) -> None:
    """Run `tools/<name>` of the installed MMPose.

    The tool works as in MMPose, except that a config may be the bare name of one of mmhg's, that
    processes without CUDA communicate by gloo, and that `--dump` also writes `.json`.

    Args:
        name: Path below MMPose's `tools` folder, `train.py` for example.
        args: Its arguments.
        splits: Splits whose data loaders are checked, for a tool that builds a Runner.
        hooks: Hooks for the tool's Runner that its config does not name.
        **replacements: Other names of the tool to replace.
    """
    # A log that cannot be written, on a full disk, prints no tracebacks: the first result that
    # cannot be written ends the tool with a message.
    logging.raiseExceptions = False
    tool = load_mmpose_tool(name)
    if hasattr(args, "cfg_options"):
        args.cfg_options = parse_options(args.cfg_options)
    if hasattr(args, "local_rank"):
        os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    vars(tool).update(
        parse_args=lambda: args, Config=SimpleNamespace(fromfile=get_config), **replacements
    )
    if hooks:
        vars(tool)["Runner"] = SimpleNamespace(from_cfg=with_hooks(tool.Runner.from_cfg, hooks))
    if hasattr(tool, "merge_args"):
        vars(tool)["merge_args"] = adapted(tool.merge_args, splits)
    tool.main()
    if distributed.is_available() and distributed.is_initialized():
        # Otherwise gloo's threads sometimes abort the interpreter's exit: status -6.
        distributed.destroy_process_group()


def with_hooks(
    build: Callable[[Config], Runner], hooks: Sequence[Hook]
) -> Callable[[Config], Runner]:
    """Return `Runner.from_cfg` that registers more hooks, and checks what these come too late for.

    A folder that is read-only, and a data set without people, are named.
    """

    def build_with_hooks(config: Config) -> Runner:
        check_writable(Path(config.work_dir))
        runner = RUNNERS.build(config) if "runner_type" in config else build(config)
        for hook in hooks:
            runner.register_hook(hook)
        # Ahead of the schedules, which cannot be built for epochs of no iteration.
        check_not_empty(runner.train_dataloader)
        return runner

    return build_with_hooks


def load_mmpose_tool(name: str) -> ModuleType:
    """Import a tool from `mmpose/.mim/tools` (a wheel) or `tools` beside `mmpose` (a clone).

    Raises:
        InputError: The installed MMPose lacks it.
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
        f"MMPose {mmpose.__version__} in {package} came without tools/{name}. "
        "Reinstall it: pip install --no-deps --force-reinstall mmpose==1.3.2"
    )


def adapted(merge_args: MergeArgs, splits: tuple[str, ...]) -> MergeArgs:
    """Return a tool's `merge_args` with checks, and with plain messages about the config."""

    def merge_and_check(config: Config, args: Namespace) -> Config:
        keypoints_file = take_json_dump(args)
        start = config.get("load_from")
        try:
            config = merge_args(config, args)
        except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{args.config} and the flags do not fit: {error}") from error
        if getattr(args, "resume", None) == "auto":
            resume_or_begin(config, config.get("load_from") or start)
        if keypoints_file:
            evaluators = config.test_evaluator
            evaluators = evaluators if isinstance(evaluators, list | tuple) else [evaluators]
            dump = dict(type="DumpKeypoints", out_file_path=keypoints_file)
            config.test_evaluator = [*evaluators, dump]
        if config.launcher != "none" and not torch.cuda.is_available():
            config.merge_from_dict(cpu_distributed_overrides(sharded="strategy" in config))
        check_run(config, splits)
        return config

    return merge_and_check


def resume_or_begin(config: Config, start: str | None) -> None:
    """Go on from the work folder's last checkpoint, or else begin from the weights `start`.

    MMPose forgets `load_from` with `--resume`, so a first start would begin from no weights; if it
    stands in the options, each start would go on from it.
    """
    config.resume = start is None or latest_checkpoint(config.work_dir, say=False) is not None
    config.load_from = None if config.resume else start


def take_json_dump(args: Namespace) -> str | None:
    """Take the file of `--dump FILE.json` out of `args`, since MMPose only dumps pickles."""
    name: str | None = getattr(args, "dump", None)
    if name is None or not name.endswith(".json"):
        return None
    args.dump = None
    return name


def cpu_distributed_overrides(sharded: bool) -> dict[str, object]:
    """Return settings for several processes without CUDA: gloo, and no device for a replica.

    Args:
        sharded: FSDP shares the parameters out.
    """
    settings: dict[str, object] = {"env_cfg.dist_cfg.backend": "gloo"}
    if sharded:
        return settings | {"strategy.model_wrapper.device_id": "cpu"}
    replica = dict(type="MMDistributedDataParallel", device_ids=None, broadcast_buffers=False)
    return settings | {"model_wrapper_cfg": replica}
