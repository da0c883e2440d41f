"""Erasure, export and hold on a real server: two people, and nothing is left (HOF-5.1)."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import URL, func, select, text
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from activities.key_ports import KeyErasedError
from adapters.exports import SealedExports
from adapters.incident_reads import IncidentReads
from adapters.key_disposal import KeyDisposal
from adapters.tables import cases
from runtime.case_errors import KeyReusedError, RefusedError
from runtime.cases import Cases
from runtime.devserver import DevServer
from sop import messages as m
from sop.disposal import Hold
from sop.incident.messages import AddIncidentNote
from sop.incident.models import IncidentOpening
from sop.incident.records import IncidentFilter
from sop.keys import RecordClass
from sop.models import Channel
from sop.policy import Policy
from sop.privacy import messages as p
from sop.privacy.models import ExtensionReason, HoldReason, Law, PrivacyOpening, RequestKind, ToldBy
from tests.desk import ANNA, CONFIRMED, QUALITY, RESOLVED, Desk, a_desk, eventually
from tests.desk import VERIFIED as IDENTIFIED
from tests.handoffs import a_handoff
from tests.keyrings import shared_key_store, shared_keyring
from tests.privacy import (
    APPROVED,
    PAULA,
    RELEASED,
    TOLD,
    VERIFIED,
    asked,
    closed,
    erased,
    held,
    released,
    row,
)
from tests.restricting import is_restricted
from workflows.escalating import escalation_id

pytestmark = pytest.mark.clause("HOF-5.1")


@pytest.fixture
def customer(request: pytest.FixtureRequest) -> str:
    """A customer of this test's own."""
    return "c-" + "".join(filter(str.isalnum, request.node.name))[-40:]


@pytest_asyncio.fixture
async def on_both(own_database_url: URL, server: DevServer, policy: Policy) -> AsyncIterator[Desk]:
    """Run a desk on a database of either kind."""
    url = own_database_url.render_as_string(hide_password=False)
    async with a_desk(server, url, f"privacy-{own_database_url.database}"[-60:], policy) as desk:
        yield desk


async def a_closed_inquiry(desk: Desk, key: str, customer_id: str) -> str:
    case_id = await desk.open(key, customer_id=customer_id)
    await desk.do(case_id, IDENTIFIED, RESOLVED, CONFIRMED)
    await desk.handle(case_id).result()
    return case_id


async def an_open_handoff(desk: Desk, key: str, customer_id: str, **facts: str) -> str:
    opening = a_handoff(customer_id=customer_id, **facts)
    opened = await desk.cases.open_handoff(opening, actor=ANNA, key=key, digest=f"digest of {key}")
    await desk.journal_holds(opened.case_id, "handoff.opened")
    return opened.case_id


def opens(owner: str, *classes: RecordClass) -> set[RecordClass]:
    """Return the classes of which a key still works."""
    found = set()
    for which in classes:
        try:
            shared_keyring().obtain(owner, (which,))
        except KeyErasedError:
            continue
        found.add(which)
    return found


async def known(desk: Desk, workflow_id: str) -> bool:
    """Return whether Temporal still shows a workflow."""
    try:
        await desk.handle(workflow_id).describe()
    except RPCError:
        return False
    return True


def count(desk: Desk, table: Any, **where: str) -> int:
    conditions = [table.c[name] == value for name, value in where.items()]
    query = select(func.count()).select_from(table).where(*conditions)
    return desk.database.read(lambda connection: connection.execute(query).scalar_one())


@pytest.mark.timeout(300)
async def test_an_erasure_leaves_nothing_that_opens_of_a_closed_an_open_case_and_a_handoff(
    on_both: Desk, customer: str
) -> None:
    desk = on_both
    done = await a_closed_inquiry(desk, f"{customer} closed", customer)
    still = await desk.open(f"{customer} open", customer_id=customer, category="complaint")
    handed = await an_open_handoff(desk, f"{customer} handoff", customer)
    stranger = await desk.open(f"{customer} other", customer_id=f"{customer}x"[-60:])

    request_id = await asked(desk, customer, RequestKind.ERASURE, customer)
    await desk.do(request_id, VERIFIED, APPROVED, RELEASED)
    await eventually(lambda: _done(desk, request_id), within=150)
    for case_id in (done, still):
        assert opens(case_id, RecordClass.HISTORY, RecordClass.INQUIRY) == set()
    assert opens(handed, RecordClass.HISTORY) == set()
    for case_id in (done, still, handed):
        assert not await known(desk, case_id)
    assert count(desk, cases, customer_id=customer) == 0
    found = await row(desk, request_id)
    assert {(str(k.because), str(k.basis)) for k in found.remaining} <= {
        ("legal_basis", "legal_claims"), ("legal_basis", "legal_obligation"),
    }  # fmt: skip
    assert found.certificates == (f"erasure-{request_id}-1",)
    await desk.do(request_id, TOLD)
    assert (await closed(desk, request_id)).closed_as == "fulfilled"
    assert await known(desk, stranger)
    assert opens(stranger, RecordClass.HISTORY) == {RecordClass.HISTORY}


@pytest.mark.timeout(300)
async def test_what_is_left_of_an_erasure_holds_nothing_of_the_person_but_their_id(
    desk: Desk, customer: str
) -> None:
    await a_closed_inquiry(desk, customer, customer)
    request_id = await asked(desk, f"{customer} erase", RequestKind.ERASURE, customer)
    await desk.do(request_id, VERIFIED, APPROVED, RELEASED)
    await eventually(lambda: _done(desk, request_id), within=150)
    timeline = await asyncio.to_thread(desk.reads.timeline, request_id)
    said = json.dumps([entry.detail for entry in timeline])
    history = json.dumps((await desk.handle(request_id).fetch_history()).to_json_dict())
    for word in ("Carla", "carla@example.org", "charged twice"):
        assert word not in said
        assert word not in history


async def _done(desk: Desk, request_id: str) -> bool:
    return "erasure.done" in await desk.kinds(request_id)


@pytest.mark.timeout(300)
async def test_a_hold_on_a_case_keeps_it_and_the_rest_goes_when_it_is_released(
    desk: Desk, customer: str
) -> None:
    kept = await a_closed_inquiry(desk, f"{customer} kept", customer)
    gone = await a_closed_inquiry(desk, f"{customer} gone", customer)
    hold = await held(desk, f"{customer} hold", customer, cases=(kept,))
    request_id = await asked(desk, customer, RequestKind.ERASURE, customer)
    await desk.do(request_id, VERIFIED, APPROVED, RELEASED)
    await eventually(lambda: _done(desk, request_id), within=150)
    found = await row(desk, request_id)
    assert found.stage == "partly_executed"
    assert {(k.case_id, str(k.because)) for k in found.remaining if k.because == "hold"} == {
        (kept, "hold")
    }
    assert {hold} == {name for k in found.remaining for name in k.holds}
    assert opens(kept, RecordClass.INQUIRY) == {RecordClass.INQUIRY}
    assert opens(gone, RecordClass.INQUIRY) == set()
    await desk.do(request_id, TOLD)
    assert (await row(desk, request_id)).closed_at is None

    await desk.time_passes(request_id, days=1, seconds=1)
    await eventually(lambda: _looked(desk, request_id))
    assert opens(kept, RecordClass.INQUIRY) == {RecordClass.INQUIRY}
    await released(desk, hold)
    await desk.time_passes(request_id, days=1, seconds=1)
    await eventually(lambda: _closed(desk, request_id), within=150)
    assert opens(kept, RecordClass.INQUIRY) == set()
    assert (await row(desk, request_id)).remaining == () or all(
        str(k.because) == "legal_basis" for k in (await row(desk, request_id)).remaining
    )


async def _looked(desk: Desk, request_id: str) -> bool:
    state = (await desk.handle(request_id).query("state"))["state"]
    return bool(state["attempts"] == 2 and state["work"] is None)


async def _closed(desk: Desk, request_id: str) -> bool:
    return (await row(desk, request_id)).closed_at is not None


async def test_a_hold_on_the_customer_ends_no_open_case_of_theirs(
    desk: Desk, customer: str
) -> None:
    still = await desk.open(customer, customer_id=customer)
    await held(desk, f"{customer} hold", customer)
    await erased(desk, f"{customer} erase", customer)
    described = await desk.handle(still).describe()
    assert described.status == WorkflowExecutionStatus.RUNNING
    assert opens(still, RecordClass.HISTORY, RecordClass.INQUIRY) == {
        RecordClass.HISTORY, RecordClass.INQUIRY,
    }  # fmt: skip
    assert (await desk.do(still, m.AddNote(actor=ANNA, text="Goes on."))).recorded


@pytest.mark.clause("HOF-7.3")
async def test_an_open_incident_about_their_case_stays_with_the_desk_until_it_is_closed(
    on_both: Desk, customer: str
) -> None:
    desk = on_both
    case_id = await a_closed_inquiry(desk, customer, customer)
    incident = IncidentOpening(clause="HOF-5.2", subject="A letter", text="t", case_id=case_id)
    about = await desk.cases.open_incident(incident, actor=ANNA, key=customer, digest=customer)
    await desk.journal_holds(about.case_id, "incident.opened")
    await erased(desk, f"{customer} erase", customer)
    assert not await restricted(desk, about.case_id)
    assert not await restricted(desk, case_id)
    wanted = IncidentFilter(case_id=case_id)
    listed = await asyncio.to_thread(IncidentReads(desk.database).incidents, wanted)
    assert [one.incident_id for one in listed.incidents] == [about.case_id]
    note = AddIncidentNote(actor=QUALITY, text="The letter came back.")
    assert (await desk.do(about.case_id, note)).recorded


async def test_an_open_inquiry_under_a_hold_is_worked_on_and_restricted_once_it_is_closed(
    on_both: Desk, customer: str
) -> None:
    desk = on_both
    still = await desk.open(customer, customer_id=customer)
    await desk.journal_holds(still, "inquiry.opened")
    await held(desk, f"{customer} hold", customer)
    request_id = await erased(desk, f"{customer} erase", customer)
    assert not await restricted(desk, still)
    later = await desk.open(f"{customer} later", customer_id=customer)
    await desk.journal_holds(later, "inquiry.opened")
    await desk.do(still, IDENTIFIED, RESOLVED, CONFIRMED)
    await desk.handle(still).result()
    await desk.time_passes(request_id, days=1, seconds=1)
    await eventually(lambda: _looked(desk, request_id))
    assert await restricted(desk, still)
    assert (await desk.do(later, m.AddNote(actor=ANNA, text="They came back."))).recorded


async def test_a_hold_on_a_case_that_is_not_theirs_is_refused_and_says_so(
    desk: Desk, customer: str
) -> None:
    """The gateway asks the CRM, too; a case may have gone in between, whole."""
    case_id = await desk.open(customer, customer_id=customer)
    await desk.journal_holds(case_id, "inquiry.opened")
    gateway, other = desk.cases, f"{customer}x"[-60:]
    credulous = Cases(
        gateway.client,
        gateway.policy,
        task_queue=desk.task_queue,
        records=desk.reads,
        theirs=lambda _, named: frozenset(named),
        training=gateway._training,
        ui="",
    )
    opening = PrivacyOpening(
        kind=RequestKind.HOLD,
        customer_id=other,
        channel=Channel.EMAIL,
        cases=(case_id,),
        reason=HoldReason.LITIGATION,
        review_at=datetime.now(UTC) + timedelta(days=30),
    )
    with pytest.raises(RefusedError, match="case-not-found"):
        await gateway.open_privacy_request(opening, actor=PAULA, key=other, digest="d")
    hold = await credulous.open_privacy_request(opening, actor=PAULA, key=other, digest="d")
    await desk.journal_holds(hold.case_id, "hold.refused")
    found = await closed(desk, hold.case_id)
    assert (found.closed_as, found.refusal) == ("refused", "not_their_data")
    assert hold.case_id not in {each.hold_id for each in holds_on(case_id)}


def holds_on(scope: str) -> tuple[Hold, ...]:
    return KeyDisposal(shared_key_store(), shared_keyring()).holds(scope)


async def test_a_hold_on_an_inquiry_ends_no_handoff_that_was_opened_from_it(
    desk: Desk, customer: str
) -> None:
    inquiry = await desk.open(customer, customer_id=customer)
    await desk.do(inquiry, IDENTIFIED, RESOLVED)
    handoff = await an_open_handoff(desk, f"{customer} handoff", customer, inquiry_id=inquiry)
    await held(desk, f"{customer} hold", customer, cases=(inquiry,))
    await erased(desk, f"{customer} erase", customer)
    for case_id in (inquiry, handoff):
        described = await desk.handle(case_id).describe()
        assert described.status == WorkflowExecutionStatus.RUNNING
        assert not await restricted(desk, case_id)


async def restricted(desk: Desk, case_id: str) -> bool:
    return await asyncio.to_thread(is_restricted, desk.database, case_id)


async def test_nothing_is_done_before_two_people_and_a_verified_requester(
    desk: Desk, customer: str
) -> None:
    case_id = await a_closed_inquiry(desk, customer, customer)
    request_id = await asked(desk, f"{customer} erase", RequestKind.ERASURE, customer)
    for step, code in (
        (APPROVED, "behind-gate"),
        (RELEASED, "behind-gate"),
        (VERIFIED, None),
        (RELEASED, "behind-gate"),
        (APPROVED, None),
        (RELEASED.model_copy(update={"actor": PAULA}), "not-allowed"),
        (RELEASED.model_copy(update={"actor": ANNA}), "not-allowed"),
    ):
        if code is None:
            await desk.do(request_id, step)
            continue
        with pytest.raises(RefusedError) as refused:
            await desk.do(request_id, step)
        assert refused.value.detail.code == code
    assert opens(case_id, RecordClass.INQUIRY) == {RecordClass.INQUIRY}
    assert count(desk, cases, case_id=case_id) == 1


async def test_an_export_is_sealed_fetched_and_destroyed_when_its_time_is_over(
    on_both: Desk, customer: str
) -> None:
    desk = on_both
    case_id = await desk.open(customer, customer_id=customer)
    await desk.journal_holds(case_id, "inquiry.opened")
    request_id = await asked(desk, f"{customer} export", RequestKind.EXPORT, customer)
    await desk.do(request_id, VERIFIED, APPROVED.model_copy(update={"actor": QUALITY}), RELEASED)
    await desk.journal_holds(request_id, "export.made")
    store = SealedExports(desk.database, shared_keyring())
    document = json.loads(store.fetch(request_id) or b"")
    sections = {section["name"]: section["records"] for section in document["sections"]}
    assert [record["case_id"] for record in sections["inquiries"]] == [case_id]
    assert sections["customer"][0]["name"] == "Carla Client"
    stored = desk.database.read(
        lambda c: c.execute(text("SELECT document FROM privacy_exports")).scalar_one()
    )
    assert b"Carla" not in bytes(stored)
    history = await desk.handle(request_id).fetch_history()
    assert "Carla" not in json.dumps(history.to_json_dict())
    await desk.do(request_id, TOLD)
    await desk.time_passes(request_id, days=30, seconds=1)
    assert (await closed(desk, request_id)).closed_as == "fulfilled"
    assert await asyncio.to_thread(store.fetch, request_id) is None
    assert opens(request_id, RecordClass.INQUIRY) == set()


async def test_the_month_of_the_law_pages_the_officers_before_and_after_it_ends(
    desk: Desk, customer: str
) -> None:
    request_id = await asked(desk, customer, RequestKind.ERASURE, customer)
    await desk.journal_holds(request_id, "privacy.opened")
    due = (await row(desk, request_id)).due_at
    assert due is not None
    begun = (await row(desk, request_id)).received_at
    await desk.time_passes(request_id, seconds=((due - begun) * 0.9).total_seconds())
    await desk.is_paged(request_id, "privacy_officer")
    page = desk.handle(escalation_id(request_id, "privacy_deadline", 1))
    await page.cancel()
    await page.result()
    left = due - await desk.now(request_id)
    await desk.time_passes(request_id, seconds=left.total_seconds())
    await desk.journal_holds(request_id, "privacy.overdue")
    await desk.is_paged(request_id, "privacy_officer", "privacy_officer")
    with pytest.raises(RefusedError, match="wrong-stage"):
        await desk.do(
            request_id,
            p.ExtendPrivacyRequest(
                actor=PAULA, reason=ExtensionReason.COMPLEX, told_by=ToldBy.POST
            ),
        )


async def test_forty_five_days_are_extended_once(desk: Desk, customer: str) -> None:
    request_id = await asked(desk, customer, RequestKind.EXPORT, customer, law=Law.CCPA)
    extend = p.ExtendPrivacyRequest(
        actor=PAULA, reason=ExtensionReason.MANY_REQUESTS, told_by=ToldBy.EMAIL
    )
    first = (await desk.do(request_id, VERIFIED)).next_deadline
    await desk.do(request_id, extend)
    found = await row(desk, request_id)
    assert first is not None
    assert found.due_at is not None
    assert abs(found.due_at - found.received_at - timedelta(days=90)) <= timedelta(hours=2)
    with pytest.raises(RefusedError, match="wrong-stage"):
        await desk.do(request_id, extend)


async def test_the_same_key_opens_one_request_and_another_body_is_noticed(
    desk: Desk, customer: str
) -> None:
    first = await asked(desk, customer, RequestKind.EXPORT, customer)
    assert await asked(desk, customer, RequestKind.EXPORT, customer) == first
    again = await asyncio.gather(
        *(asked(desk, customer, RequestKind.EXPORT, customer) for _ in range(5))
    )
    assert set(again) == {first}
    opening = (await row(desk, first)).kind
    assert opening == "export"
    with pytest.raises(KeyReusedError):
        await desk.cases.open_privacy_request(
            PrivacyOpening(kind=RequestKind.ERASURE, customer_id=customer, channel=Channel.EMAIL),
            actor=ANNA,
            key=customer,
            digest="other",
        )


async def test_a_hold_that_is_cancelled_in_temporal_stands_all_the_same(
    desk: Desk, customer: str
) -> None:
    case_id = await a_closed_inquiry(desk, customer, customer)
    hold = await held(desk, f"{customer} hold", customer)
    await desk.handle(hold).cancel()
    await desk.journal_holds(hold, "privacy.went_on")
    await erased(desk, f"{customer} erase", customer)
    assert opens(case_id, RecordClass.INQUIRY) == {RecordClass.INQUIRY}
    await released(desk, hold)
    assert (await row(desk, hold)).closed_as == "released"
