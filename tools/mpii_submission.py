#!/usr/bin/env python
"""`mmhg submit mpii`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["submit", "mpii", *sys.argv[1:]]))
