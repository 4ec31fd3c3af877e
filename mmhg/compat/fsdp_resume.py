"""mmengine resumes an optimizer under FSDP with its arguments in the order of PyTorch 2.0."""

from typing import Any


def apply() -> None:
    """Let `FSDPStrategy` name the arguments."""
    from mmengine._strategy.fsdp import FSDP, FSDPStrategy

    def load_optim_state_dict(self: Any, state_dict: dict) -> None:
        own = FSDP.optim_state_dict_to_load(
            model=self.model, optim=self.optim_wrapper.optimizer, optim_state_dict=state_dict
        )
        self.optim_wrapper.load_state_dict(own)

    FSDPStrategy.load_optim_state_dict = load_optim_state_dict
