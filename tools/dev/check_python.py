"""Says whether this Python can make mmhg's environment; written for any Python, however old.

Exit status 0, or 1 with one line on standard error that says what is missing and what to do.
"""

import os
import sys

OLDEST, NEWEST = (3, 10), (3, 13)


def compiler_problem():
    """Why xtcocotools, which has wheels up to Python 3.11 only, cannot be built; or None."""
    import shutil
    import sysconfig

    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if not shutil.which(compiler):
        return (
            "from Python 3.12 on, xtcocotools is built from source, and the C compiler '{}' is not "
            "here: install one (Debian, Ubuntu: apt install gcc) or use Python 3.10 or 3.11"
        ).format(compiler)
    header = os.path.join(sysconfig.get_paths()["include"], "Python.h")
    if not os.path.exists(header):
        return (
            "from Python 3.12 on, xtcocotools is built from source, and Python's header {} is "
            "missing: install it (Debian, Ubuntu: apt install python{}.{}-dev) or use Python 3.10 "
            "or 3.11"
        ).format(header, *sys.version_info[:2])
    return None


def problem():
    """Why this Python will not do, as one line; or None."""
    version = sys.version_info[:2]
    if not OLDEST <= version <= NEWEST:
        return "too {}: mmhg needs Python {}.{} to {}.{}".format(
            "old" if version < OLDEST else "new", *(OLDEST + NEWEST)
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return (
            "its modules venv and ensurepip are missing: install them "
            "(Debian, Ubuntu: apt install python{}.{}-venv)"
        ).format(*version)
    return compiler_problem() if version >= (3, 12) else None


def main():
    """Print the problem, if there is one."""
    found = problem()
    if found:
        sys.stderr.write("Python {}.{}: ".format(*sys.version_info[:2]) + found + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
