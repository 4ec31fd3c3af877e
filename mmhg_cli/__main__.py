"""`python -m mmhg_cli`, where the command `mmhg` is not installed."""

import sys

from mmhg_cli.command_line import main

sys.exit(main())
