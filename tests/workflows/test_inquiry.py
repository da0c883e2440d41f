"""The inquiry handling protocol on a real server: from reception to closing."""

from datetime import timedelta

import pytest

from adapters.crm_reads import CrmReads
from adapters.database import Database, Limits
from adapters.person import PersonRecords
from adapters.staff import TrainingRecords
from runtime.case_errors import CaseEndedError, KeyReusedError, RefusedError, UnknownCaseError
from runtime.cases import Cases
from runtime.training import TrainingRing
from sop import messages as m
from sop.models import Channel, Customer, FollowUpOutcome
from tests.desk import (
    ANNA,
    CONFIRMED,
    LEADER,
    RECEPTION,
    RESOLVED,
    VERIFIED,
    Desk,
    eventually,
)
from tests.keyrings import shared_keyring


@pytest.mark.clause("INQ-2", "INQ-4.5.1", "INQ-4.5.2", "INQ-4.6.2")
@pytest.mark.parametrize("channel", list(Channel))
async def test_an_inquiry_goes_from_opening_to_closing_on_each_channel(
    desk: Desk, channel: Channel
) -> None:
    case_id = await desk.open(f"plain {channel}", channel=channel)
    closed = await desk.do(case_id, VERIFIED, RESOLVED, CONFIRMED)

    assert (closed.stage, closed.missing, closed.recorded) == ("closed", (), True)
    case = desk.reads.case(case_id)
    assert case is not None
    assert (case.channel, case.closed_as) == (channel, "resolved")
    assert (case.responsible, case.resolution) == ("anna", "The charge was paid back.")
    assert (case.feedback, case.satisfaction) == ("All well.", 5)


@pytest.mark.clause("INQ-4.1.1", "INQ-4.1.2", "INQ-4.1.3", "INQ-5.3", "INQ-4.2.3")
async def test_an_inquiry_that_a_service_opens_is_received_and_categorised_by_a_representative(
    desk: Desk,
) -> None:
    case_id = await desk.open("by a service", category=None, reception=None)
    received = await desk.do(case_id, m.RecordReception(actor=ANNA, reception=RECEPTION))
    assert {"INQ-4.1.1", "INQ-4.1.2", "INQ-4.1.3", "INQ-5.3"} <= set(received.proved)
    step = m.Categorise.model_validate(
        {"actor": ANNA, "classification": {"category": "product", "priority": "low"}}
    )
    receipt = await desk.do(case_id, step)
    assert receipt.stage == "categorised"
    case = desk.reads.case(case_id)
    assert case is not None
    assert (case.category, case.priority) == ("product", "low")
    assert case.received_local.endswith(("CET", "CEST"))


@pytest.mark.clause("INQ-4.3.2")
async def test_a_resolution_before_the_verification_is_refused_and_nothing_changes(
    desk: Desk,
) -> None:
    case_id = await desk.open("behind the gate")
    await eventually(lambda: desk.is_idle(case_id))
    before = await desk.events(case_id)
    with pytest.raises(RefusedError) as refused:
        await desk.do(case_id, RESOLVED)
    assert (refused.value.detail.code, refused.value.detail.clause) == ("behind-gate", "INQ-4.3.2")
    assert await desk.events(case_id) == before


@pytest.mark.clause("INQ-4.6.1", "INQ-4.6.2")
async def test_a_follow_up_opens_a_task_and_a_message_and_closes_after_the_last_attempt(
    desk: Desk,
) -> None:
    case_id = await desk.open("not reached")
    await desk.do(case_id, VERIFIED, RESOLVED)
    not_reached = m.RecordFollowUp(actor=ANNA, outcome=FollowUpOutcome.NOT_REACHED)
    with pytest.raises(RefusedError, match="wrong-stage"):
        await desk.do(case_id, not_reached)
    for attempt in (1, 2, 3):
        await desk.time_passes(case_id, days=1, seconds=1)
        await desk.journal_holds(case_id, "follow_up.due", attempt)
        await desk.do(case_id, not_reached)
    case = desk.reads.case(case_id)
    assert case is not None
    assert (case.stage, case.follow_up_outcome) == ("closed", "not_reached")
    messages = [x for x in desk.reads.outbox(case_id=case_id) if x.topic == "follow_up"]
    assert len(messages) == 3


@pytest.mark.clause("INQ-4.5.1")
async def test_a_repeated_request_is_answered_again_and_recorded_once(desk: Desk) -> None:
    case_id = await desk.open("repeated")
    note = m.AddNote(actor=ANNA, text="Called back.", digest="one")
    first = await desk.cases.step(case_id, note, key="same")
    assert await desk.cases.step(case_id, note, key="same") == first
    other = m.AddNote(actor=ANNA, text="Other.", digest="two")
    with pytest.raises(KeyReusedError):
        await desk.cases.step(case_id, other, key="same")
    assert (await desk.kinds(case_id)).count("note.added") == 1


async def test_the_same_key_opens_one_case_and_another_body_is_noticed(desk: Desk) -> None:
    opening = m.InquiryOpening(
        customer=Customer(customer_id="c-2"), channel=Channel.CHAT, subject="s", text="t"
    )
    first = await desk.cases.open(opening, actor=ANNA, key="once", digest="a")
    again = await desk.cases.open(opening, actor=ANNA, key="once", digest="a")
    assert (first.created, again.created, first.case_id) == (True, False, again.case_id)
    with pytest.raises(KeyReusedError):
        await desk.cases.open(opening, actor=ANNA, key="once", digest="b")
    await desk.journal_holds(first.case_id, "inquiry.opened")
    recorded = await desk.cases.open(opening, actor=ANNA, key="once", digest="a")
    assert (recorded.case_id, recorded.created) == (first.case_id, False)


@pytest.mark.clause("INQ-4.5.1")
async def test_an_inquiry_is_taken_while_the_crm_is_away(desk: Desk) -> None:
    impatient = Limits(pool_size=1, wait=timedelta(seconds=0.05))
    database = Database(desk.database.engine.url, impatient, shared_keyring())
    training = TrainingRing(TrainingRecords(database), desk.cases.policy)
    cases = Cases(
        desk.client,
        desk.cases.policy,
        task_queue=desk.task_queue,
        records=CrmReads(database),
        theirs=PersonRecords(database).theirs,
        training=training,
        ui="",
    )
    await training.require(ANNA, "open", "inquiry-")  # she was seen lately
    opening = m.InquiryOpening(
        customer=Customer(customer_id="c-4"), channel=Channel.CHAT, subject="s", text="t"
    )
    with database.engine.connect():  # the pool's only connection: nobody else gets one
        opened = await cases.open(opening, actor=ANNA, key="away", digest="a")
    assert opened.created
    await desk.journal_holds(opened.case_id, "inquiry.opened")
    database.close()


async def test_an_unknown_case_and_a_closed_case_are_told_apart(desk: Desk) -> None:
    with pytest.raises(UnknownCaseError):
        await desk.do("inquiry-00000000000000000000", m.AddNote(actor=ANNA, text="?"))
    case_id = await desk.open("withdrawn")
    await desk.do(case_id, m.Withdraw(actor=ANNA, reason="The customer found the receipt."))
    with pytest.raises(CaseEndedError):
        await desk.do(case_id, m.AddNote(actor=ANNA, text="Too late."))


async def test_a_withdrawn_case_and_a_duplicate_close_at_once_with_their_reason(desk: Desk) -> None:
    first, second = await desk.open("original"), await desk.open("copy")
    step = m.MarkDuplicate(actor=ANNA, duplicate_of=first, reason="Same order.")
    assert (await desk.do(second, step)).stage == "closed"
    case = desk.reads.case(second)
    assert case is not None
    assert (case.closed_as, case.duplicate_of) == ("duplicate", first)


@pytest.mark.clause("INQ-3.1", "INQ-3.2")
async def test_what_a_role_may_not_do_is_refused_in_the_workflow_too(desk: Desk) -> None:
    case_id = await desk.open("roles")
    adopt = m.AdoptPolicy(actor=ANNA, policy=desk.cases.policy.case, reason="new year")
    with pytest.raises(RefusedError) as refused:
        await desk.do(case_id, adopt)
    assert refused.value.detail.code == "not-allowed"
    await desk.do(case_id, adopt.model_copy(update={"actor": LEADER}))


@pytest.mark.clause("HOF-8")
async def test_a_newer_policy_moves_the_deadlines_of_an_open_case_and_journals_each(
    desk: Desk,
) -> None:
    case_id = await desk.open("policy", category="complaint")
    policy = desk.cases.policy.case
    rungs = [
        r.model_copy(update={"after": timedelta(hours=6)}) if r.rung == "complaint" else r
        for r in policy.escalation
    ]
    newer = policy.model_copy(update={"version": "2026.2", "escalation": tuple(rungs)})
    await desk.do(case_id, m.AdoptPolicy(actor=LEADER, policy=newer, reason="Sooner."))
    moved = [e for e in desk.reads.timeline(case_id) if e.kind == "rung.moved"]
    assert [e.detail["rung"] for e in moved] == ["complaint-1"]
    await desk.time_passes(case_id, hours=6)
    await desk.is_paged(case_id, "quality_manager")
    assert (await desk.kinds(case_id)).count("rung.fired") == 1


async def test_the_whole_state_and_what_is_missing_can_be_queried(desk: Desk) -> None:
    case_id = await desk.open("queried", category="complaint")
    await desk.do(case_id, VERIFIED)
    view = await desk.handle(case_id).query("state")
    assert (view["stage"], view["holder"]) == ("in_progress", "anna")
    missing = await desk.handle(case_id).query("missing")
    assert missing == ["INQ-4.4.1", "INQ-4.4.2", "INQ-4.5.2", "INQ-4.6.1", "INQ-4.6.2"]
