"""Logged scalars that stay on their device until somebody reads them."""

from __future__ import annotations

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from torch import Tensor

MOST_WAITING = 1000
"""Values that a history keeps on the device where nothing ever reads it."""


class DeferredHistory(HistoryBuffer):
    """mmengine's ``HistoryBuffer`` that takes tensors and moves them to the host when it is read.

    Whatever reads the history (``mean``, ``current``, ``data``, registered statistics, a copy, a
    checkpoint) first gets all values over in one copy, so it sees what mmengine's would hold.
    Pickled and copied, it is a plain ``HistoryBuffer``.

    Args:
        earlier: The values so far, after resuming for example; None begins anew.
    """

    def __init__(self, earlier: HistoryBuffer | None = None) -> None:
        self._waiting: list[Tensor] = []
        if earlier is None:
            super().__init__()
            self._count_history = np.array([], dtype=np.int64)
        else:
            super().__init__(*earlier.data, max_length=earlier.max_length)

    def append(self, value: Tensor) -> None:
        """Add a tensor of one element without waiting for it."""
        # A copy: the next iteration may write over the tensor, as CUDA graphs do.
        self._waiting.append(value.detach().reshape(()).clone())
        if len(self._waiting) == MOST_WAITING:
            self._hand_over()

    # The base class keeps both as attributes and reads them in every method.
    @property
    def _log_history(self) -> np.ndarray:
        self._hand_over()
        return self._values

    @_log_history.setter
    def _log_history(self, values: np.ndarray) -> None:
        self._values = values

    @property
    def _count_history(self) -> np.ndarray:
        self._hand_over()
        return self._counts

    @_count_history.setter
    def _count_history(self, counts: np.ndarray) -> None:
        self._counts = counts

    def _hand_over(self) -> None:
        if not self._waiting:
            return
        values = torch.stack(self._waiting).tolist()
        self._waiting.clear()
        counts = np.ones(len(values), dtype=np.int64)
        self._values = np.append(self._values, values)[-self.max_length :]
        self._counts = np.append(self._counts, counts)[-self.max_length :]

    def __reduce__(self) -> tuple[type[HistoryBuffer], tuple[np.ndarray, np.ndarray, int]]:
        """Leave as a plain ``HistoryBuffer``, which loads where mmhg is not."""
        return HistoryBuffer, (*self.data, self.max_length)


def update_scalar_later(hub: MessageHub, key: str, value: Tensor) -> None:
    """``hub.update_scalar(key, value)`` without waiting for the tensor's device."""
    hub._set_resumed_keys(key, True)
    history = hub.log_scalars.get(key)
    if not isinstance(history, DeferredHistory):
        history = hub.log_scalars[key] = DeferredHistory(history)
    history.append(value)
