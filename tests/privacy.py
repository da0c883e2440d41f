"""Privacy requests on a real desk: people, and steps in a few words."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.privacy_reads import PrivacyReads
from sop.models import Actor, Channel, Role
from sop.privacy import messages as p
from sop.privacy.models import (
    HoldReason,
    PrivacyOpening,
    RequestKind,
    ToldBy,
    VerificationMethod,
)
from sop.privacy.records import PrivacyDetail
from tests.desk import ANNA, Desk, eventually

PAULA = Actor(principal="paula", role=Role.PRIVACY_OFFICER)
PETER = Actor(principal="peter", role=Role.PRIVACY_OFFICER)
VERIFIED = p.VerifyRequester(actor=PAULA, method=VerificationMethod.TWO_FORMS)
APPROVED = p.ApprovePrivacyRequest(actor=PAULA)
RELEASED = p.ReleasePrivacyRequest(actor=PETER)
TOLD = p.CompletePrivacyRequest(actor=PAULA, told_by=ToldBy.POST)


async def asked(
    desk: Desk, key: str, kind: RequestKind, customer_id: str, *, by: Actor = ANNA, **more: Any
) -> str:
    """Open a privacy request; return its id."""
    opening = PrivacyOpening(kind=kind, customer_id=customer_id, channel=Channel.EMAIL, **more)
    done = await desk.cases.open_privacy_request(
        opening, actor=by, key=key, digest=f"digest of {key}"
    )
    return done.case_id


async def held(desk: Desk, key: str, customer_id: str, **more: Any) -> str:
    """Place a hold; return its id when it is in force."""
    opening = await asked(
        desk, key, RequestKind.HOLD, customer_id, by=PAULA, reason=HoldReason.LITIGATION,
        review_at=datetime.now(UTC) + timedelta(days=30), **more,
    )  # fmt: skip
    await desk.journal_holds(opening, "hold.placed")
    return opening


async def released(desk: Desk, request_id: str) -> None:
    """Release a hold by two people."""
    await desk.do(request_id, APPROVED, RELEASED)
    await desk.handle(request_id).result()


async def erased(desk: Desk, key: str, customer_id: str) -> str:
    """Have a customer erased by two people; return the request's id when it is done."""
    request_id = await asked(desk, key, RequestKind.ERASURE, customer_id)
    await desk.do(request_id, VERIFIED, APPROVED, RELEASED)
    await desk.journal_holds(request_id, "erasure.done")
    return request_id


async def row(desk: Desk, request_id: str) -> PrivacyDetail:
    """Return a request as the CRM has it."""
    found = await asyncio.to_thread(PrivacyReads(desk.database).request, request_id)
    assert found is not None
    return found


async def closed(desk: Desk, request_id: str) -> PrivacyDetail:
    """Wait until a request is closed; return it."""

    async def over() -> bool:
        return (await row(desk, request_id)).closed_at is not None

    await eventually(over)
    return await row(desk, request_id)
