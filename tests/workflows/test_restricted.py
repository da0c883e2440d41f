"""An erasure restricts what has ended; what is open is worked on until it ends (HOF-5.1)."""

import asyncio

import pytest

from runtime.case_errors import UnknownCaseError
from sop import messages as m
from sop.disposal import Because
from sop.models import Actor, Role
from sop.object_rules import Presence
from sop.privacy.models import RequestKind
from tests.api.test_duties import begin
from tests.desk import ANNA, CONFIRMED, QUALITY, RESOLVED, Desk, eventually
from tests.desk import VERIFIED as IDENTIFIED
from tests.privacy import APPROVED, RELEASED, VERIFIED, asked, held, row
from tests.workflows.test_incident import CLOSED, COMPLETED, NOT_NEEDED, mended, opened
from tests.workflows.test_privacy import a_closed_inquiry, customer

__all__ = ["customer"]
pytestmark = [pytest.mark.clause("HOF-5.1", "HOF-5.3"), pytest.mark.timeout(300)]

LENA = Actor(principal="lena", role=Role.TEAM_LEADER)


async def erase(desk: Desk, customer_id: str) -> str:
    """Have a customer erased by two people; return the request's id when it was done once."""
    request_id = await asked(desk, f"{customer_id} erase", RequestKind.ERASURE, customer_id)
    await desk.do(request_id, VERIFIED, APPROVED, RELEASED)

    async def is_done() -> bool:
        return "erasure.done" in await desk.kinds(request_id)

    await eventually(is_done, within=150)
    return request_id


async def a_day_later(desk: Desk, request_id: str) -> None:
    """Let an erasure that waits look again."""
    before = (await desk.handle(request_id).query("state"))["state"]["attempts"]
    await desk.time_passes(request_id, days=1, seconds=1)

    async def has_looked() -> bool:
        state = (await desk.handle(request_id).query("state"))["state"]
        return bool(state["attempts"] > before and state["work"] is None)

    await eventually(has_looked, within=150)


async def presence(desk: Desk, case_id: str) -> Presence:
    return await asyncio.to_thread(desk.reads.presence, case_id)


async def test_an_open_case_under_a_hold_is_restricted_when_it_has_closed(
    desk: Desk, customer: str
) -> None:
    still = await desk.open(customer, customer_id=customer)
    await held(desk, f"{customer} hold", customer)
    request_id = await erase(desk, customer)
    assert await presence(desk, still) is Presence.RECORDED
    await desk.do(still, IDENTIFIED, RESOLVED, CONFIRMED)
    await desk.handle(still).result()
    await a_day_later(desk, request_id)
    assert await presence(desk, still) is Presence.RESTRICTED
    for actor in (ANNA, LENA):
        with pytest.raises(UnknownCaseError):
            await desk.do(still, m.AddNote(actor=actor, text="x"))
        with pytest.raises(UnknownCaseError):
            await desk.cases.acknowledge(
                still, "urgent", 1, m.Acknowledge(actor=actor, level=1), key=None
            )


@pytest.mark.clause("HOF-6.3")
async def test_a_breach_is_worked_on_to_its_end_and_restricted_then(
    desk: Desk, customer: str
) -> None:
    about = await a_closed_inquiry(desk, customer, customer)
    incident = await opened(desk, customer, case_id=about)
    await desk.journal_holds(incident, "incident.opened")
    request_id = await erase(desk, customer)
    for case_id in (about, incident):
        assert await presence(desk, case_id) is Presence.RECORDED
    action = await mended(desk, incident, days=3)
    await desk.do(incident, NOT_NEEDED, action, COMPLETED, CLOSED)
    await desk.handle(incident).result()
    await a_day_later(desk, request_id)
    assert await presence(desk, incident) is Presence.RESTRICTED
    found = await row(desk, request_id)
    assert {each.because for each in found.remaining} == {Because.LEGAL_BASIS}


@pytest.mark.clause("HOF-6.2")
async def test_an_audit_of_a_case_ends_with_the_erasure_whether_the_case_is_held_or_not(
    desk: Desk, customer: str
) -> None:
    kept = await a_closed_inquiry(desk, f"{customer} kept", customer)
    gone = await a_closed_inquiry(desk, f"{customer} gone", customer)
    await held(desk, f"{customer} hold", customer, cases=(kept,))
    audits = [f"duty-audit-{case_id}" for case_id in (kept, gone)]
    for audit, about in zip(audits, (kept, gone), strict=True):
        await begin(desk, audit, about=about)
    await begin(desk, f"duty-audit-{customer}")  # about nothing of the person's
    request_id = await erase(desk, customer)
    for audit in audits:
        assert "duty.cancelled" in await desk.kinds(audit)
        assert await presence(desk, audit) is Presence.RESTRICTED
    assert await presence(desk, kept) is Presence.RESTRICTED
    assert await presence(desk, f"duty-audit-{customer}") is Presence.RECORDED
    found = await row(desk, request_id)
    assert Because.OPEN not in {each.because for each in found.remaining}
    with pytest.raises(UnknownCaseError):
        await desk.do(kept, m.AddNote(actor=QUALITY, text="x"))
