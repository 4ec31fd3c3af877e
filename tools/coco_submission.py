#!/usr/bin/env python
"""`mmhg submit coco`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["submit", "coco", *sys.argv[1:]]))
