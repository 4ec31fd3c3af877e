"""The networks of the study: `python -m studies.lspet_peers.networks` checks what they cost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmhg  # noqa: F401  registers the classes of configs
from mmhg.errors import InputError
from mmhg.models.complexity import Complexity, measure_complexity
from mmhg.utils.table import table

OURS = {
    "hg1": "hourglass, 1 stack",
    "hg2": "hourglass, 2 stacks",
    "hg4": "hourglass, 4 stacks",
}
OTHERS = {
    "hourglassnet": "MMPose's HourglassNet",
    "simple_baseline": "SimpleBaseline, ResNet-18",
    "hrnet": "HRNet",
    "lite_hrnet": "Lite-HRNet",
    "mobilenet_v2": "MobileNetV2, SimpleBaseline's head",
    "vit": "ViT, ViTPose's head",
}
NETWORKS = OURS | OTHERS
"""Title of each config in `configs`."""

GMACS = 0.48
"""Of slim `hg2` at 128 px, by PyTorch's counter."""
TOLERANCE = 0.15
CONFIGS = Path(__file__).parent / "configs"


def config_path(name: str) -> Path:
    """Return the config of a network.

    Raises:
        InputError: The study has no such network.
    """
    if name not in NETWORKS:
        raise InputError(f"the study has no network {name!r}. It has {', '.join(NETWORKS)}")
    return CONFIGS / f"{name}.py"


def load(name: str) -> Config:
    """Load the config of a network."""
    config = Config.fromfile(config_path(name))
    init_default_scope(config.default_scope)
    return config


def measure(config: Config) -> Complexity:
    """Count the parameters and multiply-accumulates of a config's backbone and head."""
    width, height = config.codec.input_size
    return measure_complexity(config.model, (height, width))[0]


def check_costs(costs: dict[str, Complexity]) -> None:
    """Refuse a network that costs more or less than the others.

    Raises:
        InputError: Names the networks outside of the tolerance, and their GMACs.
    """
    outside = [
        f"{name} ({cost.macs / 1e9:.3f})"
        for name, cost in costs.items()
        if abs(cost.macs / 1e9 / GMACS - 1) > TOLERANCE
    ]
    if outside:
        raise InputError(
            f"{', '.join(outside)} must be within {TOLERANCE:.0%} of {GMACS} GMACs. "
            "Change the widths in its config"
        )


def cost_table(costs: dict[str, Complexity]) -> str:
    """Lay out parameters and GMACs, the latter as share of `GMACS` too."""
    rows = [
        (name, f"{cost.parameters / 1e6:.2f}", f"{cost.macs / 1e9:.3f}", _percent(cost.macs / 1e9))
        for name, cost in costs.items()
    ]
    return table(["network", "M parameters", "GMACs", f"from {GMACS}"], rows)


def _percent(gmacs: float) -> str:
    return f"{gmacs / GMACS - 1:+.1%}"


def main(names: Iterable[str] = NETWORKS) -> None:
    """Print the table, and end with an error if a network is outside of the tolerance."""
    costs = {name: measure(load(name)) for name in names}
    print(cost_table(costs))
    check_costs(costs)


if __name__ == "__main__":
    main()
