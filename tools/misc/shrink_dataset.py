#!/usr/bin/env python
"""`mmhg shrink-dataset`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["shrink-dataset", *sys.argv[1:]]))
