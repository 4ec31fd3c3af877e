#!/usr/bin/env python
"""`mmhg publish`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["publish", *sys.argv[1:]]))
