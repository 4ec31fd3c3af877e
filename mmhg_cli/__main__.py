import sys

from mmhg_cli.command_line import main

sys.exit(main())
