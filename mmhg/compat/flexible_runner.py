"""mmengine's `FlexibleRunner` resumes wrongly.

Under FSDP it gives PyTorch its arguments in the order of PyTorch 2.0. And a checkpoint that it
writes a second time, after a validation with a new best score, has the number of the next epoch:
the resumed training would leave one out. `Runner` keeps the number that it is given.
"""

from functools import wraps
from typing import Any


def apply() -> None:
    """Mend both, once."""
    from mmengine._strategy.fsdp import FSDP, FSDPStrategy
    from mmengine.runner import FlexibleRunner

    original = FlexibleRunner.save_checkpoint
    if hasattr(original, "keeps_numbers"):
        return

    def load_optim_state_dict(self: Any, state_dict: dict) -> None:
        own = FSDP.optim_state_dict_to_load(
            model=self.model, optim=self.optim_wrapper.optimizer, optim_state_dict=state_dict
        )
        self.optim_wrapper.load_state_dict(own)

    @wraps(original)
    def save_checkpoint(self: Any, *args: Any, meta: dict | None = None, **kwargs: Any) -> None:
        given = {name: meta[name] for name in ("epoch", "iter") if name in meta} if meta else {}
        write = self.strategy.save_checkpoint

        def write_numbers(*args: Any, extra_ckpt: dict, **kwargs: Any) -> None:
            extra_ckpt["meta"].update(given)
            write(*args, extra_ckpt=extra_ckpt, **kwargs)

        self.strategy.save_checkpoint = write_numbers
        try:
            original(self, *args, meta=meta, **kwargs)
        finally:
            del self.strategy.save_checkpoint

    vars(save_checkpoint)["keeps_numbers"] = True
    FlexibleRunner.save_checkpoint = save_checkpoint
    FSDPStrategy.load_optim_state_dict = load_optim_state_dict
