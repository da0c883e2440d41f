"""An inquiry opens a handoff, waits for it, learns its end; and identifies by the same rules."""

import pytest

from sop import messages as m
from sop.errors import (
    BehindGateError,
    InvalidValueError,
    NotAllowedError,
    SopError,
    WrongStageError,
)
from sop.handoff.handoff import Handoff
from sop.handoff.messages import HandoffReport, OpenHandoff
from sop.identity import Identity
from sop.models import VerificationOutcome
from tests.sop.builders import (
    ANNA,
    ANSWERED,
    DAY,
    DORA,
    GENERAL_ANSWER,
    HOUR,
    LENA,
    MONDAY,
    NOT_VERIFIED,
    NOTED,
    RESOLVED,
    VERIFIED,
    WITHDRAWN,
    Handled,
    adopted,
    corrected,
    opened,
    policy_with,
    resolved,
)
from tests.sop.builders import CONFIRMED as CONFIRMED_AT_FOLLOW_UP
from tests.sop.handoff.builders import (
    ACCEPTED,
    APPROVED,
    EXHAUSTED,
    HANDOFF_ID,
    IDENTIFIED,
    INQUIRY_ID,
    MINUTE,
    MISMATCHED,
    NOTICED,
    PREPARED,
    REJECTED,
    RITA,
    SENT,
    HandedOver,
    handed,
    handing_over,
    handoff_order,
    start_of,
)


def begun(case: Handled) -> HandedOver:
    """Begin the handoff that the inquiry has for its workflow."""
    (order,) = case.case.state.handoffs_to_start
    case.case.handoff_begun(order, case.now, started=True)
    return HandedOver(Handoff.begin(start_of(order), case.now), case.now)


def ended(case: Handled, closed_as: str = "accepted") -> None:
    said = HandoffReport(handoff_id=HANDOFF_ID, stage="closed", custody="rita", closed_as=closed_as)
    case.case.hear_handoff(said, case.now)


# Opening, waiting, hearing


@pytest.mark.clause("HOF-2")
def test_an_inquiry_opens_a_handoff_that_has_a_workflow_of_its_own() -> None:
    case = opened()
    receipt = case.do(handing_over())
    assert receipt.proved == ("HOF-2",)
    assert "HOF-4.2.5" in receipt.missing
    entry = case.entry("handoff.opened")
    assert (entry.detail["handoff_id"], entry.detail["receiving_party"]) == (HANDOFF_ID, "rita")
    handoff = begun(case)
    assert handoff.case.row().inquiry_id == INQUIRY_ID
    assert case.case.state.handoffs_to_start == ()
    assert HANDOFF_ID in case.case.details()


@pytest.mark.clause("HOF-2")
def test_a_handoff_is_for_the_inquirys_customer_and_is_opened_once() -> None:
    case = opened()
    other = handoff_order(customer_id="c-2", inquiry_id=INQUIRY_ID)
    with pytest.raises(InvalidValueError) as refused:
        case.do(OpenHandoff(actor=ANNA, order=other))
    assert refused.value.clause == "HOF-2"
    case.do(handing_over())
    before = case.case.state
    with pytest.raises(WrongStageError):
        case.do(handing_over())
    assert case.case.state == before


@pytest.mark.clause("HOF-2", "INQ-4.5.2")
def test_an_inquiry_waits_for_its_handoff_and_closes_when_that_was_the_last_thing_missing() -> None:
    case = opened()
    case.do(VERIFIED, handing_over(), RESOLVED, CONFIRMED_AT_FOLLOW_UP)
    assert (case.stage, case.case.missing) == ("follow_up", ("HOF-4.2.5",))
    assert "the handoff that the inquiry waits for must end" in case.case.details()
    case.pass_time(HOUR)
    ended(case)
    assert (case.stage, case.case.missing) == ("closed", ())
    assert case.kinds[-2:] == ["handoff.reported", "inquiry.closed"]
    assert case.case.state.closed_at == MONDAY + HOUR


@pytest.mark.clause("HOF-2")
def test_an_inquiry_need_not_wait_and_the_handoff_outlives_it() -> None:
    case = resolved()
    case.do(handing_over(waits=False))
    handoff = begun(case)
    assert case.do(CONFIRMED_AT_FOLLOW_UP).stage == "closed"
    seq = case.case.state.seq
    ended(case)
    assert case.case.state.seq == seq
    handoff.do(IDENTIFIED, *PREPARED, SENT, ACCEPTED)
    assert handoff.stage == "closed"


@pytest.mark.clause("HOF-2")
def test_an_inquiry_hears_each_news_of_its_handoffs_once() -> None:
    case = opened()
    case.do(handing_over())
    handoff = begun(case)
    told = [handoff.case.report()]
    for step in (IDENTIFIED, *PREPARED, SENT, ACCEPTED):
        handoff.do(step)
        told += [handoff.case.report()] * 2
    for report in told:
        case.case.hear_handoff(report, case.now)
    said = [(x.detail["stage"], x.detail["custody"]) for x in case.entries("handoff.reported")]
    assert said == [
        ("identifying", "anna"),
        ("preparing", "anna"),
        ("ready", "anna"),
        ("offered", "anna"),
        ("closed", "rita"),
    ]
    (note,) = case.case.state.handoffs
    assert (note.closed_as, note.custody) == ("accepted", "rita")
    case.case.hear_handoff(told[0].model_copy(update={"handoff_id": "handoff-00000000"}), case.now)
    assert len(case.entries("handoff.reported")) == 5


@pytest.mark.clause("HOF-2")
def test_a_withdrawn_inquiry_still_starts_the_handoff_that_it_has_opened() -> None:
    case = opened()
    case.do(handing_over(), WITHDRAWN)
    assert len(case.case.state.handoffs_to_start) == 1


@pytest.mark.clause("HOF-2")
def test_a_handoff_whose_id_has_run_before_is_not_waited_for() -> None:
    case = opened()
    case.do(handing_over())
    (order,) = case.case.state.handoffs_to_start
    case.case.handoff_begun(order, case.now, started=False)
    assert case.entry("handoff.not_started").detail["handoff_id"] == HANDOFF_ID
    assert "HOF-4.2.5" not in case.case.missing


# A verified identity goes along


@pytest.mark.clause("HOF-3.3", "HOF-4.1.2")
def test_a_handoff_carries_the_level_and_the_end_of_the_inquirys_identity() -> None:
    case = opened()
    case.do(IDENTIFIED)
    case.pass_time(30 * MINUTE)
    case.do(handing_over())
    handoff = begun(case)
    entry = handoff.entry("identity.carried")
    assert (entry.detail["level"], entry.detail["verified_by"]) == ("standard", "anna")
    assert entry.detail["expires_at"] == (MONDAY + HOUR).isoformat()
    assert {"HOF-4.1.1", "HOF-4.1.2", "HOF-4.1.3", "HOF-4.1.5"} <= set(entry.clauses)
    assert handoff.stage == "preparing"
    handoff.do(*PREPARED)
    handoff.turn_to(MONDAY + HOUR)
    with pytest.raises(BehindGateError, match="has expired"):
        handoff.do(SENT)
    handoff.do(IDENTIFIED, SENT)


@pytest.mark.clause("HOF-4.1.2")
@pytest.mark.parametrize("how", ["not identified", "expired", "failed later", "recorded by hand"])
def test_what_does_not_hold_is_not_carried(how: str) -> None:
    case = opened()
    if how == "expired":
        case.do(IDENTIFIED)
        case.pass_time(HOUR)
    elif how == "failed later":
        case.do(IDENTIFIED, MISMATCHED)
    elif how == "recorded by hand":
        case.do(VERIFIED)
    case.do(handing_over())
    handoff = begun(case)
    assert (handoff.stage, handoff.state.identification.identity) == ("identifying", None)


@pytest.mark.clause("HOF-4.1.4")
def test_no_handoff_is_opened_around_a_discrepancy() -> None:
    case = opened()
    case.do(NOTICED)
    before = case.case.state
    with pytest.raises(BehindGateError) as refused:
        case.do(handing_over())
    assert (refused.value.clause, case.case.state) == ("HOF-4.1.4", before)
    case.do(REJECTED, handing_over())


def test_an_order_with_an_identity_and_one_without_begin_alike() -> None:
    identity = Identity.model_validate(
        {
            "level": "low",
            "verified_at": MONDAY,
            "expires_at": MONDAY + HOUR,
            "verified_by": "ben",
        }
    )
    assert handed(identity=identity).case.row().identity_level == "low"


# Identification in an inquiry


@pytest.mark.clause("INQ-4.3.1", "INQ-4.3.2", "HOF-4.1.2")
def test_a_verified_identity_opens_the_inquirys_gate_and_proves_both_procedures() -> None:
    case = opened()
    receipt = case.do(IDENTIFIED)
    assert receipt.verification == "verified"
    assert {"INQ-4.3.1", "INQ-4.3.2", "HOF-4.1.2", "HOF-4.1.3"} <= set(receipt.proved)
    case.do(ANSWERED, RESOLVED)


@pytest.mark.clause("INQ-4.3.2", "HOF-4.1.2")
@pytest.mark.parametrize("step", [ANSWERED, RESOLVED])
def test_an_inquirys_gate_uses_the_identity_and_an_expired_one_is_asked_for_again(
    step: m.Command,
) -> None:
    case = opened()
    case.do(IDENTIFIED)
    case.pass_time(HOUR)
    before = case.case.state
    with pytest.raises(BehindGateError, match="has expired") as refused:
        case.do(step)
    assert (refused.value.clause, case.case.state) == ("HOF-4.1.2", before)
    case.do(GENERAL_ANSWER, IDENTIFIED, step)


@pytest.mark.clause("INQ-4.3.2", "HOF-4.1.4")
@pytest.mark.parametrize("check", [MISMATCHED, NOTICED, EXHAUSTED])
def test_a_check_that_failed_is_not_overruled_by_recording_that_it_did_not(
    check: m.Identify,
) -> None:
    case = opened()
    case.do(check)
    before = case.case.state
    with pytest.raises(BehindGateError) as refused:
        case.do(VERIFIED)
    assert (refused.value.clause, case.case.state) == ("HOF-4.1.4", before)


@pytest.mark.clause("INQ-4.3.2")
@pytest.mark.parametrize(
    "outcome", [VerificationOutcome.NOT_VERIFIED, VerificationOutcome.NEEDS_SUPERVISOR]
)
def test_a_person_who_records_that_the_customer_is_not_verified_shuts_the_gate(
    outcome: VerificationOutcome,
) -> None:
    case = opened()
    case.do(IDENTIFIED, NOT_VERIFIED.model_copy(update={"outcome": outcome}))
    for step in (ANSWERED, RESOLVED, VERIFIED):
        with pytest.raises(BehindGateError):
            case.do(step)
    if outcome == VerificationOutcome.NEEDS_SUPERVISOR:
        case.do(APPROVED)
    case.do(IDENTIFIED, RESOLVED)


@pytest.mark.clause("INQ-4.3.1")
def test_a_check_without_forms_does_not_prove_that_any_were_asked_for() -> None:
    case = opened()
    assert "INQ-4.3.1" not in case.do(EXHAUSTED).proved


@pytest.mark.clause("HOF-4.1.4")
def test_a_discrepancy_stops_an_inquiry_whose_general_information_is_exempt() -> None:
    case = opened(general_information=True)
    case.do(NOTICED)
    for step in (ANSWERED, RESOLVED):
        with pytest.raises(BehindGateError) as refused:
            case.do(step)
        assert refused.value.clause == "HOF-4.1.4"
    case.do(GENERAL_ANSWER, NOTED, REJECTED, RESOLVED)


@pytest.mark.clause("HOF-4.1.4", "INQ-4.5.2")
def test_an_inquiry_does_not_close_over_a_discrepancy() -> None:
    case = resolved()
    case.do(NOTICED)
    assert case.do(CONFIRMED_AT_FOLLOW_UP).missing == ("INQ-4.3.2", "HOF-4.1.4")
    assert case.do(APPROVED.model_copy(update={"actor": DORA})).missing == ("INQ-4.3.2",)
    assert case.do(ANSWERED).stage == "closed"


@pytest.mark.clause("HOF-4.1.4", "INQ-4.5.2")
def test_an_exempt_inquiry_closes_when_its_discrepancy_is_decided() -> None:
    case = resolved(general_information=True)
    case.do(NOTICED)
    assert case.do(CONFIRMED_AT_FOLLOW_UP).missing == ("HOF-4.1.4",)
    assert case.do(REJECTED).stage == "closed"


@pytest.mark.clause("HOF-3.2", "HOF-4.1.4")
def test_an_approval_is_used_by_the_next_step_behind_the_inquirys_gate() -> None:
    case = opened()
    case.do(NOTICED)
    assert case.fired_rungs["discrepancy-1"] == MONDAY
    with pytest.raises(NotAllowedError):
        case.do(APPROVED.model_copy(update={"actor": ANNA}))
    case.do(APPROVED, GENERAL_ANSWER)
    assert case.entries("approval.used") == []
    receipt = case.do(RESOLVED)
    assert receipt.verification == "verified"
    assert case.entry("approval.used").clauses == ("HOF-4.1.2", "HOF-4.1.3", "INQ-4.3.2")
    assert [report.kind for report in case.case.state.unfiled] == ["override"]


@pytest.mark.clause("HOF-4.1.4")
def test_an_approval_that_ran_out_stops_the_inquiry_again() -> None:
    case = opened()
    case.do(NOTICED, APPROVED)
    case.pass_time(10 * MINUTE)
    assert case.fired_rungs["discrepancy-2"] == MONDAY + 10 * MINUTE
    with pytest.raises(BehindGateError):
        case.do(RESOLVED)
    case.do(WITHDRAWN)
    assert case.tasks[-1].outcome == "not needed"
    assert case.case.next_deadline() is None


@pytest.mark.clause("HOF-4.1.4")
def test_a_rung_of_a_discrepancy_proves_nothing_in_an_inquiry_but_the_escalation() -> None:
    case = opened()
    case.do(NOTICED)
    assert case.entry("rung.fired").clauses == ("INQ-4.4.4",)
    assert "HOF-4.1.4" in case.case.missing


@pytest.mark.clause("HOF-3.3")
def test_a_receiving_party_identifies_nobody_in_an_inquiry() -> None:
    case = opened()
    with pytest.raises(NotAllowedError) as refused:
        case.do(IDENTIFIED.model_copy(update={"actor": RITA}))
    assert refused.value.clause == "HOF-5.3"


@pytest.mark.clause("HOF-8")
def test_a_case_under_a_policy_without_identification_says_so() -> None:
    case = opened(policy=policy_with(identification=None))
    for step in (IDENTIFIED, MISMATCHED):
        with pytest.raises(SopError, match="no rules of identification") as refused:
            case.do(step)
        assert refused.value.clause == "HOF-8"
    case.do(adopted(policy_with()), IDENTIFIED)


@pytest.mark.clause("INQ-4.3.2")
def test_a_correction_that_ends_the_exemption_asks_for_the_identity_that_failed() -> None:
    case = opened(general_information=True)
    case.do(MISMATCHED)
    assert "INQ-4.3.2" not in case.case.missing
    case.do(corrected("billing"))
    assert "INQ-4.3.2" in case.case.missing
    case.pass_time(DAY)
    case.do(IDENTIFIED)
    assert "INQ-4.3.2" not in case.case.missing


@pytest.mark.clause("HOF-3.2")
def test_who_answered_the_customer_does_not_decide_about_them() -> None:
    case = opened()
    case.do(GENERAL_ANSWER.model_copy(update={"actor": LENA}), NOTICED)
    with pytest.raises(NotAllowedError, match="own case"):
        case.do(APPROVED)
