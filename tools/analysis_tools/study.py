#!/usr/bin/env python
"""`mmhg study`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["study", *sys.argv[1:]]))
