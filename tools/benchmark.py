#!/usr/bin/env python
"""`mmhg benchmark`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["benchmark", *sys.argv[1:]]))
