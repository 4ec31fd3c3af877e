"""Read a file of predictions, of whatever kind it is."""

from __future__ import annotations

from pathlib import Path

from mmhg.errors import InputError
from mmhg.results.scoring.array_files import read_array
from mmhg.results.scoring.csv_files import read_found_csv
from mmhg.results.scoring.json_files import read_found_json
from mmhg.results.scoring.labels_truth import labels_found
from mmhg.results.scoring.records import FoundArray, FoundPeople

_ARRAYS = (".h5", ".mat", ".npy")
_PICKLES = (".pkl", ".pickle")


def read_found(path: Path) -> FoundPeople | FoundArray:
    """Read the people of a file of predictions.

    Args:
        path: `.json` of `mmhg test --dump` or `mmhg infer`, or of COCO's results; `.csv`; `.h5`,
            `.mat` or `.npy` with one row per person of the ground truth; or what a labeling tool
            writes, of a second person who labels.

    Raises:
        InputError: No such file, or it cannot be used.
    """
    if not path.exists():
        raise InputError(f"predictions {path} do not exist")
    if path.suffix in _PICKLES:
        raise InputError(
            f"predictions {path}: a pickle is a program, and is not read. Write the keypoints with "
            "`mmhg test CONFIG CHECKPOINT --dump FILE.json`"
        )
    if path.is_file() and path.suffix in _ARRAYS:
        return read_array(path)
    if path.is_file() and path.suffix == ".json":
        return read_found_json(path)
    if path.is_file() and path.suffix == ".csv":
        return read_found_csv(path)
    return labels_found(path)
