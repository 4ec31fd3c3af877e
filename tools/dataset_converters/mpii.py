#!/usr/bin/env python
"""`mmhg convert-mpii`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["convert-mpii", *sys.argv[1:]]))
