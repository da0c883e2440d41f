"""One stream of log lines for API, worker, workflow and SDK, with no customer's words in it.

Write `structlog.stdlib.get_logger(__name__).info("case.opened", case_id=...)`; in a workflow use
`workflow.logger`, which is silent on replay. Which values pass is said in runtime/redaction.py.
"""

import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from temporalio import activity, workflow

from runtime.redaction import fixed_text, flatten_temporal, reduce_exception, withhold

# The API logs its requests itself, without query strings; a client's request lines add nothing.
# Alembic tells which database it looks at whenever readiness asks for the revision.
_QUIET_LIBRARIES = ("alembic.runtime.migration", "httpcore2", "httpx2", "uvicorn.access")

# One list for good: `structlog.testing.capture_logs` changes it in place, and reaches with it also
# the loggers that were used before.
_PROCESSORS: list[Processor] = [
    structlog.stdlib.filter_by_level,
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def configure_logging(
    log_format: Literal["auto", "json", "console"] = "auto",
    level: str = "INFO",
    stream: TextIO | None = None,
) -> None:
    """Send every log line of the process to one stream, standard error by default.

    A server that brings its own logging must be told to leave it alone (uvicorn: log_config=None).

    Args:
        log_format: "auto" is the console form on a terminal, else JSON.
        level: Lines below it are dropped.
        stream: Where to write.
    """
    out = stream or sys.stderr
    as_json = log_format == "json" or (log_format == "auto" and not out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(_formatter(colours=out.isatty(), as_json=as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    # The ids are fields of the line; in its text they would stand twice.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    configure_structlog()
    if as_json:
        # Python prints these with their values; a person at a terminal may see them.
        logging.captureWarnings(capture=True)
        sys.excepthook = _log_uncaught
        threading.excepthook = _log_uncaught_in_thread


def configure_structlog() -> None:
    """Hand structlog's lines to `logging`, whose handlers and levels say what becomes of them.

    Repeating it changes nothing: a logger keeps what it first used.
    """
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _formatter(*, colours: bool, as_json: bool) -> logging.Formatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(default=str)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=colours)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            fixed_text,
            flatten_temporal,
        ],
        pass_foreign_args=True,
        use_get_message=False,
        processors=[_stamp, reduce_exception, withhold, renderer],
    )


def _stamp(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Add the moment of the line's making, in UTC."""
    made = datetime.fromtimestamp(event_dict["_record"].created, tz=UTC)
    event_dict["timestamp"] = made.isoformat(timespec="milliseconds")
    return event_dict


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.stdlib.get_logger(__name__).critical("process.crashed", exc_info=error)


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    structlog.stdlib.get_logger(__name__).critical("thread.crashed", exc_info=args.exc_value)
