#!/usr/bin/env python
"""`mmhg flops`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["flops", *sys.argv[1:]]))
