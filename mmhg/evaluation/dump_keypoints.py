"""Write predicted keypoints to a plain file, for scoring without a model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from mmpose.registry import METRICS

from mmhg.errors import InputError
from mmhg.evaluation.person_metric import UniquePersonMetric, deduplicate, identity, to_numpy
from mmhg.utils.files import write_text


@METRICS.register_module()
class DumpKeypoints(UniquePersonMetric):
    """Write each person's prediction to a `.json` file. `mmhg test --dump FILE.json` adds this.

    The file is a list of people, ordered by id: `{"id", "image", "keypoints": [[x, y], ...],
    "scores": [...]}` in 0-based px of the image, and `"test_scales"` of multi-scale testing. The
    `.pkl` of mmengine's `DumpResults` can run code, so that `mmhg score` does not read it.

    Args:
        out_file_path: The file.
        settings: `collect_device` and `collect_dir`, as for any metric of mmengine.

    Raises:
        InputError: The file's suffix is not `.json`.
    """

    def __init__(self, out_file_path: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.path = Path(out_file_path)
        if self.path.suffix != ".json":
            raise InputError(f"DumpKeypoints: out_file_path must end in .json, got {out_file_path}")

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the prediction of each person (one per data sample)."""
        for sample in data_samples:
            predicted = sample["pred_instances"]
            person = {
                "person": identity(sample),
                "id": int(sample["id"]),
                "image": sample.get("img_path"),
                "keypoints": to_numpy(predicted["keypoints"])[0, :, :2].tolist(),
                "scores": to_numpy(predicted["keypoint_scores"])[0].tolist(),
            }
            if "test_scales" in sample:
                person["test_scales"] = list(sample["test_scales"])
            self.results.append(person)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Write the file, and return no scores."""
        people = sorted(deduplicate(results).values(), key=lambda person: person["id"])
        for person in people:
            del person["person"]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_text(self.path, json.dumps(people) + "\n")
        print_log(f"{len(people)} people's keypoints written to {self.path}", logger="current")
        return {}
