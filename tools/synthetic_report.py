#!/usr/bin/env python
"""`mmhg synthetic report`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["synthetic", "report", *sys.argv[1:]]))
