"""The exception for bad input."""


class InputError(ValueError):
    """A user's file or setting cannot be used.

    The message names the file or setting, the value received and what to do. The command line tools
    print it without a traceback and exit with status 2.
    """
