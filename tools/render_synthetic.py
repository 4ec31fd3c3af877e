"""Render the built-in data, people with MPII's joints, in MPII's own layout.

Nothing is done where the folder holds the same figures already.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmhg.errors import InputError
from mmhg.synthetic import LEVELS, default_request, render_dataset


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder to render into")
    parser.add_argument("--level", type=int, choices=sorted(LEVELS), default=1)
    for split in ("train", "val", "test"):
        parser.add_argument(f"--{split}", type=int, help=f"people in the {split} split")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    asked = {name: getattr(args, name) for name in ("train", "val", "test", "seed")}
    given = {name: value for name, value in asked.items() if value is not None}
    start = time.monotonic()
    try:
        request = replace(default_request(args.level), **given)
        rendered = render_dataset(args.out, request, args.workers)
    except InputError as error:
        print(f"render_synthetic.py: {error}", file=sys.stderr)
        return 2
    what = f"level {request.level}, {request.train} + {request.val} + {request.test} people"
    if rendered:
        print(f"{args.out}: {what}, rendered in {time.monotonic() - start:.0f} s")
    else:
        print(f"{args.out}: {what}, seed {request.seed}, are there already; nothing to do")
    return 0


if __name__ == "__main__":
    sys.exit(main())
