"""Reception and categorisation (INQ-2, INQ-3, INQ-4.1, INQ-4.2, INQ-5.3)."""

from datetime import timedelta

import pytest

from sop import messages as m
from sop.errors import InvalidValueError, NotAllowedError
from sop.inquiry import Inquiry, check_opening
from sop.models import Channel, ClosedAs, Priority, Reception, Stage
from sop.state import InquiryStart
from tests.sop.builders import (
    ANNA,
    ATTESTED,
    CONFIRMED,
    HOUR,
    MONDAY,
    RECEPTION,
    RESOLVED,
    VERIFIED,
    WEB_FORM,
    categorised,
    corrected,
    opened,
    opening,
    policy_with,
    shipped_policy,
)


def denying(fact: str) -> Reception:
    return RECEPTION.model_copy(update={fact: False})


@pytest.mark.clause("INQ-2")
@pytest.mark.parametrize("channel", list(Channel))
def test_an_inquiry_goes_from_opening_to_closing_on_each_channel(channel: Channel) -> None:
    case = opened(channel=channel)
    case.do(VERIFIED, RESOLVED)
    assert case.do(CONFIRMED).stage == Stage.CLOSED
    assert case.case.row().channel == channel


@pytest.mark.clause("INQ-2")
def test_a_channel_that_the_policy_lacks_is_refused_before_anything_starts() -> None:
    by_phone = policy_with(channels=(Channel.PHONE,))
    check_opening(by_phone, opening(channel=Channel.PHONE), ANNA)
    with pytest.raises(InvalidValueError, match="no channel chat; it has phone") as refused:
        check_opening(by_phone, opening(channel=Channel.CHAT), ANNA)
    assert refused.value.clause == "INQ-2"


@pytest.mark.clause("INQ-4.1.1", "INQ-4.1.2", "INQ-4.1.3", "INQ-5.3")
def test_a_reception_is_attested_with_who_and_when() -> None:
    case = opened(reception=None)
    assert {"INQ-4.1.1", "INQ-4.1.2", "INQ-4.1.3", "INQ-5.3"} <= set(case.case.missing)
    case.pass_time(timedelta(minutes=4))
    receipt = case.do(ATTESTED)
    entry = case.entry("reception.attested")
    assert receipt.proved == entry.clauses == ("INQ-4.1.1", "INQ-4.1.2", "INQ-4.1.3", "INQ-5.3")
    assert (entry.actor, entry.at) == (ANNA, MONDAY + timedelta(minutes=4))
    assert entry.detail["greeting"] == "Good morning, this is Anna of Example Company."
    assert entry.detail["key_points"] == "The invoice was charged twice."


@pytest.mark.parametrize(
    ("fact", "clause"),
    [
        pytest.param("listened", "INQ-4.1.2", marks=pytest.mark.clause("INQ-4.1.2")),
        pytest.param("key_points_confirmed", "INQ-4.1.3", marks=pytest.mark.clause("INQ-4.1.3")),
        pytest.param("courteous", "INQ-5.3", marks=pytest.mark.clause("INQ-5.3")),
    ],
)
def test_what_the_reception_lacked_keeps_the_case_open_until_it_is_made_good(
    fact: str, clause: str
) -> None:
    case = opened(reception=denying(fact))
    last = case.do(VERIFIED, RESOLVED, CONFIRMED)
    assert (last.stage, last.missing) == (Stage.FOLLOW_UP, (clause,))
    assert case.do(ATTESTED).stage == Stage.CLOSED


@pytest.mark.clause("INQ-4.1.1")
def test_without_any_attestation_of_the_reception_the_case_cannot_close() -> None:
    case = opened(reception=None)
    last = case.do(VERIFIED, RESOLVED, CONFIRMED)
    assert last.missing == ("INQ-4.1.1", "INQ-4.1.2", "INQ-4.1.3", "INQ-5.3")
    assert case.do(ATTESTED).stage == Stage.CLOSED


@pytest.mark.clause("INQ-4.1.2")
def test_the_last_attestation_counts() -> None:
    case = opened()
    case.do(m.RecordReception(actor=ANNA, reception=denying("listened")))
    assert "INQ-4.1.2" in case.case.missing
    assert "INQ-4.1.1" not in case.case.missing


@pytest.mark.clause("INQ-3.1")
def test_a_service_opens_and_categorises_but_attests_no_reception() -> None:
    policy = shipped_policy()
    check_opening(policy, opening(reception=None), WEB_FORM)
    check_opening(policy, opening(), ANNA)
    with pytest.raises(NotAllowedError, match="record reception"):
        check_opening(policy, opening(), WEB_FORM)
    by_service = opened(reception=None, actor=WEB_FORM)
    with pytest.raises(NotAllowedError):
        by_service.do(ATTESTED.model_copy(update={"actor": WEB_FORM}))
    assert by_service.entry("inquiry.opened").actor == WEB_FORM


@pytest.mark.clause("INQ-4.2.3")
def test_an_inquiry_is_logged_with_time_date_and_category_in_utc_and_at_the_desk() -> None:
    case = opened(category="technical", priority=Priority.LOW)
    row = case.case.row()
    assert (row.category, row.priority) == ("technical", Priority.LOW)
    assert row.received_at.isoformat() == "2026-11-23T08:00:00+00:00"
    assert row.received_local == "Mon 2026-11-23 09:00 CET"
    first = case.journal[0]
    assert (first.seq, first.kind, first.at) == (1, "inquiry.opened", MONDAY)
    assert first.detail["received_local"] == "Mon 2026-11-23 09:00 CET"
    assert first.detail["policy_version"] == row.policy_version == "2026.1"


@pytest.mark.clause("INQ-4.2.3")
def test_the_text_of_the_inquiry_goes_to_the_crm_once_and_not_into_the_journal() -> None:
    case = opened()
    told = case.case.state.pending.opening
    assert told is not None
    assert (told.subject, told.customer.customer_id) == ("Charged twice", "c-1")
    assert "charged twice for one order" not in str(case.journal)
    case.case.take_pending()
    case.do(VERIFIED)
    assert case.case.state.pending.opening is None


@pytest.mark.clause("INQ-4.2.1", "INQ-4.2.2")
def test_an_inquiry_that_nobody_has_categorised_is_categorised_later() -> None:
    case = opened(category=None)
    assert (case.stage, case.case.state.category) == (Stage.RECEIVED, None)
    receipt = case.do(categorised("product", Priority.LOW))
    assert {"INQ-4.2.1", "INQ-4.2.2", "INQ-4.2.3"} == set(receipt.proved)
    assert case.stage == Stage.CATEGORISED
    assert case.entry("inquiry.categorised").detail["priority"] == "low"


@pytest.mark.clause("INQ-4.2.1", "INQ-4.2.2")
def test_without_a_category_and_a_priority_the_case_cannot_close() -> None:
    case = opened(category=None)
    last = case.do(VERIFIED, RESOLVED, CONFIRMED)
    assert last.missing == ("INQ-4.2.1", "INQ-4.2.2", "INQ-4.2.3")
    case.do(categorised())
    assert case.case.state.closed_as == ClosedAs.RESOLVED


@pytest.mark.clause("INQ-4.2.1")
def test_a_correction_needs_a_reason_and_is_journaled_with_it() -> None:
    case = opened(category="billing")
    with pytest.raises(InvalidValueError, match="`reason`"):
        case.do(categorised("complaint"))
    assert case.case.state.category == "billing"
    case.do(corrected("complaint", Priority.URGENT))
    entry = case.entry("inquiry.recategorised")
    assert (entry.detail["category"], entry.detail["priority"]) == ("complaint", "urgent")
    assert entry.detail["reason"] == "Looked into it."


@pytest.mark.clause("INQ-4.2.1", "INQ-4.2.2")
def test_a_category_or_priority_that_the_policy_lacks_is_refused_with_those_it_has() -> None:
    policy = policy_with(priorities=(Priority.URGENT, Priority.STANDARD))
    case = opened(policy=policy)
    for step, said, clause in (
        (corrected("gossip"), "'gossip'; it has product, billing", "INQ-4.2.1"),
        (corrected("billing", Priority.LOW), "low; it has urgent, standard", "INQ-4.2.2"),
    ):
        with pytest.raises(InvalidValueError, match=said) as refused:
            case.do(step)
        assert refused.value.clause == clause
        at_opening = opening().model_copy(update={"classification": step.classification})
        with pytest.raises(InvalidValueError, match=said):
            check_opening(policy, at_opening, ANNA)


def test_an_inquiry_that_waited_for_a_worker_counts_from_its_receipt() -> None:
    case = opened(category="complaint", worker_away=3 * HOUR)
    assert case.case.state.received_at == MONDAY
    assert {entry.at for entry in case.journal} == {MONDAY}
    assert case.waiting_rungs["complaint-1"] == MONDAY + 12 * HOUR


def test_an_api_whose_clock_is_ahead_receives_nothing_in_the_future() -> None:
    case = opened(worker_away=timedelta(seconds=-2))
    assert case.case.state.received_at == case.now < MONDAY


def test_an_inquiry_begins_with_an_opening_or_with_its_state() -> None:
    start = InquiryStart(
        case_id="inquiry-4f1c2a77", policy=shipped_policy(), opened_by=ANNA, received_at=MONDAY
    )
    with pytest.raises(ValueError, match="an opening or a state"):
        Inquiry.begin(start, MONDAY)
