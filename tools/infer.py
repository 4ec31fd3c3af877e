#!/usr/bin/env python
"""`mmhg infer`."""

import sys

from mmhg_cli import main

if __name__ == "__main__":
    sys.exit(main(["infer", *sys.argv[1:]]))
