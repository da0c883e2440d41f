"""The handoff procedure on a real server: from identification to acknowledgement or return."""

import asyncio
from typing import Any

import pytest

from adapters.handoff_reads import HandoffReads
from adapters.recipient_keys import RecipientKeys
from runtime.case_errors import CaseEndedError, KeyReusedError, RefusedError, UnknownCaseError
from sop import messages as m
from sop.handoff import messages as h
from sop.handoff.models import Answer, HandoffOpening
from sop.handoff.records import HandoffDetail
from sop.models import Actor, Role
from tests.bench.handoff_paths import ACCEPTED, PREPARED, TRANSFERRED, identified, opening
from tests.certificates import holder
from tests.desk import (
    ANNA,
    CONFIRMED,
    LEADER,
    RESOLVED,
    RITA,
    VERIFIED,
    Desk,
    eventually,
    train,
)
from workflows.escalating import escalation_id

OFFERED: tuple[m.Command, ...] = (identified(), PREPARED, TRANSFERRED)
NOTICED = identified().model_copy(update={"noticed": True})
APPROVED = m.DecideDiscrepancy(actor=LEADER, approve=True, reason="Known in person.")
REFUSED = h.AnswerOffer(actor=RITA, answer=Answer.REFUSE, reason="This is not ours.")
CONCLUDED = h.Conclude(actor=ANNA, reason="The customer keeps it.")
BY_MAIL = TRANSFERRED.model_copy(update={"channel": "encrypted_email"})


async def handed_over(desk: Desk, key: str, **facts: Any) -> str:
    """Open a handoff; return its id."""
    said = opening(**facts)
    opened = await desk.cases.open_handoff(said, actor=ANNA, key=key, digest=f"digest of {key}")
    return opened.case_id


def reads(desk: Desk) -> HandoffReads:
    return HandoffReads(desk.database)


def row_of(desk: Desk, case_id: str) -> HandoffDetail:
    found = reads(desk).handoff(case_id)
    assert found is not None
    return found


@pytest.mark.clause("HOF-4.2.5", "HOF-4.2.6", "HOF-4.3.1", "HOF-7.1", "HOF-7.2")
async def test_a_handoff_goes_from_opening_to_its_acknowledgement(desk: Desk) -> None:
    case_id = await handed_over(desk, "plain handoff")
    closed = await desk.do(case_id, *OFFERED, ACCEPTED)

    assert (closed.stage, closed.missing, closed.recorded) == ("closed", (), True)
    row = row_of(desk, case_id)
    assert (row.closed_as, row.custody, row.identity_level) == ("accepted", "rita", "standard")
    (confirmation,) = reads(desk).confirmations(case_id)
    assert (confirmation.outcome, confirmation.acknowledged_by) == ("accepted", "rita")
    assert [line.reason for line in reads(desk).verifications(case_id)] == ["matched"]
    topics = [message.topic for message in desk.reads.outbox(case_id=case_id)]
    assert sorted(topics) == ["handoff.offered", "handoff_accepted", "handoff_begins"]
    (task,) = desk.reads.tasks(case_id=case_id, open_only=False)
    assert (task.assignee, task.outcome) == ("rita", "accepted")
    outcome = await desk.handle(case_id).result()
    assert (outcome["closed_as"], outcome["custody"]) == ("accepted", "rita")


@pytest.mark.clause("HOF-4.1.2", "HOF-4.2.1", "HOF-4.2.3", "HOF-4.2.4")
async def test_a_step_behind_its_gate_is_refused_and_leaves_no_event(desk: Desk) -> None:
    case_id = await handed_over(desk, "gates")
    await desk.journal_holds(case_id, "handoff.opened")
    await eventually(lambda: desk.is_idle(case_id))
    before = await desk.events(case_id)
    steps = (PREPARED, TRANSFERRED, h.CompleteBrief(actor=ANNA, brief="All there."))
    for step in steps:
        with pytest.raises(RefusedError) as refused:
            await desk.do(case_id, step)
        assert refused.value.detail.clause == "HOF-4.1.2"
    assert await desk.events(case_id) == before
    await desk.do(case_id, identified())
    with pytest.raises(RefusedError) as refused:
        await desk.do(case_id, TRANSFERRED)
    assert (refused.value.detail.code, refused.value.detail.clause) == ("behind-gate", "HOF-4.2.1")


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2", "HOF-7.3")
async def test_a_forbidden_channel_is_refused_on_record_and_reported(desk: Desk) -> None:
    case_id = await handed_over(desk, "forbidden")
    await desk.do(case_id, *OFFERED[:2])
    faxed = TRANSFERRED.model_copy(update={"channel": "fax", "digest": "d"})
    for _ in range(2):  # the same request, repeated: one attempt
        with pytest.raises(RefusedError) as refused:
            await desk.cases.step(case_id, faxed, key="fax")
        assert refused.value.detail.code == "channel-not-approved"
    with pytest.raises(KeyReusedError):
        await desk.cases.step(case_id, faxed.model_copy(update={"digest": "e"}), key="fax")
    (report,) = reads(desk).reports(case_id)
    assert (report.kind, report.clause) == ("channel_not_approved", "HOF-4.2.4")
    assert (await desk.kinds(case_id)).count("channel.refused") == 1
    assert (await desk.do(case_id, TRANSFERRED, ACCEPTED)).stage == "closed"


@pytest.mark.clause("HOF-3.2", "HOF-4.1.4", "HOF-7.3")
async def test_a_discrepancy_is_paged_decided_by_another_and_used_by_the_next_step(
    desk: Desk,
) -> None:
    case_id = await handed_over(desk, "discrepancy")
    await desk.do(case_id, NOTICED)
    await desk.is_paged(case_id, "team_leader")
    own = APPROVED.model_copy(update={"actor": ANNA})
    with pytest.raises(RefusedError) as refused:
        await desk.do(case_id, own)
    assert refused.value.detail.code == "not-allowed"
    with pytest.raises(RefusedError) as refused:
        await desk.do(case_id, PREPARED)
    assert refused.value.detail.clause == "HOF-4.1.4"
    await desk.do(case_id, APPROVED)
    await desk.handle(escalation_id(case_id, "discrepancy", 1)).result()
    assert (await desk.do(case_id, *OFFERED[1:], ACCEPTED)).stage == "closed"
    assert row_of(desk, case_id).identity_level == "supervised"
    assert [report.kind for report in reads(desk).reports(case_id)] == ["override"]


@pytest.mark.clause("HOF-4.1.4")
async def test_an_approval_that_nobody_uses_runs_out_and_stops_the_handoff_anew(
    desk: Desk,
) -> None:
    case_id = await handed_over(desk, "approval runs out")
    await desk.do(case_id, NOTICED)
    await desk.is_paged(case_id, "team_leader")
    await desk.do(case_id, APPROVED)
    await desk.handle(escalation_id(case_id, "discrepancy", 1)).result()
    await desk.time_passes(case_id, minutes=10, seconds=1)
    await desk.journal_holds(case_id, "approval.expired")
    await desk.is_paged(case_id, "team_leader", "team_leader")
    with pytest.raises(RefusedError) as refused:
        await desk.do(case_id, PREPARED)
    assert refused.value.detail.clause == "HOF-4.1.4"
    rejected = APPROVED.model_copy(update={"approve": False})
    withdrawn = h.WithdrawHandoff(actor=ANNA, reason="It is somebody else.")
    assert (await desk.do(case_id, rejected, withdrawn)).stage == "closed"


@pytest.mark.clause("HOF-4.2.5", "HOF-4.3.1")
async def test_unacknowledged_custody_returns_and_the_customer_and_the_duty_manager_learn_of_it(
    desk: Desk,
) -> None:
    case_id = await handed_over(desk, "never acknowledged")
    await desk.do(case_id, *OFFERED)
    await desk.time_passes(case_id, hours=12)
    await desk.is_paged(case_id, "team_leader")
    page = desk.handle(escalation_id(case_id, "acknowledgement", 1))
    await page.cancel()  # while a child runs, the server skips no time
    await page.result()
    await desk.time_passes(case_id, hours=12, seconds=1)
    await desk.journal_holds(case_id, "custody.returned")
    await desk.is_paged(case_id, "team_leader", "duty_manager")
    with pytest.raises(RefusedError) as refused:
        await desk.do(case_id, ACCEPTED)
    assert refused.value.detail.code == "stale-answer"
    assert (await desk.kinds(case_id)).count("handoff.reminded") >= 1
    row = row_of(desk, case_id)
    assert (row.stage, row.custody) == ("returned", "anna")
    assert (await desk.do(case_id, CONCLUDED)).stage == "closed"
    (confirmation,) = reads(desk).confirmations(case_id)
    assert confirmation.outcome == "unacknowledged"
    topics = [message.topic for message in desk.reads.outbox(case_id=case_id)]
    assert "handoff_returned" in topics
    await desk.handle(escalation_id(case_id, "returned", 1)).result()


@pytest.mark.clause("HOF-4.2.5")
async def test_what_was_refused_goes_out_again_and_the_page_is_taken_back(desk: Desk) -> None:
    case_id = await handed_over(desk, "refused, then accepted")
    await desk.do(case_id, *OFFERED, REFUSED)
    await desk.is_paged(case_id, "duty_manager")
    await desk.do(case_id, TRANSFERRED)
    await desk.handle(escalation_id(case_id, "returned", 1)).result()
    assert (await desk.do(case_id, ACCEPTED)).stage == "closed"
    outcomes = [said.outcome for said in reads(desk).confirmations(case_id)]
    assert outcomes == ["refused", "accepted"]


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2")
async def test_a_mail_leaves_encrypted_or_not_at_all(desk: Desk) -> None:
    party = {"party": "archive", "name": "The archive", "contact": "extension 40"}
    case_id = await handed_over(desk, "mailed", receiving=party)
    await desk.do(case_id, *OFFERED[:2], BY_MAIL)
    await desk.journal_holds(case_id, "mail.not_sent")
    assert row_of(desk, case_id).stage == "ready"
    keys = RecipientKeys(desk.database)
    await asyncio.to_thread(keys.add, "archive", holder().pem, address=None, added_by="lena")
    await desk.do(case_id, BY_MAIL)
    await desk.journal_holds(case_id, "handoff.transferred")
    sent = [x for x in desk.reads.outbox(case_id=case_id) if x.topic == "handoff.encrypted"]
    assert len(sent) == 1
    assert "My card does not work" not in sent[0].body
    archive = Actor(principal="archive", role=Role.RECEIVING_PARTY)
    await asyncio.to_thread(_train, desk, archive)
    closed = await desk.do(case_id, ACCEPTED.model_copy(update={"actor": archive}))
    assert closed.stage == "closed"


@pytest.mark.clause("HOF-3.3")
async def test_only_its_own_receiving_party_acts_in_a_handoff(desk: Desk) -> None:
    ron = Actor(principal="ron", role=Role.RECEIVING_PARTY)
    await asyncio.to_thread(_train, desk, ron)
    case_id = await handed_over(desk, "others")
    await desk.do(case_id, *OFFERED)
    for step in (ACCEPTED, identified()):
        with pytest.raises(UnknownCaseError):
            await desk.do(case_id, step.model_copy(update={"actor": ron}))
    again = identified().model_copy(update={"actor": RITA})
    assert (await desk.do(case_id, again)).verification == "verified"


@pytest.mark.clause("HOF-2", "HOF-3.3")
async def test_an_inquiry_hands_over_what_it_has_verified_waits_and_closes_with_the_handoff(
    desk: Desk,
) -> None:
    inquiry_id = await desk.open("hands over")
    await desk.do(inquiry_id, identified(), RESOLVED)
    case_id = await handed_over(desk, "from an inquiry", inquiry_id=inquiry_id)
    waiting = await desk.do(inquiry_id, CONFIRMED)
    assert (waiting.stage, waiting.missing) == ("follow_up", ("HOF-4.2.5",))
    await desk.journal_holds(case_id, "identity.carried")
    await desk.do(case_id, PREPARED, TRANSFERRED, ACCEPTED)
    outcome = await desk.handle(inquiry_id).result()
    assert outcome["closed_as"] == "resolved"
    assert (await desk.kinds(inquiry_id))[-2:] == ["handoff.reported", "inquiry.closed"]
    assert [x.handoff_id for x in reads(desk).of_inquiry(inquiry_id)] == [case_id]


@pytest.mark.clause("HOF-2")
async def test_a_handoff_outlives_an_inquiry_that_does_not_wait(desk: Desk) -> None:
    inquiry_id = await desk.open("does not wait")
    facts = {"inquiry_id": inquiry_id, "inquiry_waits": False}
    case_id = await handed_over(desk, "outlives", **facts)
    assert (await desk.do(inquiry_id, VERIFIED, RESOLVED, CONFIRMED)).stage == "closed"
    await desk.handle(inquiry_id).result()
    assert (await desk.do(case_id, *OFFERED, ACCEPTED)).stage == "closed"
    await desk.handle(case_id).result()


@pytest.mark.clause("HOF-2")
async def test_the_same_key_opens_one_handoff_and_another_body_is_noticed(desk: Desk) -> None:
    said: HandoffOpening = opening()
    first = await desk.cases.open_handoff(said, actor=ANNA, key="handoff once", digest="a")
    again = await desk.cases.open_handoff(said, actor=ANNA, key="handoff once", digest="a")
    assert (first.case_id, first.created, again.created) == (again.case_id, True, False)
    with pytest.raises(KeyReusedError):
        await desk.cases.open_handoff(said, actor=ANNA, key="handoff once", digest="b")


@pytest.mark.clause("HOF-4.2.5")
async def test_a_handoff_that_is_cancelled_in_temporal_ends_in_order(desk: Desk) -> None:
    case_id = await handed_over(desk, "cancelled handoff")
    await desk.do(case_id, *OFFERED)
    await desk.handle(case_id).cancel()
    outcome = await desk.handle(case_id).result()
    assert (outcome["closed_as"], outcome["custody"]) == ("returned", "anna")
    row = row_of(desk, case_id)
    assert (row.stage, row.channel) == ("closed", "crm")
    assert [said.outcome for said in reads(desk).confirmations(case_id)] == ["cancelled"]
    (task,) = desk.reads.tasks(case_id=case_id, open_only=False)
    assert task.done_at is not None
    with pytest.raises(CaseEndedError):
        await desk.do(case_id, ACCEPTED)


@pytest.mark.clause("HOF-8")
async def test_an_open_handoff_adopts_a_newer_policy(desk: Desk) -> None:
    case_id = await handed_over(desk, "adopts")
    policy = desk.cases.policy.handoff
    assert policy is not None
    rule = policy.handoff.model_copy(update={"channels": policy.handoff.channels[1:]})
    newer = policy.model_copy(update={"version": "2026.2", "handoff": rule})
    adopt = h.AdoptHandoffPolicy(actor=LEADER, policy=newer, reason="No more CRM.")
    await desk.do(case_id, *OFFERED[:2], adopt)
    with pytest.raises(RefusedError) as refused:
        await desk.do(case_id, TRANSFERRED)
    assert refused.value.detail.code == "channel-not-approved"
    assert row_of(desk, case_id).policy_version == "2026.2"


async def test_the_whole_state_of_a_handoff_can_be_queried(desk: Desk) -> None:
    case_id = await handed_over(desk, "queried handoff")
    await desk.do(case_id, *OFFERED)
    view = await desk.handle(case_id).query("state")
    assert (view["stage"], view["state"]["custody"]) == ("offered", "anna")
    missing = await desk.handle(case_id).query("missing")
    assert missing == ["HOF-4.2.5", "HOF-4.2.6", "HOF-4.3.1"]


def _train(desk: Desk, person: Actor) -> None:
    train(desk.database, desk.cases.policy, person)
