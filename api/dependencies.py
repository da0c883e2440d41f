"""What a route asks for before it begins: the caller, the key, a JSON body, a case's id."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header, Path, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from api.authentication import Caller
from api.problems import ProblemError
from sop.access import require
from sop.models import Actor

_bearer = HTTPBearer(
    scheme_name="apiKey",
    bearerFormat="hr_...",
    description="An API key, made with `handrail keys create`.",
    auto_error=False,  # the middleware has seen to it
)

CaseId = Annotated[
    str,
    Path(
        pattern=r"^inquiry-[a-z0-9]{8,40}$",
        description="The case's id.",
        examples=["inquiry-5f0c2a9b71d3e84c"],
    ),
]

HandoffId = Annotated[
    str,
    Path(
        pattern=r"^handoff-[a-z0-9]{8,40}$",
        description="The handoff's id.",
        examples=["handoff-5f0c2a9b71d3e84c"],
    ),
]

IncidentId = Annotated[
    str,
    Path(
        pattern=r"^incident-[a-z0-9]{8,40}$",
        description="The incident's id.",
        examples=["incident-5f0c2a9b71d3e84c"],
    ),
]

PrivacyId = Annotated[
    str,
    Path(
        pattern=r"^privacy-[a-z0-9]{8,40}$",
        description="The privacy request's id.",
        examples=["privacy-5f0c2a9b71d3e84c"],
    ),
]

_KEY = r"^[!-~]([ -~]*[!-~])?$"
RequiredKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=_KEY,
        description="Yours, for this request: printable ASCII. Repeat the request with the same.",
        examples=["5d2c6f0e-7a51-4b4c-9c56-3a6f0c6d9b1e"],
    ),
]
OptionalKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=_KEY,
        description="Yours, for this request: with it a repetition is done once.",
    ),
]


def permitted(action: str) -> Callable[..., Awaitable[Actor]]:
    """Return the dependency that lets through who may do an action, as the table in `sop` says.

    It raises NotAllowedError (INQ-3.1, INQ-3.2).
    """

    async def actor(request: Request, _: Annotated[object, Security(_bearer)]) -> Actor:
        caller = request.user
        if not isinstance(caller, Caller):
            raise ProblemError("unauthenticated")
        require(caller.actor, action)
        return caller.actor

    return actor


async def json_body(request: Request) -> None:
    """Refuse a body that does not say that it is JSON.

    Raises:
        ProblemError: `unsupported-media-type`.
    """
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said != "application/json" and not (
        said.startswith("application/") and said.endswith("+json")
    ):
        raise ProblemError("unsupported-media-type")


JSON_BODY = Depends(json_body)


def fingerprint(action: str, body: BaseModel) -> str:
    """Return the digest by which a repeated request is told from another one.

    Defaults are left out, so that a field added later changes no digest.
    """
    said = body.model_dump(mode="json", exclude_defaults=True)
    text = json.dumps([action, said], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
