"""What a log line may hold: structlog processors that let through only what is harmless.

Values pass by the name of their key, exceptions as types and places in the code, events as
`noun.verb`, and of a library's line its fixed text.
"""

import re
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

from structlog.typing import EventDict, WrappedLogger
from temporalio.exceptions import ApplicationError

WITHHELD = "[withheld]"
ALLOWED_KEYS = frozenset({
    # the line itself
    "event", "level", "logger", "timestamp", "error", "causes", "frames",
    # where it comes from
    "case_id", "handoff_id", "workflow_id", "run_id", "workflow", "activity", "attempt", "update",
    "task_queue", "namespace", "request_id", "method", "route", "status", "duration_ms",
    # what the procedures call things
    "actor", "category", "channel", "clause", "clauses", "due_at", "entries", "escalation_level",
    "fired_at", "late_s", "missing", "policy_version", "priority", "role", "rung", "sequence",
    "stage", "step", "kind", "inquiry_id", "certificate_id", "work",
    # how many of what: numbers by class and reason
    "gone", "held", "failures", "cases",
    # the process and its surroundings
    "address", "count", "credential", "path", "pid", "port", "reason_code", "revision", "seconds",
    "signal", "total", "url", "version", "failing", "keeper", "key_id", "why",
})  # fmt: skip

# Libraries whose arguments are ids, ports and revisions.
_PLAIN_LIBRARIES = ("alembic", "temporalio.worker", "uvicorn.error")
_EVENT = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
_TEMPORAL_FIELDS = {
    "workflow_id": "workflow_id",
    "workflow_type": "workflow",
    "workflow_run_id": "run_id",
    "run_id": "run_id",
    "activity_type": "activity",
    "attempt": "attempt",
    "update_name": "update",
}
_PROJECT = str(Path(__file__).parent.parent) + "/"
_STDLIB = sysconfig.get_path("stdlib") + "/"
_MAX_FRAMES = 12


def fixed_text(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Reduce a library's line to its fixed text.

    Arguments are put in only for libraries that log no content; what follows a colon or a line
    break is where a library writes what went wrong with which value.
    """
    template = str(event_dict["event"])
    arguments = event_dict.pop("positional_args", ())
    if arguments and event_dict["logger"].startswith(_PLAIN_LIBRARIES):
        template = template % arguments
    event_dict["event"] = template.partition("\n")[0].partition(": ")[0]
    return event_dict


def flatten_temporal(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Turn what the SDK attaches to its records into fields, under the names of ours."""
    attached = {
        **(event_dict.get("temporal_workflow") or {}),
        **(event_dict.get("temporal_activity") or {}),
    }
    for theirs, ours in _TEMPORAL_FIELDS.items():
        if theirs in attached:
            event_dict.setdefault(ours, attached[theirs])
    for key in [key for key in event_dict if key.startswith(("temporal_", "__temporal", "color_"))]:
        del event_dict[key]
    return event_dict


def reduce_exception(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Replace an exception by its type, its causes' types and the places in the code."""
    event_dict.pop("stack_info", None)
    error = _exception(event_dict.pop("exc_info", None))
    if error is not None:
        event_dict["error"] = _name(error)
        event_dict["frames"] = _frames(error)[-_MAX_FRAMES:]
        if causes := [f"{_name(cause)} {''.join(_frames(cause)[-1:])}" for cause in _causes(error)]:
            event_dict["causes"] = causes
    return event_dict


def withhold(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Keep what the allow-list names; of the rest only that it was there."""
    ours = event_dict.pop("_from_structlog")
    event_dict.pop("_record")
    if ours and not _EVENT.fullmatch(str(event_dict["event"])):
        event_dict["event"] = WITHHELD
    return {key: value if key in ALLOWED_KEYS else WITHHELD for key, value in event_dict.items()}


def _exception(exc_info: object) -> BaseException | None:
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as error, _):
            return error
        case True:
            return sys.exc_info()[1]
        case _:
            return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield member
            yield from _causes(member)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield cause
        yield from _causes(cause)


def _name(error: BaseException) -> str:
    """Return the type's name, and the type that an activity or workflow gave its failure."""
    name = type(error).__name__
    return f"{name}[{error.type}]" if isinstance(error, ApplicationError) and error.type else name


def _frames(error: BaseException) -> list[str]:
    return [
        f"{_place(frame.filename)}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]


def _place(filename: str) -> str:
    return filename.rpartition("site-packages/")[2].removeprefix(_PROJECT).removeprefix(_STDLIB)
