"""The one exception that stands for bad input."""


class InputError(ValueError):
    """Something that a user handed in cannot be used.

    The message names the file or the setting, the value received and the way out. The command line
    tools print it without a traceback and exit with status 2.
    """
