"""Write the config of a training on imported labels.

Names come from files of others: they stand in the config as quoted text alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from os.path import isabs
from typing import Any

from mmhg.own_points.channels import COLOR
from mmhg.own_points.choices import FEW, START, Choices

LINE = 100

_SETTINGS = "model, train_dataloader, val_dataloader, test_dataloader"


def config_text(
    *,
    name: str,
    keypoints: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    links: Sequence[tuple[str, str]],
    flips: bool,
    images: str,
    two_looks: bool,
    choices: Choices,
    channels: int,
    summary: str,
) -> str:
    """Return the text.

    Args:
        name: What an object is called.
        keypoints: Their names, in the annotations' order.
        pairs: Left and right ones.
        links: Those that a line joins.
        flips: Whether images are mirrored.
        images: The pictures' folder: absolute, or relative to the config's.
        two_looks: Whether the network sees whole images, too.
        choices: Network, input and length.
        channels: Of the pictures.
        summary: A line of our own words for the top.
    """
    width, height = choices.input_size
    heatmap = (width // 4, height // 4)
    backbone = dict(num_keypoints=len(keypoints), **choices.backbone)
    dataset = "own_two_looks" if two_looks else "own_boxes"
    prefix = _quoted(images) if isabs(images) else f"folder + {_quoted('/' + images)}"
    names = ["change_steps", "keypoint_metainfo", "with_codec"]
    settings = f"{_SETTINGS} = with_codec(_base_, codec)"
    if channels != COLOR:
        names.append("with_channels")
        settings = (
            f"_color = with_codec(_base_, codec)\n{_SETTINGS} = with_channels(_color, {channels})"
        )
    return f'''\
"""{summary}"""

_base_ = __import__("mmhg").bases(
    "default_runtime", "schedules/one_cycle", "models/hourglass", "datasets/{dataset}"
)
from mmhg.config import {", ".join(sorted(names))}

folder = "{{{{ fileDirname }}}}"  # of this file
work_dir = folder + "/training"

# The keypoints, in the annotations' order. Pairs change places in a mirrored image.
metainfo = keypoint_metainfo(
    {_quoted(name)},
    {_list(keypoints, 4)},
    pairs={_list(pairs, 4)},
    links={_list(links, 4)},
)

{_network(choices, backbone)}
codec = dict(type="UDPHeatmap", input_size=({width}, {height}), heatmap_size={heatmap}, sigma=2)
{settings}
model["backbone"].update({_settings(backbone)})
model["head"]["loss"].update(use_target_weight=True)  # keypoints without a label are left out
{_augmentation(choices, flips)}
# The data.
_data = dict(metainfo=metainfo, data_prefix=dict(img={prefix}))
train_dataloader["dataset"].update(_data, ann_file=folder + "/train.json")
for _loader in (val_dataloader, test_dataloader):
    _loader["dataset"].update(_data, ann_file=folder + "/val.json")

# The scores: errors in px, of each keypoint too. The best checkpoint has the lowest mean.
val_evaluator = test_evaluator = dict(type="KeypointErrorMetric")

# The length.
train_dataloader["batch_size"] = {choices.batch_size}
max_epochs, learning_rate = {choices.epochs}, {choices.learning_rate:g}
optim_wrapper = dict(optimizer=dict(lr=learning_rate))
train_cfg = dict(max_epochs=max_epochs, val_interval={choices.val_interval})
_cycle = dict(_base_.param_scheduler[0], total_steps=max_epochs, eta_max=learning_rate)
param_scheduler = [_cycle]
_checkpoint = dict(interval={choices.val_interval}, save_best="mean_px", rule="less")
default_hooks = dict(checkpoint=_checkpoint, logger=dict(interval=10))
'''


def _network(choices: Choices, backbone: dict[str, Any]) -> str:
    if choices.start:
        return (
            f"# The network: {START}'s layers, from the weights that come with mmhg.\n"
            f"load_from = {_quoted(choices.start)}"
        )
    return (
        f"# The network: {backbone['num_stacks']} stacks of full width for {FEW:,} objects and "
        "more, from scratch: no weights\n# of this width come with mmhg. load_from = "
        '"FILE.pth" starts from others.'
    )


def _augmentation(choices: Choices, flips: bool) -> str:
    lines = []
    turn = f"RandomBBoxTransform=dict(rotate_factor={choices.rotation})"
    if flips:
        lines.append(f"change_steps(train_dataloader, {turn})  # degrees")
    else:
        lines += [
            f"change_steps(train_dataloader, {turn}, RandomFlip=dict(prob=0.0))",
            'model["test_cfg"].update(flip_test=False)  # no sides: nothing is mirrored',
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return Python's literal of a text; braces cannot be taken for mmengine's variables."""
    return json.dumps(text, ensure_ascii=False).replace("{{", "{\\u007b")


def _list(items: Sequence[Any], indent: int) -> str:
    """Return a list of texts, or of pairs of texts, on as many lines as it takes."""
    cells = [
        _quoted(item) if isinstance(item, str) else f"({', '.join(map(_quoted, item))})"
        for item in items
    ]
    lines, space = [""], " " * indent
    for cell in cells:
        if lines[-1] and len(lines[-1]) + len(cell) + 2 * indent + 4 > LINE:
            lines.append("")
        lines[-1] += (", " if lines[-1] else "") + cell
    if len(lines) == 1 and len(lines[0]) < LINE - indent - 12:
        return f"[{lines[0]}]"
    return "[\n" + "".join(f"{space * 2}{line},\n" for line in lines) + f"{space}]"


def _settings(values: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in values.items())
