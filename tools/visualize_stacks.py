#!/usr/bin/env python
"""`mmhg visualize`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["visualize", *sys.argv[1:]]))
