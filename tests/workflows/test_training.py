"""Steps by people whose training is missing (INQ-8.2, HOF-6.1), at the gateway."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from activities.ports import CrmUnavailableError
from adapters.database import Database, Limits
from adapters.staff import TrainingRecords
from runtime.case_errors import RefusedError
from runtime.training import KEPT, KEPT_IN_OUTAGE, TrainingRing
from sop import messages as m
from sop.handoff.models import HandoffOpening, Item, ReceivingParty
from sop.models import Actor, Channel, Customer, Priority, Role
from sop.training import UntrainedError
from tests.desk import ANNA, VERIFIED, Desk, eventually, train
from tests.keyrings import shared_keyring

NEW = Actor(principal="newcomer", role=Role.CSR)
NEW_LEADER = Actor(principal="new-leader", role=Role.TEAM_LEADER)
INQUIRY = "inquiry-0123456789"


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.mark.clause("INQ-8.2")
async def test_an_untrained_representative_is_refused_and_nothing_changes(desk: Desk) -> None:
    case_id = await desk.open("untrained step")
    await desk.journal_holds(case_id, "inquiry.opened")
    await eventually(lambda: desk.is_idle(case_id))
    before = await desk.events(case_id)
    with pytest.raises(RefusedError) as refused:
        await desk.do(case_id, VERIFIED.model_copy(update={"actor": NEW}))
    detail = refused.value.detail
    assert (detail.code, detail.clause) == ("untrained", "INQ-8.2")
    assert "inquiry_handling" in detail.message
    assert await desk.events(case_id) == before
    await desk.do(case_id, m.AddNote(actor=NEW, text="The customer called."))


@pytest.mark.clause("INQ-8.2")
async def test_an_untrained_representative_opens_nothing_until_the_training_is_recorded(
    desk: Desk,
) -> None:
    opening = m.InquiryOpening(
        customer=Customer(customer_id="c-5"), channel=Channel.CHAT, subject="s", text="t"
    )
    late = Actor(principal="late-starter", role=Role.CSR)
    with pytest.raises(RefusedError, match="untrained"):
        await desk.cases.open(opening, actor=late, key="untrained", digest="a")
    await asyncio.to_thread(train, desk.database, desk.cases.policy, late)
    opened = await desk.cases.open(opening, actor=late, key="untrained", digest="a")
    assert opened.created


@pytest.mark.clause("HOF-6.1")
async def test_an_identity_check_in_an_inquiry_asks_for_the_handoffs_course(desk: Desk) -> None:
    case_id = await desk.open("untrained identification")
    with pytest.raises(RefusedError) as refused:
        await desk.do(case_id, m.Identify(actor=NEW))
    detail = refused.value.detail
    assert (detail.code, detail.clause) == ("untrained", "HOF-6.1")
    assert "identification_and_handoff" in detail.message


@pytest.mark.clause("INQ-6.1")
async def test_an_escalation_is_taken_by_whoever_is_there(desk: Desk) -> None:
    case_id = await desk.open("untrained leader", priority=Priority.URGENT)
    await desk.is_paged(case_id, "team_leader")
    taken = m.Acknowledge(actor=NEW_LEADER, level=1)
    await desk.cases.acknowledge(case_id, "urgent", 1, taken, key=None)


@pytest.mark.clause("INQ-8.2")
async def test_a_training_that_is_kept_still_ends_at_its_moment(desk: Desk) -> None:
    policy, clock = desk.cases.policy, Clock()
    records = TrainingRecords(desk.database)
    ring = TrainingRing(records, policy, clock=clock)
    held = [r for r in records.of(ANNA.principal) if r.course == "inquiry_handling"]
    record = max(held, key=lambda each: each.completed_at)  # each desk of the database trained her
    clock.now = record.completed_at + policy.training_valid_for - timedelta(seconds=1)
    await ring.require(ANNA, "resolve", INQUIRY)
    clock.now += timedelta(seconds=1)
    with pytest.raises(UntrainedError):
        await ring.require(ANNA, "resolve", INQUIRY)


async def test_who_was_trained_lately_goes_on_while_the_crm_is_away(desk: Desk) -> None:
    impatient = Limits(pool_size=1, wait=timedelta(seconds=0.05))
    database, clock = Database(desk.database.engine.url, impatient, shared_keyring()), Clock()
    ring = TrainingRing(TrainingRecords(database), desk.cases.policy, clock=clock)
    await ring.require(ANNA, "resolve", INQUIRY)
    with database.engine.connect():  # the pool's only connection: nobody else gets one
        clock.now += KEPT
        await ring.require(ANNA, "resolve", INQUIRY)
        await ring.require(ANNA, "identify", INQUIRY)
        await ring.require(NEW, "add_note", INQUIRY)
        with pytest.raises(CrmUnavailableError):
            await ring.require(NEW, "resolve", INQUIRY)
        clock.now += KEPT_IN_OUTAGE
        with pytest.raises(CrmUnavailableError):
            await ring.require(ANNA, "resolve", INQUIRY)
    await ring.require(ANNA, "resolve", INQUIRY)
    database.close()


@pytest.mark.clause("HOF-6.1")
async def test_an_untrained_representative_opens_no_handoff(desk: Desk) -> None:
    opening = HandoffOpening(
        customer_id="c-6",
        subject="s",
        text="t",
        items=(Item(item="file", description="The file"),),
        receiving=ReceivingParty(party="rita", name="Workshop North", contact="extension 12"),
    )
    with pytest.raises(RefusedError) as refused:
        await desk.cases.open_handoff(opening, actor=NEW, key="untrained", digest="a")
    assert (refused.value.detail.code, refused.value.detail.clause) == ("untrained", "HOF-6.1")
    opened = await desk.cases.open_handoff(opening, actor=ANNA, key="trained", digest="a")
    with pytest.raises(RefusedError, match="untrained"):
        await desk.do(opened.case_id, m.Identify(actor=NEW))
