#!/usr/bin/env python
"""`mmhg test`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["test", *sys.argv[1:]]))
