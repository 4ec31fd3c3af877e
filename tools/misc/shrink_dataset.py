#!/usr/bin/env python
"""Copy a data set once with images no larger than training can show: the loader gets faster.

python tools/misc/shrink_dataset.py hg8_mpii_256 data/mpii_small
python tools/train.py hg8_mpii_256 --cfg-options train_dataloader.dataset.data_root=data/mpii_small/
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmhg_cli.bad_input import exit_on_bad_input
from mmhg_cli.commands import shrink_dataset


def main(argv: list[str] | None = None) -> None:
    """Run the command; bad input ends it with a message and exit status 2."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shrink_dataset.add_arguments(parser)
    args = parser.parse_args(argv)
    with exit_on_bad_input():
        shrink_dataset.run(args)


if __name__ == "__main__":
    main()
