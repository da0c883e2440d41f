"""How a handoff reads in the Temporal UI and in the CRM's row, and to staff: nothing personal."""

import pytest

from sop.handoff.describe import details, summary
from sop.handoff.models import HandoffStage
from sop.messages import EscalationReport
from tests.sop.builders import DAY, HOUR, MONDAY
from tests.sop.handoff.builders import (
    CONCLUDED,
    IDENTIFIED,
    IN_PART,
    MAILED,
    NOTICED,
    PREPARED,
    SENT,
    HandedOver,
    came_back,
    handed,
    offered,
    prepared,
)

AT: dict[HandoffStage, HandedOver] = {
    HandoffStage.IDENTIFYING: handed(),
    HandoffStage.STOPPED: handed(NOTICED),
    HandoffStage.PREPARING: handed(IDENTIFIED),
    HandoffStage.READY: prepared(),
    HandoffStage.SENDING: handed(IDENTIFIED, *PREPARED, MAILED),
    HandoffStage.OFFERED: offered(inquiry_id="inquiry-4f1c2a77"),
    HandoffStage.RETURNED: came_back(),
    HandoffStage.CLOSED: handed(IDENTIFIED, *PREPARED, SENT, IN_PART),
}
PERSONAL = (
    *("Carla", "Client", "Workshop North", "extension 12", "A disputed card"),
    *("Please look into my card", "signed claim", "blocked card", "card goes back"),
)


@pytest.mark.parametrize("stage", list(HandoffStage))
def test_the_card_says_where_the_handoff_stands_and_what_to_do(stage: HandoffStage) -> None:
    case = AT[stage]
    card = case.case.details()
    assert case.stage == stage
    assert f"**Stage:** {stage}" in card
    assert f"**Custody:** {case.state.custody}, since" in card
    assert "**To:** rita · **From:** anna" in card
    assert "**What to do now:** " in card


@pytest.mark.clause("HOF-5.2")
@pytest.mark.parametrize("stage", list(HandoffStage))
def test_the_card_and_what_staff_are_sent_hold_nothing_personal(stage: HandoffStage) -> None:
    case = AT[stage]
    out = case.state.pending
    to_staff = [m.body for m in out.messages if not m.recipient.startswith("customer:")]
    ids = [*(m.message_id for m in out.messages), *(t.task_id for t in out.tasks)]
    for said in (case.case.details(), *to_staff, *ids, *(r.text for r in out.reports)):
        assert not any(word in said for word in PERSONAL)


def test_the_card_waits_for_the_next_deadline_that_is_no_reminder() -> None:
    case = offered()
    assert "acknowledgement: to the team leader, Mon 2026-11-23 21:00 CET" in case.case.details()
    assert "**Inquiry:** none · **Policy:** 2026.1" in case.case.details()
    assert "**Identity verified:** standard until Mon 2026-11-23 10:00 CET" in case.case.details()
    assert "**Items confirmed:** 2 of 2" in case.case.details()
    case.turn_to(MONDAY + 12 * HOUR)
    assert "custody returns to the sender, Tue 2026-11-24 09:00 CET" in case.case.details()


def test_who_is_paged_acknowledges_first() -> None:
    case = offered()
    case.turn_to(MONDAY + 12 * HOUR)
    case.begin_escalations()
    assert "Acknowledge the escalation (team leader). Then: The receiving" in case.case.details()
    case.escalation_says("acknowledgement-1", "acknowledged", by="lena")
    assert "Acknowledge" not in case.case.details()
    assert (case.case.holder, case.case.level) == ("lena", 1)
    assert "**Held by:** lena" in case.case.details()


def test_a_report_of_an_escalation_that_is_unknown_changes_nothing() -> None:
    case = offered()
    before = case.state
    said = EscalationReport(
        rung="returned", occasion=1, level=1, status="paging", role="duty_manager"
    )
    case.case.hear(said)
    assert case.state == before


def test_the_summary_stays_true_for_ever() -> None:
    assert summary("Mon 2026-11-23 09:00 CET") == "Handoff, opened Mon 2026-11-23 09:00 CET"
    assert details(handed().case, None).startswith("**Handoff, opened Mon 2026-11-23 09:00 CET**")


@pytest.mark.clause("HOF-4.2.6", "HOF-4.3.2")
def test_the_row_tells_of_the_offer_at_hand_and_then_of_the_last() -> None:
    case = offered()
    row = case.case.row()
    assert (row.stage, row.channel, row.transferred_at, row.answer) == (
        "offered",
        "crm",
        MONDAY,
        None,
    )
    assert (row.next_deadline, row.version) == (MONDAY + 12 * HOUR, case.state.seq)
    case.turn_to(MONDAY + DAY)
    row = case.case.row()
    assert (row.stage, row.channel, row.acknowledged_at) == ("returned", "crm", None)
    case.do(CONCLUDED)
    assert (case.case.row().closed_as, case.case.row().channel) == ("returned", "crm")
