"""Print what rendered figures measure beside the floors of their level; write a sheet of pictures.

Exit status: 0 when every floor holds, 1 when one is missed, 2 on bad input.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmhg.errors import InputError
from mmhg.synthetic.report import check_folder


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", type=Path, help="folder that tools/render_synthetic.py rendered into"
    )
    parser.add_argument("--sheet", type=Path, help="where to write the sheet (FOLDER/sheet.png)")
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    try:
        holds = check_folder(args.folder, args.sheet or args.folder / "sheet.png")
    except InputError as error:
        print(f"synthetic_report.py: {error}", file=sys.stderr)
        return 2
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
