#!/usr/bin/env python
"""`mmhg browse`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["browse", *sys.argv[1:]]))
