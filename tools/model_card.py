#!/usr/bin/env python
"""`mmhg model-card`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["model-card", *sys.argv[1:]]))
