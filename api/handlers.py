"""Turns whatever ends a request into its problem."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from activities.key_ports import KeysUnavailableError
from activities.ports import CrmUnavailableError
from api.problems import PROBLEMS, FieldError, ProblemError
from api.schemas.values import NO_NUL
from runtime import case_errors
from sop.errors import SopError

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_BY_TYPE: dict[type[Exception], str] = {
    CrmUnavailableError: "crm-unavailable",
    KeysUnavailableError: "crm-unavailable",
    case_errors.UnknownCaseError: "case-not-found",
    case_errors.UnknownEscalationError: "case-not-found",
    case_errors.CaseEndedError: "case-closed",
    case_errors.KeyReusedError: "idempotency-key-reused",
    case_errors.NotAnsweredError: "not-answered",
    case_errors.BusyError: "too-many-requests",
    case_errors.TemporalUnavailableError: "temporal-unavailable",
}
_DETAILS: dict[type[Exception], str] = {
    case_errors.UnknownEscalationError: "No case has such an escalation.",
}
_BY_STATUS = {
    400: "malformed-json",
    404: "not-found",
    405: "method-not-allowed",
    408: "request-timeout",
    413: "body-too-large",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_MOST_ERRORS = 50
_NO_CASE = {"principal", "course"}
"""Parts of a path that name no case: what is wrong with them is told like any field."""


def install(app: FastAPI) -> None:
    """Let every error of an application become a problem."""
    for kind in (
        ProblemError,
        SopError,
        HTTPException,
        RequestValidationError,
        case_errors.RefusedError,
        *_BY_TYPE,
    ):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(Exception, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    problem, request_id = problem_of(error), request.scope["state"].get("request_id")
    if problem.code == "internal-error":
        log.error("request.failed", exc_info=error, request_id=request_id)
    if problem.code == "method-not-allowed":
        # Each route of a path knows its own method only.
        path = getattr(request.scope.get("route"), "path", "")
        problem.headers = {"Allow": request.app.methods(path)}
    return problem.response(request_id)


def problem_of(error: Exception) -> ProblemError:
    """Return the problem that an error means to the caller; nothing of its text if it is ours."""
    match error:
        case ProblemError():
            return error
        case SopError():
            return _refusal(error.code, error.message, error.clause, error.missing)
        case case_errors.RefusedError(detail=said):
            return _refusal(said.code, said.message, said.clause, said.missing)
        case RequestValidationError():
            return _invalid(error.errors())
        case HTTPException():
            code = _BY_STATUS.get(error.status_code, "internal-error")
            return ProblemError(code, headers=error.headers or {})
        case _:
            code = _BY_TYPE.get(type(error), "internal-error")
            return ProblemError(code, detail=_DETAILS.get(type(error)))


def _refusal(code: str, message: str, clause: str | None, missing: tuple[str, ...]) -> ProblemError:
    known = code if code in PROBLEMS else "refused"
    return ProblemError(known, detail=message, clause=clause, missing=missing)


def _invalid(errors: Sequence[Mapping[str, Any]]) -> ProblemError:
    """Return the problem of a request that does not fit; a wrong path is no case at all."""
    if any(error["type"] == "json_invalid" for error in errors):
        return ProblemError("malformed-json")
    if any(error["loc"] == ("path", "customer_id") for error in errors):
        return ProblemError("not-found")
    if any(error["loc"][0] == "path" and error["loc"][1] not in _NO_CASE for error in errors):
        return ProblemError("case-not-found")
    if any(_is_missing_key(error) for error in errors):
        return ProblemError("idempotency-key-missing")
    told = tuple(
        FieldError(location=_location(error["loc"]), message=_message(error))
        for error in errors[:_MOST_ERRORS]
    )
    return ProblemError("invalid-request", errors=told)


def _is_missing_key(error: Mapping[str, Any]) -> bool:
    return bool(error["type"] == "missing" and error["loc"] == ("header", "Idempotency-Key"))


def _location(parts: Sequence[int | str]) -> str:
    """Return where a mistake is; a name that looks like no field's is the caller's own text."""
    return ".".join(
        str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "(unknown)"
        for part in parts
    )


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] == NO_NUL:
        return "The character NUL (U+0000) cannot be kept"
    if error["type"] == "union_tag_invalid":  # its own sentence repeats what was sent
        return "Input should be one of the forms that the API's description names"
    if error["type"] == "extra_forbidden":
        return "There is no such field"
    return str(error["msg"]).removeprefix("Value error, ")
