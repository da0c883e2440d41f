"""The one place that ends a process which used the Temporal SDK."""

import gc
import logging
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import NoReturn

from runtime.errors import OperatorError

_INTERRUPTED = 130  # what a shell expects after Ctrl-C


def leave(code: int) -> NoReturn:
    """End the process with this code, at once, after writing out what waits to be written.

    The SDK's threads may abort the interpreter while it is being torn down, and the process would
    then end by a signal although its work was done. So it is not torn down. Exit handlers do not
    run either: whatever must be closed belongs into a context manager.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # a closed pipe or stream: what was written is lost
            code = code or 1
    os._exit(code)


def spare_the_collector() -> None:
    """Let the garbage collector pass over what a process has loaded: call it before the work.

    Modules and models stay to the end, and looking through all of them again and again took 3 of a
    worker's 85 CPU milliseconds per case.
    """
    gc.collect()
    gc.freeze()


def run_and_leave(main: Callable[[], int | None]) -> NoReturn:
    """Run a command's main function, and leave with the code of what came of it.

    What `main` returns or exits with is the code. An OperatorError is told in its own words, an
    interruption gives 130, and any other exception its traceback; both failures give 1.
    """
    with ExitStack() as door:
        door.push(_leave_on_error)
        code = main() or 0
    leave(code)


def _leave_on_error(
    _kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
) -> None:
    match error:
        case None:
            return
        case SystemExit(code=int() | None as code):
            leave(code or 0)
        case KeyboardInterrupt():
            leave(_INTERRUPTED)
        case SystemExit() | OperatorError():
            sys.stderr.write(f"{error}\n")
        case _:
            sys.excepthook(type(error), error, trace)
    leave(1)
