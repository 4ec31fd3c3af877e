#!/usr/bin/env python
"""`mmhg check`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["check", *sys.argv[1:]]))
