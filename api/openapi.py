"""The API's own description: OpenAPI 3.1, with problems as the errors that it promises."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema
from starlette.middleware import Middleware
from starlette.types import Lifespan

from api.problems import MEDIA_TYPE, PROBLEMS, FieldError, Problem

COMMITTED = Path(__file__).parent / "openapi.json"
"""What integrators read, and clients are generated from."""

API_VERSION = "1.0"
"""Of the routes under `/v1`. Fields and routes may be added; what is there stays."""

_REF = "#/components/schemas/{model}"
_DESCRIPTION = """\
Customer inquiries and handoffs as durable Temporal workflows: open a case, report what a person
did, read what the CRM knows.

- Every request under `/v1` bears an API key or a token; who acts is always its owner.
- A request that changes something may be repeated with the same `Idempotency-Key`: it is done once.
- Every error is a problem (RFC 9457). Go by its `type`; `GET` it to read what it means.
"""
_TAGS = [
    {"name": "inquiries", "description": "Open cases, and read what the CRM knows of them."},
    {"name": "steps", "description": "Report what a person or service did in a case."},
    {"name": "handoffs", "description": "Open handoffs, read them, their registers and brief."},
    {"name": "handoff steps", "description": "Report what was done in a handoff."},
    {"name": "incidents", "description": "Report breaches, read them and all reports."},
    {"name": "incident steps", "description": "Report what was done about a breach."},
    {"name": "privacy", "description": "Erasure, export, and legal holds: open and read them."},
    {"name": "privacy steps", "description": "Verify, approve, release, answer; two people do."},
    {"name": "customers", "description": "What customers are identified by, and the check."},
    {"name": "desk", "description": "The desk's open tasks and its policy."},
    {"name": "recipients", "description": "The certificates to which mail is encrypted."},
    {"name": "service", "description": "Health, version, and what the problems mean."},
]

Responses = dict[int | str, dict[str, Any]]


class DescribedApi(FastAPI):
    """An application whose description holds what FastAPI does not know of."""

    def __init__(
        self, *, lifespan: Lifespan[FastAPI], middleware: Sequence[Middleware], served: bool
    ) -> None:
        """Set title, version and tags.

        Pages that need a CDN are never served, and the description itself where `served` says so.
        """
        super().__init__(
            title="Handrail",
            version=API_VERSION,
            description=_DESCRIPTION,
            openapi_tags=_TAGS,
            openapi_url="/openapi.json" if served else None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            lifespan=lifespan,
            middleware=middleware,
        )

    def openapi(self) -> dict[str, Any]:
        """Return the description, with the schema of the problems."""
        if self.openapi_schema is None:
            described = super().openapi()
            _, schemas = models_json_schema(
                [(Problem, "serialization"), (FieldError, "serialization")], ref_template=_REF
            )
            described["components"]["schemas"].update(schemas["$defs"])
            _drop_fastapis_errors(described)
            _add_what_comes_before_a_route(described)
        return self.openapi_schema or {}

    def methods(self, path: str) -> str:
        """Return the methods that a path takes, as the header Allow writes them."""
        return ", ".join(sorted(map(str.upper, self.openapi()["paths"].get(path, ()))))


def problems(*codes: str) -> Responses:
    """Return the responses of a route that may answer with these problems."""
    responses: Responses = {}
    for kind in (PROBLEMS[code] for code in codes):
        known = responses.setdefault(kind.status, {"description": "", "content": _content()})
        known["description"] += f"{', ' if known['description'] else ''}`{kind.code}`"
    return responses


def text(app: FastAPI) -> str:
    """Return an application's description as it is committed."""
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


def _drop_fastapis_errors(described: dict[str, Any]) -> None:
    """Take out the errors of validation that FastAPI promises of its own accord."""
    for name in ("HTTPValidationError", "ValidationError"):
        described["components"]["schemas"].pop(name, None)
    for operation in (o for path in described["paths"].values() for o in path.values()):
        if "application/json" in operation["responses"].get("422", {}).get("content", {}):
            del operation["responses"]["422"]


def _add_what_comes_before_a_route(described: dict[str, Any]) -> None:
    """Promise what middleware answers: whoever calls too often, or waits too long."""
    for operation in (o for path in described["paths"].values() for o in path.values()):
        _promise(operation, "too-many-requests")
        _promise(operation, "not-answered")
        if operation.get("security"):
            _promise(operation, "issuer-unavailable")
        if operation.get("requestBody"):
            _promise(operation, "request-timeout")
        if any(parameter["in"] == "query" for parameter in operation.get("parameters", ())):
            _promise(operation, "uri-too-long")


def _promise(operation: dict[str, Any], code: str) -> None:
    status, told = str(PROBLEMS[code].status), f"`{code}`"
    known = operation["responses"].setdefault(status, {"description": told, "content": _content()})
    if told not in known["description"]:
        known["description"] += f", {told}"


def _content() -> dict[str, Any]:
    return {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
