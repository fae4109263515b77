"""Run a handler with awslambdaric; a script, executed by the function's own Python.

Usage: bootstrap.py HANDLER RUNTIME_DIR PATH...

Runs isolated (-I -S), so the import path is the standard library alone until it is set here, in
AWS's order: the function and its layers before the standard library, the runtime's packages last.
awslambdaric is imported before that, so that a function's `logging.py` cannot break it. Standard
library only, and no syntax newer than Python 3.9.
"""

import os
import site
import sys


def main() -> None:
    """Set up what -S and -I left out, and hand over; never returns."""
    handler, runtime_dir, *paths = sys.argv[1:]
    site.setquit()
    site.sethelper()
    sys.path.append(runtime_dir)
    from awslambdaric import __main__ as runtime

    own = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:0] = [*paths, *(path for path in own if path != runtime_dir)]
    sys.argv = [sys.argv[0], handler]
    runtime.main(sys.argv)


if __name__ == "__main__":
    main()
