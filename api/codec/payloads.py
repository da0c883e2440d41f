"""Temporal's remote codec protocol: JSON with payloads, in and out."""

import json
from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from starlette.requests import Request
from temporalio.api.common.v1 import Payload, Payloads

from api.problems import ProblemError

BODY = 2_000_000
"""Bytes of a request's body. Temporal holds a payload to 2 MB, and the UI asks event by event."""

MOST = 1000
"""Payloads of a request."""


async def read_payloads(request: Request) -> list[Payload]:
    """Return the payloads of a request.

    Raises:
        ProblemError: The body is too large, no JSON, or not of the protocol's form.
    """
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said != "application/json":
        raise ProblemError("unsupported-media-type")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY:
            raise ProblemError(
                "body-too-large",
                detail=f"A request's body may hold {BODY} bytes.",
                headers={"Connection": "close"},
            )
    return list(_parse(bytes(body)).payloads)


def payloads_as_json(payloads: Sequence[Payload]) -> dict[str, Any]:
    """Return the answer's body."""
    answer = MessageToDict(Payloads(payloads=payloads))
    return {"payloads": answer.get("payloads", [])}


def _parse(body: bytes) -> Payloads:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise ProblemError("malformed-json") from None
    listed = told.get("payloads") if isinstance(told, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST:
        raise _invalid()
    try:
        # What a newer Temporal says besides is none of ours.
        return ParseDict({"payloads": listed}, Payloads(), ignore_unknown_fields=True)
    except (ParseError, ValueError, TypeError, AttributeError, RecursionError):
        raise _invalid() from None


def _invalid() -> ProblemError:
    return ProblemError(
        "invalid-request",
        detail=f'Send {{"payloads": [...]}} with {MOST} payloads at most, as Temporal does.',
    )
