"""The command `mmhg`.

Until a command is chosen and its arguments are parsed, nothing but the standard library is
imported: `mmhg --help` answers at once.
"""

from mmhg_cli.command_line import main

__all__ = ["main"]
