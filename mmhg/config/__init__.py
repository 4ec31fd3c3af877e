"""Configs: find those that ship with mmhg, and change one setting in every place that has it."""

import mmhg.compat.requires_openmmlab  # noqa: F401
from mmhg.config.catalog import bases, config_folder, config_names, find_config, get_config
from mmhg.config.change_steps import change_steps
from mmhg.config.keypoint_metainfo import keypoint_metainfo
from mmhg.config.with_channels import with_channels
from mmhg.config.with_codec import with_codec
from mmhg.config.with_test_scales import describe_scales, with_test_scales

__all__ = [
    "bases",
    "change_steps",
    "config_folder",
    "config_names",
    "describe_scales",
    "find_config",
    "get_config",
    "keypoint_metainfo",
    "with_channels",
    "with_codec",
    "with_test_scales",
]
