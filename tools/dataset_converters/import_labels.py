#!/usr/bin/env python
"""`mmhg import`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["import", *sys.argv[1:]]))
