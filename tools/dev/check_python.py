"""Tell if this Python can make mmhg's environment. Written for any Python, however old.

Exit status 0, or 1 with one line on standard error that names the problem and the solution.
"""

import sys

OLDEST, NEWEST = (3, 10), (3, 13)


def problem():
    """Return why this Python will not do, as one line, or None."""
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
    return None


def main():
    """Print the problem, if there is one."""
    found = problem()
    if found:
        sys.stderr.write("Python {}.{}: ".format(*sys.version_info[:2]) + found + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
