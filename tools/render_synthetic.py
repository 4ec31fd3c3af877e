#!/usr/bin/env python
"""`mmhg synthetic render`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["synthetic", "render", *sys.argv[1:]]))
