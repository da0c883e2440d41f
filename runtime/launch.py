"""Runs for a moment in place of a child process: ties its life to its parent's, then becomes it.

Called as `python -I -S launch.py PARENT_PID COMMAND [ARGUMENT ...]`. A child that is started this
way ends with its parent even when the parent is killed. Linux only; elsewhere it merely starts.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Become the command, unless the parent is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
