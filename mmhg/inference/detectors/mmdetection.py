"""Find people by a detector of MMDetection."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from mmhg.errors import InputError

_PERSON = 0
"""The class of people, COCO's first."""


class MMDetection:
    """Run a detector of MMDetection.

    Args:
        config: Config of a detector whose class 0 is person.
        checkpoint: Its weights.
        device: The device to compute on; None takes a GPU if there is one.

    Raises:
        InputError: Full mmcv is not installed, or a file is missing.
    """

    def __init__(self, config: Path, checkpoint: Path, device: str | None) -> None:
        if find_spec("mmcv._ext") is None:
            raise InputError(
                "a detector of MMDetection needs full mmcv, and this is mmcv-lite: pip uninstall "
                "mmcv-lite, then pip install --no-build-isolation mmcv==2.1.0 (it is built from "
                "source). Without it, give the boxes by --boxes, or an exported detector by "
                "--detector FILE.onnx"
            )
        for path in (config, checkpoint):
            if not path.is_file():
                raise InputError(f"no such file: {path}")
        from mmdet.apis import DetInferencer

        self._infer = DetInferencer(
            str(config), str(checkpoint), device=device, scope="mmdet", show_progress=False
        )
        self.description = dict(name=config.name, checkpoint=checkpoint.name)

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return boxes (N, 4) and scores (N,) of people in an image."""
        (sample,) = self._infer(image, return_datasamples=True)["predictions"]
        found = sample.pred_instances.cpu().numpy()
        people = found.labels == _PERSON
        return found.bboxes[people], found.scores[people]
