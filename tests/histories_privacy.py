"""The privacy requests' part of the recorded histories: one of each kind, and a refusal."""

import asyncio
from datetime import timedelta

from adapters.privacy_reads import PrivacyReads
from sop.privacy import messages as p
from sop.privacy.models import ExtensionReason, RefusalReason, RequestKind, ToldBy
from tests.desk import CONFIRMED, RESOLVED, Desk, eventually
from tests.desk import VERIFIED as IDENTIFIED
from tests.privacy import (
    APPROVED,
    PAULA,
    RELEASED,
    TOLD,
    VERIFIED,
    asked,
    closed,
    held,
    released,
    row,
)
from workflows.escalating import escalation_id


async def erasure(desk: Desk, key: str) -> tuple[str, ...]:
    """Erase a customer with a held, a closed and an open inquiry; the rest after the hold."""
    customer = f"c-{key}"
    kept = await desk.open(f"{key} kept", customer_id=customer)
    await desk.do(kept, IDENTIFIED, RESOLVED, CONFIRMED)
    await desk.handle(kept).result()
    await desk.open(f"{key} open", customer_id=customer)
    hold = await held(desk, f"{key} hold", customer, cases=(kept,))
    request_id = await asked(desk, key, RequestKind.ERASURE, customer)
    await desk.do(request_id, VERIFIED, APPROVED, RELEASED)
    await eventually(lambda: _holds(desk, request_id, "erasure.done"), within=150)
    await desk.do(request_id, TOLD)
    await released(desk, hold)
    await desk.time_passes(request_id, days=1, seconds=1)
    await eventually(lambda: _over(desk, request_id), within=150)
    return request_id, hold


async def export(desk: Desk, key: str) -> tuple[str, ...]:
    """Export, extended, paged, answered in time, and destroyed when its time is over."""
    request_id = await asked(desk, key, RequestKind.EXPORT, f"c-{key}")
    extend = p.ExtendPrivacyRequest(
        actor=PAULA, reason=ExtensionReason.COMPLEX, told_by=ToldBy.EMAIL
    )
    await desk.do(request_id, extend)
    found = await row(desk, request_id)
    left = (found.due_at or found.received_at) - found.received_at
    await desk.time_passes(request_id, seconds=left.total_seconds() * 0.9)
    await desk.is_paged(request_id, "privacy_officer")
    await desk.do(request_id, VERIFIED, APPROVED, RELEASED)
    await desk.journal_holds(request_id, "export.made")
    await desk.do(request_id, TOLD)
    page = escalation_id(request_id, "privacy_deadline", 1)
    await desk.handle(page).result()
    await desk.time_passes(request_id, days=30, seconds=1)
    await closed(desk, request_id)
    return request_id, page


async def refused(desk: Desk, key: str) -> tuple[str, ...]:
    """Refuse a request of somebody who could not be verified."""
    request_id = await asked(desk, key, RequestKind.ERASURE, f"c-{key}")
    step = p.RejectPrivacyRequest(
        actor=PAULA, reason=RefusalReason.NOT_VERIFIED, told_by=ToldBy.EMAIL
    )
    await desk.do(request_id, step)
    await desk.handle(request_id).result()
    return (request_id,)


async def hold(desk: Desk, key: str) -> tuple[str, ...]:
    """Place a hold, whose workflow an operator cancels in vain; review and release it."""
    request_id = await held(desk, key, f"c-{key}")
    await desk.handle(request_id).cancel()
    await desk.journal_holds(request_id, "privacy.went_on")
    later = await desk.now(request_id) + timedelta(days=60)
    await desk.do(request_id, p.ReviewHold(actor=PAULA, review_at=later))
    await released(desk, request_id)
    return (request_id,)


async def _holds(desk: Desk, request_id: str, kind: str) -> bool:
    return kind in await desk.kinds(request_id)


async def _over(desk: Desk, request_id: str) -> bool:
    found = await asyncio.to_thread(PrivacyReads(desk.database).request, request_id)
    return found is not None and found.closed_at is not None


PRIVACY_STORIES = {
    "privacy-erasure": erasure,
    "privacy-export": export,
    "privacy-refused": refused,
    "privacy-hold": hold,
}
