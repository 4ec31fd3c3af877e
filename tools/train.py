#!/usr/bin/env python
"""`mmhg train`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
