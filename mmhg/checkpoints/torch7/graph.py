"""Read the authors' network from a saved nngraph gModule, by the edges of its graph.

All residuals inside the hourglasses have the same shape, so shapes would not reveal a swap, and the
list of modules is in the order in which the graph was sorted. The role of a module is therefore
read from its connections alone, from the outputs back to the image, as hg.lua
(princeton-vl/pose-hg-train) made them. Its order and nngraph's other records are only compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mmhg.checkpoints.structure import DEEPEST
from mmhg.checkpoints.torch7.file import Table
from mmhg.checkpoints.torch7.modules import (
    ADD,
    CONV,
    DEMO,
    IDENTITY,
    POOL,
    RELU,
    SEQUENTIAL,
    UPSAMPLE,
    Weights,
    children,
    expect,
    is_a,
    is_of_demo,
    kind_of,
    number,
)
from mmhg.errors import InputError

NETWORKS = ("nn.gModule", "nn.DataParallelTable", "nn.Sequential")

EARLY = (
    "there is no residual between an hourglass and its linear layer. This is the network of an "
    "early hg.lua, which HourglassBackbone cannot represent"
)


@dataclass(eq=False)
class Node:
    """A node of the graph.

    Attributes:
        data: nngraph's table of the node, by which it is identified.
        inputs: The nodes that it reads, in the order of the edges.
        readers: The nodes that read its output.
    """

    data: Table
    inputs: list[Node] = field(default_factory=list)
    readers: list[Node] = field(default_factory=list)

    @property
    def module(self) -> Any:
        """Return its module; the nodes of input and output have none."""
        return self.data.get("module")


def find_gmodule(content: Any) -> Table:
    """Find the one nn.gModule of a file, also in a table, Sequential or DataParallelTable.

    Raises:
        InputError: There is none, or several.
    """
    seen: set[int] = set()
    inside = [content]
    while len(inside) == 1 and isinstance(inside[0], Table) and id(inside[0]) not in seen:
        (table,) = inside
        if table.class_name == "nn.gModule":
            return table
        seen.add(id(table))
        inside = _inside(table)
    raise InputError(f"it holds {kind_of(content)} without one nn.gModule: not hg.lua's network")


def _inside(table: Table) -> list[Any]:
    """List the modules inside a wrapper, or the networks among a table's values."""
    if table.class_name == "nn.DataParallelTable":
        return children(table)[:1]  # the others are copies for further devices
    if table.class_name:
        return children(table)
    values = (value for value in table.fields.values() if isinstance(value, Table))
    return list({id(value): value for value in values if value.class_name in NETWORKS}.values())


def read_nodes(gmodule: Table) -> list[Node]:
    """Read the nodes of the forward graph and their connections.

    Raises:
        InputError: The graph is damaged, or contradicts nngraph's other records.
    """
    graph = gmodule.get("fg")
    edges = graph.get("edges") if isinstance(graph, Table) else None
    if not isinstance(edges, Table) or not edges.array():
        raise InputError("its nn.gModule has no graph with edges")
    nodes: dict[int, Node] = {}
    for edge in edges.array():
        ends = [edge.get(name) if isinstance(edge, Table) else None for name in ("from", "to")]
        source, target = (_node(nodes, end) for end in ends)
        if source in target.inputs:
            raise InputError("its graph has an edge twice")
        target.inputs.append(source)
        source.readers.append(target)
    found = list(nodes.values())
    for node in found:
        _compare_with_mapindex(node)
    _compare_with_order(gmodule, nodes)
    return found


def _node(nodes: dict[int, Node], end: Any) -> Node:
    """Return the node of an edge's end. nngraph copies nodes but shares their data."""
    data = end.get("data") if isinstance(end, Table) else None
    if not isinstance(data, Table):
        raise InputError("its graph has an edge without a node")
    return nodes.setdefault(id(data), Node(data))


def _compare_with_mapindex(node: Node) -> None:
    """Compare a node's inputs with those that nngraph records in it."""
    mapindex = node.data.get("mapindex")
    if isinstance(mapindex, Table) and node.inputs:
        noted = {id(data) for data in mapindex.array()}
        if noted != {id(source.data) for source in node.inputs}:
            raise InputError(
                f"its graph contradicts itself: the edges and the mapindex of a node of "
                f"{kind_of(node.module)} give different inputs"
            )


def _compare_with_order(gmodule: Table, nodes: dict[int, Node]) -> None:
    """Check nngraph's order of running the nodes: inputs must come first."""
    noted = gmodule.get("forwardnodes")
    if not isinstance(noted, Table):
        return
    datas = [node.get("data") if isinstance(node, Table) else None for node in noted.array()]
    order = {id(data): index for index, data in enumerate(datas)}
    if order.keys() != nodes.keys():
        raise InputError("its graph contradicts itself: edges and forwardnodes name other nodes")
    for key, node in nodes.items():
        if any(order[id(source.data)] >= order[key] for source in node.inputs):
            raise InputError(
                "its graph contradicts itself: forwardnodes has a node ahead of its input"
            )


class Walk:
    """A walk from the outputs of hg.lua's network to the image, which names every module."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.weights = Weights()
        self.taken: set[int] = set()
        self.num_blocks = 0

    def network(self) -> Weights:
        """Walk through the whole network.

        Raises:
            InputError: The graph is not hg.lua's. The message says where it differs.
        """
        if any(is_of_demo(node.module) for node in self.nodes):
            raise InputError(DEMO)
        ends = [node for node in self.nodes if not node.readers]
        if len(ends) != 1 or ends[0].module is not None:
            raise InputError(
                f"its graph has {len(ends)} ends, hg.lua's has one. It is another network"
            )
        outputs = ends[0].inputs
        last = [node for node in outputs if node.readers == ends]
        if len(last) != 1:
            raise InputError(f"{len(last)} of its outputs feed no further stack. It should be one")
        (prediction,) = last
        found: list[Node] = []
        following: tuple[Node, Node] | None = None
        for index in reversed(range(len(outputs))):
            found.insert(0, prediction)
            features, start = self.stack(prediction, f"backbone.stacks.{index}")
            if following not in (None, (features, start)):
                raise InputError(f"stack {index + 1} takes features or input of another stack")
            if index:
                name = f"backbone.stacks.{index - 1}"
                prediction, *rest = self.reinjection(start, name)
                following = rest[0], rest[1]
        self.stem(start)
        self._check_outputs(ends[0], found)
        left = [node for node in self.nodes if node.module is not None]
        left = [node for node in left if id(node.module) not in self.taken]
        if left:
            kinds = ", ".join(sorted({kind_of(node.module) for node in left}))
            raise InputError(f"{len(left)} modules do not belong to hg.lua's network: {kinds}")
        return self.weights

    def stem(self, end: Node) -> None:
        """Walk from the first stack's input back to the image."""
        self.residual(end, "backbone.stem.6")
        middle = self.only(end)
        self.residual(middle, "backbone.stem.5")
        pool = self.only(middle)
        self.pool(pool, "backbone.stem.4")
        first = self.only(pool)
        self.residual(first, "backbone.stem.3")
        relu = self.only(first)
        norm = self.only(relu)
        conv = self.only(norm)
        self.conv_norm_relu((conv, norm, relu), "backbone.stem", kernel=7, stride=2)
        image = self.only(conv)
        if image.module is not None:
            expect(self.take(image), IDENTITY, "the input")
            image = self.only(image)
        if image.module is not None or image.inputs:
            raise InputError(f"the stem takes {kind_of(image.module)}, not the image")

    def stack(self, prediction: Node, name: str) -> tuple[Node, Node]:
        """Walk from a stack's heatmaps to its input. Return the nodes of its features and input."""
        self.weights.conv(self.take(prediction), f"{name}.prediction", kernel=1)
        features = self.only(prediction)
        norm = self.only(features)
        conv = self.only(norm)
        chain, end = self.chain(self.only(conv))
        if not chain:
            raise InputError(EARLY)
        self.conv_norm_relu((conv, norm, features), f"{name}.features", first=len(chain))
        start = self.hourglass(end, f"{name}.hourglass", depth=1)
        self.residuals(chain, f"{name}.features")
        return features, start

    def hourglass(self, end: Node, name: str, depth: int) -> Node:
        """Walk from an hourglass's sum back to its input, and return that."""
        if depth > DEEPEST:
            raise InputError(f"its hourglasses are deeper than {DEEPEST}")
        expect(self.take(end), ADD, name)
        ups = [node for node in end.inputs if is_a(node.module, UPSAMPLE)]
        skips = [node for node in end.inputs if node not in ups]
        if len(ups) != 1 or len(skips) != 1:
            raise InputError(
                f"{name} adds up {len(end.inputs)} inputs, {len(ups)} of them upsampled. hg.lua's "
                "has two, one of them upsampled"
            )
        (up,), (skip,) = ups, skips
        self.upsample(up, f"{name}.up")
        chain, below = self.chain(self.only(up))
        if is_a(below.module, ADD):
            inner = self.hourglass(below, f"{name}.inner", depth + 1)
            self.residuals(chain, f"{name}.up")
            chain, below = self.chain(inner)
        else:
            expect(below.module, POOL, f"what {name}.up comes after")
            third = len(chain) // 3
            self.residuals(chain[:third], f"{name}.up")
            self.residuals(chain[third : 2 * third], f"{name}.inner")
            chain = chain[2 * third :]
        self.residuals(chain, f"{name}.down", first=1)
        self.pool(below, f"{name}.down.0")
        start = self.only(below)
        chain, begin = self.chain(skip, start)
        if begin is not start:
            raise InputError(f"{name}.skip does not begin where the hourglass does")
        self.residuals(chain, f"{name}.skip")
        return start

    def reinjection(self, end: Node, name: str) -> tuple[Node, Node, Node]:
        """Walk from the next stack's input to this stack's heatmaps, features and input."""
        expect(self.take(end), ADD, f"the input of the stack after {name}")
        convs = [node for node in end.inputs if is_a(node.module, CONV)]
        others = [node for node in end.inputs if node not in convs]
        heatmaps = [node for node in convs if is_a(self.only(node).module, CONV)]
        features = [node for node in convs if node not in heatmaps]
        if not len(heatmaps) == len(features) == len(others) == 1:
            raise InputError(
                f"{name} re-injects {len(end.inputs)} inputs, {len(heatmaps)} of heatmaps and "
                f"{len(features)} of features. hg.lua's has one of each, and its own input"
            )
        self.weights.conv(self.take(heatmaps[0]), f"{name}.reinject_heatmaps", kernel=1)
        self.weights.conv(self.take(features[0]), f"{name}.reinject_features", kernel=1)
        return self.only(heatmaps[0]), self.only(features[0]), others[0]

    def conv_norm_relu(
        self,
        nodes: tuple[Node, Node, Node],
        name: str,
        first: int = 0,
        kernel: int = 1,
        stride: int = 1,
    ) -> None:
        """Name a convolution, a batch norm and a ReLU in three consecutive places."""
        conv, norm, relu = map(self.take, nodes)
        self.weights.conv(conv, f"{name}.{first}", kernel, stride)
        self.weights.norm(norm, f"{name}.{first + 1}")
        expect(relu, RELU, f"{name}.{first + 2}")

    def chain(self, end: Node, stop: Node | None = None) -> tuple[list[Node], Node]:
        """Collect consecutive residuals, the last one first, and the node before them."""
        found = []
        while end is not stop and is_a(end.module, SEQUENTIAL):
            found.append(end)
            if len(found) > len(self.nodes):
                raise InputError("its graph has a cycle")
            end = self.only(end)
        return found, end

    def residuals(self, backwards: list[Node], name: str, first: int = 0) -> None:
        """Name the residuals at one place, which are as many as at the others."""
        self.num_blocks = self.num_blocks or len(backwards)
        if not backwards or len(backwards) != self.num_blocks:
            elsewhere = self.num_blocks or "some"
            raise InputError(
                f"{name} has {len(backwards)} residuals, elsewhere there are {elsewhere}"
            )
        for index, node in enumerate(reversed(backwards), first):
            self.residual(node, f"{name}.{index}")

    def residual(self, node: Node, name: str) -> None:
        """Name a residual."""
        self.weights.residual(self.take(node), name)

    def pool(self, node: Node, name: str) -> None:
        """Check that a node is a max-pooling of 2 x 2."""
        module = expect(self.take(node), POOL, name)
        found = [number(module, key, default=2) for key in ("kW", "kH", "dW", "dH")]
        padding = [number(module, key, default=0) for key in ("padW", "padH")]
        if found != [2] * 4 or any(padding) or module.get("ceil_mode") is True:
            raise InputError(f"{name} pools by {found} with padding {padding}, hg.lua by 2 x 2")

    def upsample(self, node: Node, name: str) -> None:
        """Check that a node is a nearest upsampling by 2."""
        module = expect(self.take(node), UPSAMPLE, name)
        if (factor := number(module, "scale_factor", default=2)) != 2:
            raise InputError(f"{name} upsamples by {factor}, hg.lua by 2")

    def take(self, node: Node) -> Any:
        """Return a node's module, which no other place of the network may have."""
        key = id(node.module) if node.module is not None else id(node)
        if key in self.taken:
            raise InputError(f"{kind_of(node.module)} is at two places of the network")
        self.taken.add(key)
        return node.module

    def only(self, node: Node) -> Node:
        """Return the one input of a node."""
        if len(node.inputs) != 1:
            raise InputError(
                f"{kind_of(node.module)} has {len(node.inputs)} inputs in place of one. It is not "
                "hg.lua's network"
            )
        return node.inputs[0]

    def _check_outputs(self, end: Node, found: list[Node]) -> None:
        """Check that the heatmaps are the outputs, in this order where one is recorded."""
        mapindex = end.data.get("mapindex")
        noted = mapindex.array() if isinstance(mapindex, Table) else []
        order = [node.data for node in found]
        if set(end.inputs) != set(found) or (noted and noted != order):
            raise InputError("its outputs are not the heatmaps of its stacks, from first to last")
