#!/usr/bin/env python
"""`mmhg leaderboard`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["leaderboard", *sys.argv[1:]]))
