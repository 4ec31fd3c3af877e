"""Lets the setup.py of xtcocotools 1.14.3 run on Python 3.13; on the path only while pip builds it.

That setup.py calls ``exec`` in a function and looks for what it defined in ``locals()``, which
PEP 667 ended.
"""

import io
import tokenize
from typing import TextIO

open_source = tokenize.open


def open_repaired(path: str) -> TextIO:
    """What ``tokenize.open``, with which setuptools reads a setup.py, gives for any other file."""
    stream = open_source(path)
    if not str(path).endswith("setup.py"):
        return stream
    with stream:
        text = stream.read()
    if "xtcocotools" in text:
        text = text.replace("'exec'))", "'exec'), globals())").replace("locals()", "globals()")
    return io.StringIO(text)


tokenize.open = open_repaired
