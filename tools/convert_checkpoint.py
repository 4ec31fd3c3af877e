#!/usr/bin/env python
"""`mmhg convert`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["convert", *sys.argv[1:]]))
