#!/usr/bin/env python
"""`mmhg export`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["export", *sys.argv[1:]]))
