"""Options of backbone and head: what is valid builds and has the documented shapes."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmpose.registry import MODELS

from mmhg.errors import InputError

bounded = settings(deadline=None, derandomize=True, database=None, max_examples=30)

VALID = dict(
    num_stacks=st.integers(1, 3),
    num_keypoints=st.integers(1, 5),
    in_channels=st.integers(1, 4),
    channels=st.sampled_from([2, 4, 6, 8]),
    depth=st.integers(1, 3),
    num_blocks=st.integers(1, 2),
    stem_channels=st.tuples(st.integers(1, 5), *[st.sampled_from([2, 4, 6])] * 2),
    output=st.sampled_from(["heatmaps", "features", "pyramid"]),
    with_cp=st.booleans(),
    norm_eval=st.booleans(),
)
WRONG = st.sampled_from([0, -1, 3, 1.5, None, "2", (), [], (4, 4), (4, 3, 4), True, {}, "x"])


@bounded
@given(st.fixed_dictionaries(VALID), st.integers(1, 3), st.integers(1, 3))
def test_valid_backbones_give_the_documented_shapes(options, rows, columns):
    step = 4 * 2 ** options["depth"]
    height, width = rows * step, columns * step
    frozen = options["num_stacks"] - 1
    backbone = MODELS.build(dict(type="HourglassBackbone", frozen_stages=frozen, **options))
    images = torch.zeros(2, options["in_channels"], height, width)
    with torch.no_grad():
        outputs = backbone.eval()(images)
    if options["output"] == "pyramid":
        expected = [
            (2, options["channels"], height // 4 >> level, width // 4 >> level)
            for level in range(options["depth"] + 1)
        ]
    else:
        name = "num_keypoints" if options["output"] == "heatmaps" else "channels"
        expected = [(2, options[name], height // 4, width // 4)] * options["num_stacks"]
    assert [tuple(output.shape) for output in outputs] == expected
    assert not any(parameter.requires_grad for parameter in backbone.stem.parameters())
    assert any(parameter.requires_grad for parameter in backbone.stacks[-1].parameters())


@bounded
@given(st.sampled_from(sorted({*VALID} - {"with_cp", "norm_eval", "channels"})), WRONG)
def test_other_options_are_refused_by_name(name, value):
    small = dict(num_stacks=1, channels=4, depth=1, stem_channels=(2, 2, 2), num_keypoints=2)
    try:
        backbone = MODELS.build(dict(type="HourglassBackbone", **(small | {name: value})))
    except InputError as error:
        assert name in str(error)
        return
    except Exception as error:
        raise AssertionError(f"{name}={value!r}: {error!r}") from error
    images = torch.zeros(1, backbone.in_channels, 64, 64)
    assert len(backbone.eval()(images)) in (1, 2, 3)


HEADS = st.fixed_dictionaries(
    {},
    optional=dict(
        in_channels=st.integers(1, 4),
        out_channels=st.integers(1, 4),
        num_stages=st.integers(1, 3),
        final_layer=st.sampled_from([None, dict(kernel_size=1)]),
        loss_weights=st.lists(st.floats(0, 2), min_size=1, max_size=3),
    ),
)


@bounded
@given(HEADS, st.integers(1, 3), st.integers(1, 4))
def test_heads_give_a_heatmap_for_each_stack_or_say_why_not(options, stacks, channels):
    try:
        head = MODELS.build(dict(type="MultiStageHeatmapHead", **options))
        layers = options.get("final_layer") is not None
        if layers and options["in_channels"] != channels:
            return
        heatmaps = head([torch.zeros(2, channels, 8, 6) for _ in range(stacks)])
    except InputError as error:
        named = ("in_channels", "out_channels", "num_stages", "loss_weights")
        assert any(name in str(error) for name in named)
        return
    width = options["out_channels"] if layers else channels
    assert len(heatmaps) in (1, stacks)
    assert all(heatmap.shape == (2, width, 8, 6) for heatmap in heatmaps)
