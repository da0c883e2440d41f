"""Requests for erasure and export, and legal holds: opened, read, fetched (HOF-5.1)."""

import secrets
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api import limits, presenting, proving
from api import presenting_privacy as show
from api.authentication import via_of
from api.dependencies import JSON_BODY, PrivacyId, RequiredKey, fingerprint, permitted
from api.openapi import problems
from api.parts import WithParts, require_known
from api.problems import ProblemError
from api.schemas import privacy as s
from api.schemas.inquiries import Escalations, Timeline
from api.schemas.proof import CertificateView, ExplanationView
from api.sight import on_case
from sop.access import may, require
from sop.access_log import fetched
from sop.models import Actor
from sop.privacy.export import Dossier
from sop.privacy.models import PrivacyOpening, RequestKind
from sop.privacy.records import PrivacyFilter

ONE = problems("case-not-found", "crm-unavailable", "temporal-unavailable")
Lister = Annotated[Actor, Depends(permitted("read_privacy_requests"))]
PrivacyReader = Annotated[Actor, Depends(on_case("read_privacy_requests"))]

router = APIRouter(
    prefix=presenting.PRIVACY_REQUESTS,
    tags=["privacy"],
    responses=problems(
        "unauthenticated", "not-allowed", "invalid-request", "internal-error", "crm-unavailable"
    ),
)


@router.post(
    "",
    operation_id="open_privacy_request",
    summary="Open a request for erasure or export, or place a legal hold",
    status_code=202,
    dependencies=[JSON_BODY],
    max_body_size=limits.BODY,
    response_description="The request is open. The header Location is its address.",
    responses=problems(
        "malformed-json", "idempotency-key-missing", "body-too-large", "unsupported-media-type",
        "invalid-request", "invalid-value", "idempotency-key-reused", "too-many-requests",
        "case-not-found",
        "crm-unavailable", "temporal-unavailable", "not-answered",
    ),
)  # fmt: skip
async def open_privacy_request(
    body: s.PrivacyRequestIn,
    key: RequiredKey,
    parts: WithParts,
    actor: Annotated[Actor, Depends(permitted("open_privacy_request"))],
    response: Response,
) -> s.PrivacyOpened:
    """Open it, once per key. The law's clock counts from now; a hold is in force within moments."""
    if body.kind is RequestKind.HOLD:
        require(actor, "place_hold")
    parts.rates.count_customer(body.customer_id)
    opened = await parts.cases.open_privacy_request(
        PrivacyOpening.model_validate(body.model_dump()),
        actor=actor,
        key=key,
        digest=fingerprint("open_privacy_request", body),
    )
    parts.rates.remember_case(opened.case_id, body.customer_id)
    links = presenting.links(parts, opened.case_id)
    if may(actor, "read_privacy_requests"):
        response.headers["Location"] = links.self
    return s.PrivacyOpened(case_id=opened.case_id, created=opened.created, links=links)


@router.get("", operation_id="list_privacy_requests", summary="List privacy requests and holds")
async def list_privacy_requests(
    query: Annotated[s.PrivacyQuery, Query()],
    parts: WithParts,
    _: Lister,
    request: Request,
    response: Response,
) -> s.PrivacyRequestPage:
    """List requests: the next deadline first, those without one last."""
    wanted = PrivacyFilter(kind=query.kind, customer_id=query.customer_id, open_only=query.open)
    found = await run_in_threadpool(
        parts.privacy.requests, wanted, cursor=query.cursor, limit=query.limit
    )
    page = show.page(parts, request, found)
    if page.links.next is not None:
        response.headers["Link"] = f'<{page.links.next}>; rel="next"'
    return page


@router.get(
    "/{case_id}",
    operation_id="read_privacy_request",
    summary="Read a privacy request or a hold",
    responses=ONE,
)
async def read_privacy_request(
    case_id: PrivacyId, parts: WithParts, _: PrivacyReader
) -> s.PrivacyRequestView | s.UnrecordedRequest:
    """Read a request from the CRM. One that it does not have yet comes with `recorded: false`."""
    record = await run_in_threadpool(parts.privacy.request, case_id)
    if record is not None:
        return show.detail(parts, record)
    await require_known(parts, case_id)
    return show.unrecorded(parts, case_id)


@router.get(
    "/{case_id}/timeline",
    operation_id="read_privacy_timeline",
    summary="Read everything that happened in a privacy request",
    responses=ONE,
)
async def read_privacy_timeline(case_id: PrivacyId, parts: WithParts, _: PrivacyReader) -> Timeline:
    """Read the journal of a request, its escalations included, in order."""
    entries = await run_in_threadpool(parts.reads.timeline, case_id)
    if not entries:
        await require_known(parts, case_id)
    return presenting.timeline(parts, entries)


@router.get(
    "/{case_id}/escalations",
    operation_id="list_privacy_escalations",
    summary="List the escalations of a privacy request",
    responses=ONE,
)
async def list_privacy_escalations(
    case_id: PrivacyId, parts: WithParts, _: PrivacyReader
) -> Escalations:
    """List how often the request was escalated, and who took it, the oldest first."""
    records = await run_in_threadpool(lambda: parts.reads.escalations(case_id=case_id))
    if not records:
        await require_known(parts, case_id)
    return presenting.escalations(parts, records)


@router.get(
    "/{case_id}/certificate",
    operation_id="read_privacy_certificate",
    summary="Read what proves each clause of a privacy request, and what is missing",
    responses=ONE,
)
async def read_privacy_certificate(
    case_id: PrivacyId, parts: WithParts, actor: PrivacyReader
) -> CertificateView:
    """Read the clauses with who, when and which journal entry proves each, or what is missing."""
    return await proving.certificate(parts, actor, case_id)


@router.get(
    "/{case_id}/explanation",
    operation_id="read_privacy_explanation",
    summary="Read a privacy request in plain language",
    responses=ONE,
)
async def read_privacy_explanation(
    case_id: PrivacyId, parts: WithParts, actor: PrivacyReader
) -> ExplanationView:
    """Read what happened, sentence by sentence, and what the request waits for."""
    return await proving.explanation(parts, actor, case_id)


@router.get(
    "/{case_id}/export",
    operation_id="read_privacy_export",
    summary="Fetch the document of an export",
    responses=problems("case-not-found", "no-export", "crm-unavailable", "temporal-unavailable"),
)
async def read_privacy_export(
    case_id: PrivacyId,
    parts: WithParts,
    actor: Annotated[Actor, Depends(on_case("read_privacy_export"))],
    request: Request,
    response: Response,
) -> Dossier:
    """Fetch every record of the person, and what is withheld and why, until it is destroyed.

    The access log has it before you do.
    """
    document = await run_in_threadpool(parts.exports.fetch, case_id)
    if document is None:
        await require_known(parts, case_id)
        raise ProblemError("no-export")
    via = via_of(request.headers["Authorization"].partition(" ")[2])
    entry = fetched(secrets.token_hex(16), case_id, actor, via, datetime.now(UTC))
    await run_in_threadpool(parts.access_log.record, [entry])
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{case_id}.json"'
    return Dossier.model_validate_json(document)
