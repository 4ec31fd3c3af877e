#!/usr/bin/env python
"""`mmhg demo`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["demo", *sys.argv[1:]]))
