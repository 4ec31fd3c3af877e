#!/usr/bin/env python
"""`mmhg score`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["score", *sys.argv[1:]]))
