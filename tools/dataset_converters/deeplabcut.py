#!/usr/bin/env python
"""`mmhg convert-deeplabcut`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["convert-deeplabcut", *sys.argv[1:]]))
