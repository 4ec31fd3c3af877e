"""The authors' networks, recognized by the edges of their graphs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mmhg.checkpoints import read_network
from mmhg.checkpoints.convert import Network
from mmhg.errors import InputError
from reference.layouts import Size, ours
from torch7.hg_lua import Net, Node, Style, gmodule
from torch7.records import Table, Torch, array, dump, table, tensor

SMALL = Size(num_stacks=1, depth=2)
TWO = Size(num_stacks=2, depth=2)


def read(content: object, tmp_path: Path, *, ascii_file: bool = False) -> Network:
    path = tmp_path / "model.t7"
    path.write_bytes(dump(content, ascii_file=ascii_file))
    return read_network(path)


def expected(size: Size, seed: int = 0) -> dict[str, Tensor]:
    return {
        name: value * 0 if name.endswith("num_batches_tracked") else value
        for name, value in ours(size, seed=seed, prefix="backbone.").items()
    }


def same(found: dict[str, Tensor], wanted: dict[str, Tensor], tolerance: float = 0) -> None:
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(
            found[name], value, rtol=tolerance, atol=0, check_dtype=False, msg=name
        )


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_nodes_and_edges_does_not_matter(seed: int, tmp_path: Path) -> None:
    size = Size(num_stacks=3, num_blocks=2, depth=3)
    found = read(gmodule(Net(size), seed), tmp_path)
    same(found.state, expected(size))
    assert found.source == "torch7"
    assert found.mean == (0, 0, 0)
    assert found.structure.settings() == dict(
        num_stacks=3,
        depth=3,
        num_blocks=2,
        channels=8,
        stem_channels=(4, 6, 6),
        num_keypoints=3,
        in_channels=3,
    )
    assert all(name.endswith("num_batches_tracked") for name in found.filled)


@pytest.mark.parametrize(
    ("style", "tolerance"),
    [
        (Style(), 0),
        (Style(package="nn", flat=False), 0),
        (Style(old=True), 1e-14),
        (Style(kind="Cuda"), 1e-6),
        (Style(kind="Float", old=True), 1e-5),
    ],
    ids=["cudnn", "nn", "old", "cuda", "old float"],
)
@pytest.mark.parametrize("ascii_file", [False, True], ids=["binary", "ascii"])
def test_ways_to_write_it(style: Style, tolerance: float, ascii_file: bool, tmp_path: Path) -> None:
    found = read(gmodule(Net(TWO, style=style)), tmp_path, ascii_file=ascii_file)
    same(found.state, expected(TWO), tolerance)


def test_eight_stacks_of_the_papers_depth(tmp_path: Path) -> None:
    size = Size(num_stacks=8)
    found = read(gmodule(Net(size, seed=4)), tmp_path)
    same(found.state, expected(size, seed=4))
    convs = sum(1 for value in found.state.values() if value.ndim == 4)
    norms = sum(name.endswith("running_var") for name in found.state)
    # Per stack 14 residuals and a linear layer; in the stem 3 residuals, two of them with a skip.
    assert (convs, norms) == (
        8 * (14 * 3 + 2) + 7 * 2 + 1 + 3 * 3 + 2,
        8 * (14 * 3 + 1) + 1 + 3 * 3,
    )
    assert found.dropped == {
        f"cudnn.SpatialConvolution.gradWeight ({convs})": (
            "a buffer: neither weight nor bias nor running statistics"
        )
    }


@pytest.mark.parametrize(
    "wrap",
    [
        lambda net: Torch("nn.DataParallelTable", modules=array(net, net)),
        lambda net: Torch("nn.Sequential", modules=array(net)),
        lambda net: table(epoch=3.0, model=net, name="hg"),
        lambda net: table(model=Torch("nn.DataParallelTable", modules=array(net))),
        lambda net: array(net),
    ],
    ids=["DataParallelTable", "Sequential", "table", "both", "list"],
)
def test_wrapped(wrap: Callable, tmp_path: Path) -> None:
    same(read(wrap(gmodule(Net(SMALL))), tmp_path).state, expected(SMALL))


def node_of(net: Net, role: str) -> Node:
    (node,) = (node for node in net.nodes if node.role == role)
    return node


def swap_modules(net: Net, first: str, second: str) -> None:
    a, b = node_of(net, first), node_of(net, second)
    a.module, b.module = b.module, a.module


def swap_inputs(net: Net, first: str, second: str) -> None:
    a, b = node_of(net, first), node_of(net, second)
    a.inputs, b.inputs = b.inputs, a.inputs


OUTER, INNER = "('hourglass', 0, 0, 'skip', 0)", "('hourglass', 0, 1, 'skip', 0)"
DOWN, UP = "('hourglass', 0, 0, 'down', 0)", "('hourglass', 0, 0, 'up', 0)"


def test_swapped_modules_are_swapped_in_the_result(tmp_path: Path) -> None:
    net = Net(TWO)
    swap_modules(net, OUTER, INNER)
    found = read(gmodule(net), tmp_path).state
    wanted = expected(TWO)
    outer, inner = "stacks.0.hourglass.skip.0.", "stacks.0.hourglass.inner.skip.0."
    names = {name: name.replace(outer, inner) for name in wanted if outer in name}
    swapped = names | {b: a for a, b in names.items()}
    assert not all(torch.equal(found[name], wanted[name]) for name in names)
    same(found, {name: wanted[swapped.get(name, name)] for name in wanted})


@pytest.mark.parametrize(
    ("first", "second"), [(OUTER, INNER), (DOWN, UP), ("heatmaps 0", "heatmaps 1")]
)
def test_swapped_edges_are_refused(first: str, second: str, tmp_path: Path) -> None:
    net = Net(TWO)
    swap_inputs(net, first, second)
    with pytest.raises(InputError):
        read(gmodule(net), tmp_path)


def test_edges_that_mapindex_contradicts_are_refused(tmp_path: Path) -> None:
    content = gmodule(Net(TWO))
    edges = content.get("fg").get("edges").pairs
    listed = [edge for key, edge in edges if isinstance(key, int)]
    residuals = [
        edge
        for edge in listed
        if isinstance(module := dict(edge.get("to").get("data").pairs).get("module"), Torch)
        and module.name == "nn.Sequential"
    ]
    first, second = residuals[:2]
    source = first.get("from")
    first.set("from", second.get("from"))
    second.set("from", source)
    with pytest.raises(InputError, match="edges and the mapindex of a node"):
        read(content, tmp_path)


def test_nodes_in_an_impossible_order_are_refused(tmp_path: Path) -> None:
    content = gmodule(Net(SMALL))
    nodes = [node for _, node in content.get("forwardnodes").pairs]
    content.set("forwardnodes", array(*reversed(nodes)))
    with pytest.raises(InputError, match="forwardnodes has a node ahead of its input"):
        read(content, tmp_path)
    content.set("forwardnodes", array(*nodes[1:]))
    with pytest.raises(InputError, match="edges and forwardnodes name other nodes"):
        read(content, tmp_path)


def test_graphs_without_mapindex_are_read(tmp_path: Path) -> None:
    same(read(gmodule(Net(TWO), mapindex=False), tmp_path).state, expected(TWO))


def post_activation(net: Net) -> None:
    block = node_of(net, OUTER).module.get("modules").pairs[0][1].get("modules").pairs[0][1]
    layers = [layer for _, layer in block.get("modules").pairs]
    block.set("modules", array(*layers[2:], *layers[:2]))


def concatenation(net: Net) -> None:
    first = net.output.inputs[0]
    joined = net.node(Torch("nn.JoinTable", dimension=2.0), first.inputs[0])
    first.inputs[0] = joined


@pytest.mark.parametrize("change", [post_activation, concatenation])
def test_the_demos_network_is_refused_by_name(change: Callable, tmp_path: Path) -> None:
    net = Net(SMALL)
    change(net)
    with pytest.raises(InputError, match=r"that of pose-hg-demo \(2 stacks, post-activation"):
        read(gmodule(net), tmp_path)


def test_an_early_hg_lua_is_refused_by_name(tmp_path: Path) -> None:
    net = Net(SMALL)
    (conv,) = (n for n in net.nodes if n.inputs and n.inputs[0].role == "('features', 0, 0)")
    conv.inputs = node_of(net, "('features', 0, 0)").inputs
    with pytest.raises(InputError, match=r"network of an early hg\.lua"):
        read(gmodule(net), tmp_path)


def module_of(kind: str, net: Net) -> Torch:
    return next(n.module for n in net.nodes if n.module and n.module.name.endswith(kind))


@pytest.mark.parametrize(
    ("kind", "field", "value", "message"),
    [
        ("SpatialConvolution", "kW", 5.0, "has kernel, stride, padding and groups"),
        ("SpatialConvolution", "padW", 0.0, "has kernel, stride, padding and groups"),
        ("SpatialConvolution", "groups", 2.0, "has kernel, stride, padding and groups"),
        ("SpatialConvolution", "bias", None, "SpatialConvolution has no bias of numbers"),
        ("SpatialConvolution", "weight", "w", "SpatialConvolution has no weight of numbers"),
        ("SpatialConvolution", "nOutputPlane", 5.0, "for 5 outputs"),
        ("SpatialBatchNormalization", "eps", 1e-3, "has eps 0.001, the network's is 1e-05"),
        ("SpatialBatchNormalization", "weight", None, "has no weight of numbers"),
        ("SpatialBatchNormalization", "running_var", None, "has no running_var of numbers"),
        ("SpatialMaxPooling", "kW", 3.0, "hg.lua by 2 x 2"),
        ("SpatialMaxPooling", "ceil_mode", True, "hg.lua by 2 x 2"),
        ("SpatialUpSamplingNearest", "scale_factor", 4.0, "upsamples by 4.0, hg.lua by 2"),
    ],
)
def test_other_settings_are_refused(
    kind: str, field: str, value: object, message: str, tmp_path: Path
) -> None:
    net = Net(SMALL)
    module_of(kind, net).set(field, value)
    with pytest.raises(InputError, match=rf"model\.t7: .*{message}"):
        read(gmodule(net), tmp_path)


@pytest.mark.parametrize("kind", ["ReLU", "CAddTable", "SpatialConvolution", "Identity"])
def test_other_modules_are_refused(kind: str, tmp_path: Path) -> None:
    net = Net(SMALL)
    module_of(kind, net).name = "nn.Sigmoid"
    with pytest.raises(InputError, match=r"nn\.Sigmoid|2 inputs in place of one"):
        read(gmodule(net), tmp_path)


def test_a_module_at_two_places_is_refused(tmp_path: Path) -> None:
    net = Net(SMALL)
    node_of(net, OUTER).module = node_of(net, INNER).module
    with pytest.raises(InputError, match=r"nn\.Sequential is at two places"):
        read(gmodule(net), tmp_path)


def test_modules_beyond_the_network_are_refused(tmp_path: Path) -> None:
    net = Net(SMALL)
    net.output.inputs.append(net.node(net.relu(), net.output.inputs[0]))
    with pytest.raises(InputError, match=r"model\.t7: "):
        read(gmodule(net), tmp_path)


@pytest.mark.parametrize("place", ["skip", "down", "up", "bottom"])
def test_another_number_of_residuals_is_refused(place: str, tmp_path: Path) -> None:
    size = Size(num_stacks=1, depth=1, num_blocks=2)
    net = Net(size)
    second = node_of(net, f"('hourglass', 0, 0, '{place}', 1)")
    for node in net.nodes:
        node.inputs = [second.inputs[0] if source is second else source for source in node.inputs]
    with pytest.raises(InputError, match="residuals"):
        read(gmodule(net), tmp_path)


def test_a_cycle_is_refused(tmp_path: Path) -> None:
    content = gmodule(Net(SMALL), mapindex=False)
    content.set("forwardnodes", None)
    edges = [edge for key, edge in content.get("fg").get("edges").pairs if isinstance(key, int)]
    up = next(
        edge
        for edge in edges
        if isinstance(module := dict(edge.get("to").get("data").pairs).get("module"), Torch)
        and module.name == "nn.SpatialUpSamplingNearest"
    )
    residual = up.get("from")
    into = next(edge for edge in edges if edge.get("to") is residual)
    into.set("from", residual)
    with pytest.raises(InputError, match="cycle"):
        read(content, tmp_path)


def test_a_weight_that_is_larger_than_its_storage_is_refused(tmp_path: Path) -> None:
    net = Net(SMALL)
    weight = module_of("SpatialConvolution", net).get("weight")
    weight.strides = (0,) * len(weight.strides)
    weight.shape = (2**40, *weight.shape[1:])
    with pytest.raises(InputError, match=r"model\.t7: "):
        read(gmodule(net), tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (1.0, "it holds a float without one nn.gModule"),
        (table(a=1.0), "it holds a table without one nn.gModule"),
        (tensor(np.ones(3), "Float"), "it holds a ndarray without one nn.gModule"),
        (Torch("nn.Sequential", modules=array()), "it holds nn.Sequential without one nn.gModule"),
        (Torch("nn.gModule", fg=table()), "no graph with edges"),
        (Torch("nn.gModule", fg=Torch("graph.Graph", edges=array(1.0))), "edge without a node"),
        (Torch("nn.gModule"), "no graph with edges"),
    ],
)
def test_other_contents_are_refused(content: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(content, tmp_path)


def test_two_networks_are_refused(tmp_path: Path) -> None:
    content = table(a=gmodule(Net(SMALL)), b=gmodule(Net(SMALL)))
    with pytest.raises(InputError, match=r"without one nn\.gModule"):
        read(content, tmp_path)


def test_a_wrapper_that_holds_itself_is_refused(tmp_path: Path) -> None:
    content = Torch("nn.Sequential", modules=Table())
    content.get("modules").pairs.append((1.0, content))
    with pytest.raises(InputError, match=r"without one nn\.gModule"):
        read(content, tmp_path)


def test_a_wrong_source_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.t7"
    path.write_bytes(dump(gmodule(Net(SMALL))))
    with pytest.raises(InputError, match="it is a Torch7 file, so it cannot be princeton's"):
        read_network(path, "princeton")
