"""The gModule that hg.lua makes and train.lua saves (princeton-vl/pose-hg-train, torch/nngraph).

The tensors are those of `reference.layouts`, known by their role. Nodes, edges and the sorted lists
are stored in a shuffled order, so that only the edges tell which module is which.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reference.layouts import Role, Size, state_dict
from torch7.records import Storage, Table, Tensor, Torch, array, table, tensor, view


@dataclass(eq=False)
class Node:
    """A node of the graph: its module (None for input and output) and where it reads from."""

    module: Torch | None
    inputs: list[Node]
    role: str = ""


@dataclass
class Style:
    """The form in which the modules are written.

    Args:
        package: Whose convolutions, ReLUs and poolings, `nn` or `cudnn`.
        kind: The tensors' type.
        old: Two-dimensional weights, one `padding`, and `running_std`.
        flat: Parameters as views of one storage, as after `getParameters()`.
    """

    package: str = "cudnn"
    kind: str = "Double"
    old: bool = False
    flat: bool = True


class Net:
    """hg.lua's network for the tensors of a size and seed."""

    def __init__(self, size: Size, seed: int = 0, style: Style | None = None) -> None:
        self.size = size
        self.style = style or Style()
        self.tensors = {
            name: value.numpy() for name, value in state_dict(size, repr, seed, "").items()
        }
        self.nodes: list[Node] = []
        self.shared = self._flatten() if self.style.flat else {}
        self.input = self.node(None)
        self.output = self.build()

    def _flatten(self) -> dict[str, Tensor]:
        names = [name for name in self.tensors if name.endswith((".weight", ".bias"))]
        storage = Storage(self.style.kind, np.concatenate([self.tensors[n].ravel() for n in names]))
        shared, offset = {}, 1
        for name in names:
            shared[name] = view(storage, self.tensors[name].shape, offset)
            offset += self.tensors[name].size
        return shared

    def node(self, module: Torch | None, *inputs: Node, role: str = "") -> Node:
        self.nodes.append(Node(module, list(inputs), role))
        return self.nodes[-1]

    def parameter(self, role: Role, kind: str) -> Tensor:
        name = f"{role!r}.{kind}"
        return self.shared.get(name) or tensor(self.tensors[name], self.style.kind)

    def empty(self) -> Tensor:
        return Tensor(None, kind=self.style.kind)

    def layer(self, name: str, package: str | None = None, **fields: object) -> Torch:
        package = package or self.style.package
        common = dict(output=self.empty(), gradInput=self.empty(), train=False)
        return Torch(
            f"{package}.{name}", _type=f"torch.{self.style.kind}Tensor", **common, **fields
        )

    def conv(self, role: Role, kernel: int, stride: int = 1) -> Torch:
        weight = self.parameter(role, "weight")
        outputs, inputs = self.tensors[f"{role!r}.weight"].shape[:2]
        padding = dict(padW=kernel // 2, padH=kernel // 2)
        if self.style.old:
            weight = Tensor(
                weight.storage,
                (outputs, inputs * kernel**2),
                (inputs * kernel**2, 1),
                weight.offset,
                weight.kind,
            )
            padding = dict(padding=kernel // 2)
        return self.layer(
            "SpatialConvolutionMM" if self.style.old else "SpatialConvolution",
            nInputPlane=inputs,
            nOutputPlane=outputs,
            **dict(kW=kernel, kH=kernel, dW=stride, dH=stride),
            **padding,
            weight=weight,
            bias=self.parameter(role, "bias"),
            gradWeight=tensor(np.ones(3), self.style.kind),
            iSize=Storage("Long", np.zeros(4, np.int64)),
        )

    def norm(self, role: Role) -> Torch:
        fields: dict[str, object] = dict(eps=1e-5, momentum=0.1, affine=True, nDim=4)
        for name in ("weight", "bias"):
            fields[name] = self.parameter(role, name)
        fields["running_mean"] = self.parameter(role, "running_mean")
        if self.style.old:
            inverse = (self.tensors[f"{role!r}.running_var"] + 1e-5) ** -0.5
            fields["running_std"] = tensor(inverse, self.style.kind)
        else:
            fields["running_var"] = self.parameter(role, "running_var")
        return self.layer("SpatialBatchNormalization", "nn", **fields)

    def relu(self) -> Torch:
        return self.layer("ReLU", inplace=True, threshold=0, val=0)

    def pool(self) -> Torch:
        fields = dict(kW=2, kH=2, dW=2, dH=2, padW=0, padH=0, ceil_mode=False)
        return self.layer("SpatialMaxPooling", **fields)

    def container(self, name: str, *modules: Torch) -> Torch:
        return self.layer(name, "nn", modules=array(*modules))

    def add(self, *inputs: Node, role: str = "") -> Node:
        return self.node(self.layer("CAddTable", "nn", inplace=False), *inputs, role=role)

    def residual(self, role: Role, x: Node) -> Node:
        layers = []
        for index, kernel in ((1, 1), (2, 3), (3, 1)):
            layers += [self.norm((*role, f"bn{index}")), self.relu()]
            layers += [self.conv((*role, f"conv{index}"), kernel)]
        skip = self.layer("Identity", "nn")
        if f"{(*role, 'skip')!r}.weight" in self.tensors:
            skip = self.container("Sequential", self.conv((*role, "skip"), 1))
        branches = self.container("ConcatTable", self.container("Sequential", *layers), skip)
        module = self.container("Sequential", branches, self.layer("CAddTable", "nn", inplace=True))
        return self.node(module, x, role=repr(role))

    def residuals(self, role: Role, x: Node) -> Node:
        for block in range(self.size.num_blocks):
            x = self.residual((*role, block), x)
        return x

    def linear(self, role: Role, x: Node) -> Node:
        stem = role == ("stem",)
        conv = self.conv((*role, "conv"), *((7, 2) if stem else (1, 1)))
        x = self.node(self.norm((*role, "bn")), self.node(conv, x))
        return self.node(self.relu(), x, role=repr(role))

    def hourglass(self, x: Node, stack: int, level: int) -> Node:
        role = ("hourglass", stack, level)
        skip = self.residuals((*role, "skip"), x)
        y = self.residuals((*role, "down"), self.node(self.pool(), x))
        deeper = level < self.size.depth - 1
        y = self.hourglass(y, stack, level + 1) if deeper else self.residuals((*role, "bottom"), y)
        y = self.residuals((*role, "up"), y)
        up = self.node(self.layer("SpatialUpSamplingNearest", "nn", scale_factor=2), y)
        return self.add(skip, up, role=repr(role))

    def build(self) -> Node:
        x = self.node(self.layer("Identity", "nn"), self.input)
        x = self.residual(("stem", 0), self.linear(("stem",), x))
        x = self.residual(("stem", 1), self.node(self.pool(), x))
        x = self.residual(("stem", 2), x)
        outputs = []
        for stack in range(self.size.num_stacks):
            y = self.residuals(("features", stack), self.hourglass(x, stack, 0))
            y = self.linear(("linear", stack), y)
            heatmaps = self.node(self.conv(("heatmaps", stack), 1), y, role=f"heatmaps {stack}")
            outputs.append(heatmaps)
            if stack < self.size.num_stacks - 1:
                features = self.node(self.conv(("merge_features", stack), 1), y)
                merged = self.node(self.conv(("merge_heatmaps", stack), 1), heatmaps)
                x = self.add(x, features, merged, role=f"sum {stack}")
        return self.node(None, *outputs)


def topological(nodes: Sequence[Node], rng: random.Random) -> Iterator[Node]:
    """Return the nodes in a random order that has inputs first, where there is one."""
    left = list(nodes)
    rng.shuffle(left)
    done: set[int] = set()
    while left:
        ready = [node for node in left if all(id(source) in done for source in node.inputs)]
        if not ready:
            yield from left
            return
        yield from ready
        done |= {id(node) for node in ready}
        left = [node for node in left if id(node) not in done]


def gmodule(net: Net, seed: int = 0, *, mapindex: bool = True) -> Torch:
    """Make the nn.gModule of a network, everything in it that has an order shuffled."""
    rng = random.Random(seed)
    reachable: dict[int, Node] = {}
    waiting = [net.output]
    while waiting:
        node = waiting.pop()
        if id(node) not in reachable:
            reachable[id(node)] = node
            waiting += node.inputs
    nodes = list(reachable.values())
    rng.shuffle(nodes)
    datas = {
        id(node): table(annotations=table(_debugLabel="[hg.lua]:1"), forwardNodeId=float(index))
        for index, node in enumerate(nodes)
    }
    for node in nodes:
        if node.module is not None:
            datas[id(node)].pairs.append(("module", node.module))
        if mapindex:
            sources = [datas[id(source)] for source in node.inputs]
            both = [*enumerate(sources, 1), *((data, i) for i, data in enumerate(sources, 1))]
            datas[id(node)].pairs.append(("mapindex", Table(both)))

    def graph(forward: bool) -> tuple[Torch, dict[int, Torch]]:
        """Return a graph whose nodes share their data with those of the reversed graph."""
        made = {
            id(node): Torch("nngraph.Node", data=datas[id(node)], id=float(index), visited=False)
            for index, node in enumerate(nodes, 1)
        }
        pairs = [(source, node) for node in nodes for source in node.inputs]
        rng.shuffle(pairs)
        children: dict[int, list[Torch]] = {id(node): [] for node in nodes}
        edges = []
        for source, target in pairs if forward else [pair[::-1] for pair in pairs]:
            edge = Torch("graph.Edge", to=made[id(target)])
            edge.set("from", made[id(source)])
            edges.append(edge)
            children[id(source)].append(made[id(target)])
        for node in nodes:
            made[id(node)].set("children", indexed(children[id(node)]))
        listed = indexed([made[id(node)] for node in nodes])
        return Torch("graph.Graph", nodes=listed, edges=indexed(edges)), made

    fg, forward = graph(True)
    bg, backward = graph(False)
    order = list(topological(nodes, rng))
    modules = [node.module for node in order if node.module is not None]
    return Torch(
        "nn.gModule",
        bg=bg,
        forwardnodes=array(*(forward[id(node)] for node in order)),
        backwardnodes=array(*(backward[id(node)] for node in reversed(order))),
        modules=array(*modules),
        innode=forward[id(net.input)],
        outnode=backward[id(net.output)],
        nInputs=1.0,
        output=Table(),
        verbose=False,
        fg=fg,
    )


def indexed(items: Sequence[object]) -> Table:
    """List items as graph does: by number, and the number by item."""
    numbers = list(enumerate(items, 1))
    return Table([*numbers, *((item, number) for number, item in numbers)])
