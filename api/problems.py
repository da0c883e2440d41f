"""Every error of the API as RFC 9457 problem details, and what each means and asks for.

The type is stable: programs go by it, never by the sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"
SOON_S = 1
LATER_S = 5


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem.

    Attributes:
        meaning: What has happened.
        remedy: What the caller does about it; the detail, where the case at hand has none.
        retry_after: Seconds after which the same request may succeed.
    """

    code: str
    status: int
    title: str
    meaning: str
    remedy: str
    retry_after: int | None = None

    @property
    def uri(self) -> str:
        """The problem's `type`: a reference that this API answers."""
        return f"/problems/{self.code}"


class FieldError(BaseModel):
    """One mistake of a request. Never holds what the caller sent."""

    location: str = Field(description="Where it is.", examples=["body.classification.priority"])
    message: str = Field(
        description="What is wrong there.",
        examples=["Input should be 'urgent', 'standard' or 'low'"],
    )


class Problem(BaseModel):
    """An error, as RFC 9457 describes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/behind-gate",
                    "title": "The step stands behind a gate of the procedure",
                    "status": 409,
                    "detail": "A resolution stands behind the verification of the customer.",
                    "instance": "urn:uuid:0f7d2b1c-6a56-4a5e-9a39-2f3f7f8f4f55",
                    "clause": "INQ-4.3.2",
                }
            ]
        }
    )

    type: str = Field(description="The kind of problem; GET it to read what it means.")
    title: str = Field(description="The kind in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong this time, and what to do.")
    instance: str | None = Field(None, description="The request, as the logs name it.")
    clause: str | None = Field(None, description="The clause of the procedure that asks for it.")
    missing: list[str] | None = Field(None, description="The clauses still to be proved.")
    errors: list[FieldError] | None = Field(None, description="Each mistake of the request.")


@dataclass
class ProblemError(Exception):
    """A problem that ends the request."""

    code: str
    detail: str | None = None
    clause: str | None = None
    missing: tuple[str, ...] = ()
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return PROBLEMS[self.code].status

    def response(self, request_id: str | None) -> JSONResponse:
        """Return the answer, which names the request by the id that the logs know."""
        kind = PROBLEMS[self.code]
        body: dict[str, Any] = Problem(
            type=kind.uri,
            title=kind.title,
            status=kind.status,
            detail=self.detail or kind.remedy,
            instance=f"urn:uuid:{request_id}" if request_id else None,
            clause=self.clause,
            missing=list(self.missing) or None,
            errors=list(self.errors) or None,
        ).model_dump(exclude_none=True)
        headers = dict(self.headers)
        if kind.retry_after is not None:
            headers.setdefault("Retry-After", str(kind.retry_after))
        return JSONResponse(body, kind.status, headers, media_type=MEDIA_TYPE)


_KINDS = (
    ProblemType(
        "malformed-json", 400, "The body is not JSON",
        "The request's body could not be read as JSON text in UTF-8.",
        "Send one JSON object, encoded in UTF-8.",
    ),
    ProblemType(
        "idempotency-key-missing", 400, "The Idempotency-Key is missing",
        "A case is opened once per key, so that a repeated request opens no second case.",
        "Send the header Idempotency-Key with a value of your own, such as a UUID, and send the "
        "same value whenever you repeat this request.",
    ),
    ProblemType(
        "unauthenticated", 401, "The API key or token is missing or not valid",
        "The request bears no API key and no token, or one that is unknown, has expired or was "
        "revoked.",
        "Send the header `Authorization: Bearer ...` with a valid API key (`hr_...`, made with "
        "`handrail keys create`) or a token of the issuer that the API trusts.",
    ),
    ProblemType(
        "not-allowed", 403, "The role may not do this",
        "The credential is valid, but its role is not permitted to do this.",
        "Let somebody with a permitted role do it.",
    ),
    ProblemType(
        "untrained", 403, "The training for this step is missing or has expired",
        "Steps of the procedures are for people with a current training. The detail names the "
        "course, and `clause` the clause that asks for it; nothing has changed.",
        "Complete the course, and let a supervisor or an operator record it with "
        "`PUT /v1/staff/{principal}/training/{course}` or `handrail training record`.",
    ),
    ProblemType(
        "not-found", 404, "There is no such page",
        "The API has nothing under this path.",
        "Compare the path with the API's description, api/openapi.json; where it is served, at "
        "/openapi.json.",
    ),
    ProblemType(
        "case-not-found", 404, "There is no such case",
        "No case or escalation bears this id.",
        "Check the id. A case's id is in the answer that opened it, and begins with `inquiry-`, "
        "`handoff-`, `incident-` or `privacy-`.",
    ),
    ProblemType(
        "no-export", 404, "There is no document to fetch",
        "The request is no export, its document is not made yet, or it was destroyed when its time "
        "was over.",
        "Read the request: a document is there from `executed_at` until `export_until`. After "
        "that, open a new request.",
    ),
    ProblemType(
        "method-not-allowed", 405, "The path does not take this method",
        "The path exists, but not for this HTTP method.",
        "Use one of the methods that the header Allow names.",
    ),
    ProblemType(
        "request-timeout", 408, "The body did not arrive in time",
        "The request's body has to arrive within 10 s, unless the operators set another time.",
        "Repeat the request with the same Idempotency-Key, over a faster connection.",
    ),
    ProblemType(
        "refused", 409, "The procedure refuses the step",
        "A rule of the procedure stands against the step; nothing has changed.",
        "Read the detail.",
    ),
    ProblemType(
        "case-closed", 409, "The case is closed",
        "The case has ended; nothing can be added to it.",
        "Open a new inquiry or handoff that refers to it.",
    ),
    ProblemType(
        "behind-gate", 409, "The step stands behind a gate of the procedure",
        "The procedure allows the step only after another one, which is not done yet. The member "
        "`clause` names the clause that asks for it.",
        "Do first what the detail names, then repeat this step.",
    ),
    ProblemType(
        "wrong-stage", 409, "The step has no place at this stage",
        "The step makes no sense where the case stands now.",
        "Read the case's stage, and do the step that belongs there.",
    ),
    ProblemType(
        "stale-acknowledgement", 409, "The escalation can no longer be acknowledged so",
        "The escalation has moved on to another level, is held by another person, or is over.",
        "Read the case's escalations, and acknowledge the level at which this one stands now.",
    ),
    ProblemType(
        "stale-answer", 409, "The offer can no longer be answered",
        "The receiving party's offer was answered, has ended, or was never made.",
        "Read the handoff's stage and custody. What came back may be transferred again.",
    ),
    ProblemType(
        "channel-not-approved", 409, "The channel is not approved for transfers",
        "Nothing was transferred. The attempt is on record, with an incident report.",
        "Transfer over a channel that the policy approves; GET /v1/policy shows it.",
    ),
    ProblemType(
        "body-too-large", 413, "The body is too large",
        "A request's body may hold 64 KiB.",
        "Send less than 64 KiB; long texts belong into several notes.",
    ),
    ProblemType(
        "uri-too-long", 414, "The path and query are too long",
        "The path and its query may hold 4 KiB.",
        "Shorten the query.",
    ),
    ProblemType(
        "unsupported-media-type", 415, "The body has another media type than JSON",
        "The header Content-Type names something else than JSON, or is missing.",
        "Send JSON with the header `Content-Type: application/json`.",
    ),
    ProblemType(
        "invalid-request", 422, "The request does not fit the API's description",
        "Fields are missing, unknown or of another form. The member `errors` names each.",
        "Correct every field that `errors` names.",
    ),
    ProblemType(
        "invalid-value", 422, "A value is not allowed",
        "A value is well-formed, but the policy or the case does not allow it.",
        "Send a value that the policy in force allows; GET /v1/policy shows it.",
    ),
    ProblemType(
        "idempotency-key-reused", 422, "The Idempotency-Key was used for another request",
        "This key came before, with another body.",
        "Use a new key for a new request, and the same body whenever you repeat one.",
    ),
    ProblemType(
        "too-many-requests", 429, "Too many requests",
        "The case, or the server, takes no more requests at this moment, or the rate of this "
        "caller, customer or address is used up.",
        "Wait as long as Retry-After says, then repeat the request with the same Idempotency-Key.",
        SOON_S,
    ),
    ProblemType(
        "headers-too-large", 431, "The headers are too large",
        "A request may have 100 headers, which may hold 16 KiB in all.",
        "Send fewer or shorter headers.",
    ),
    ProblemType(
        "internal-error", 500, "The request failed by a fault of the server",
        "Something is wrong with the server, not with the request.",
        "Repeat the request with the same Idempotency-Key. If it fails again, tell the operators "
        "the `instance` of this answer: the logs know it.",
    ),
    ProblemType(
        "temporal-unavailable", 503, "Temporal does not answer",
        "The server that keeps the cases cannot be reached.",
        "Repeat the request with the same Idempotency-Key after a while.",
        LATER_S,
    ),
    ProblemType(
        "crm-unavailable", 503, "The CRM's database does not answer",
        "The database that is read from cannot be reached.",
        "Repeat the request with the same Idempotency-Key after a while.",
        LATER_S,
    ),
    ProblemType(
        "issuer-unavailable", 503, "The tokens' issuer does not answer",
        "The keys by which tokens are checked could not be fetched. API keys still open.",
        "Repeat the request with the same Idempotency-Key after a while.",
        LATER_S,
    ),
    ProblemType(
        "not-answered", 503, "No worker answered in time",
        "The request may still be done when a worker is back.",
        "Repeat the request with the same Idempotency-Key: it is done once.",
        LATER_S,
    ),
    ProblemType(
        "not-ready", 503, "The process is not ready",
        "Something that the API needs does not answer, or is not up to date.",
        "See to what `errors` names.",
        LATER_S,
    ),
)  # fmt: skip

PROBLEMS: Mapping[str, ProblemType] = {kind.code: kind for kind in _KINDS}
"""Every problem that the API can answer with, by its code."""
