"""Before the transfer: items, brief, notice, in the procedure's order (HOF-4.2.1 to HOF-4.2.3)."""

from itertools import pairwise
from typing import Any

import pytest

from sop.errors import (
    BehindGateError,
    InvalidValueError,
    NotAllowedError,
    SopError,
    WrongStageError,
)
from sop.handoff import messages as h
from sop.handoff.brief import mail_text
from sop.handoff.handoff import check_order
from sop.messages import Command
from sop.models import Actor, Customer, Role
from tests.sop.builders import ANNA, BEN, HOUR, LENA, MONDAY, WEB_FORM
from tests.sop.handoff.builders import (
    ACCEPTED,
    ARCHIVE,
    BRIEFED,
    CHANGED,
    CONFIRMED,
    FILE,
    IDENTIFIED,
    MINUTE,
    MISMATCHED,
    NOTED,
    PREPARED,
    REFUSED,
    RITA,
    SENT,
    TOLD,
    WITHDRAWN,
    assigned,
    came_back,
    checked,
    handed,
    handoff_order,
    handoff_policy,
    offered,
    prepared,
    shipped_handoff_policy,
    verified,
)

GATES = {"HOF-4.1.2": IDENTIFIED, "HOF-4.2.1": CONFIRMED, "HOF-4.2.2": BRIEFED, "HOF-4.2.3": TOLD}
ORDER: tuple[Command, ...] = (*GATES.values(), SENT)


# Opening


@pytest.mark.clause("HOF-2", "HOF-3.1")
def test_a_handoff_opens_with_the_sender_in_custody_and_everything_to_do() -> None:
    case = handed()
    entry = case.entry("handoff.opened")
    assert (entry.clauses, entry.actor, entry.at) == (("HOF-2", "HOF-3.1"), ANNA, MONDAY)
    assert entry.detail["custody"] == "anna"
    assert (case.stage, case.state.custody, case.state.custody_since) == (
        "identifying",
        "anna",
        MONDAY,
    )
    assert case.case.missing[0] == "HOF-4.1.1"
    assert len(case.case.missing) == 11


@pytest.mark.clause("HOF-2")
def test_what_is_opened_while_the_worker_is_away_is_received_when_it_was_sent() -> None:
    case = handed(worker_away=HOUR)
    assert (case.case.row().received_at, case.state.custody_since) == (MONDAY, MONDAY)


@pytest.mark.clause("HOF-2", "HOF-3.3")
@pytest.mark.parametrize(
    ("wrong", "clause"),
    [
        ({"items": (FILE, FILE)}, "HOF-4.2.1"),
        ({"assignee": "rita"}, "HOF-3.3"),
        ({"receiving": {"party": "anna", "name": "Anna", "contact": "here"}}, "HOF-3.3"),
    ],
)
def test_a_handoff_that_cannot_be_is_refused_before_it_begins(
    wrong: dict[str, Any], clause: str
) -> None:
    check_order(handoff_order())
    with pytest.raises(InvalidValueError) as refused:
        check_order(handoff_order(**wrong))
    assert refused.value.clause == clause


@pytest.mark.clause("HOF-3.1")
def test_who_may_open_no_handoff_is_told_so() -> None:
    check_order(handoff_order(actor=WEB_FORM, assignee="anna"))
    with pytest.raises(NotAllowedError):
        check_order(handoff_order(actor=Actor(principal="ida", role=Role.AUDITOR)))


# The gates


@pytest.mark.clause("HOF-4.1.2", "HOF-4.2.1", "HOF-4.2.2", "HOF-4.2.3")
@pytest.mark.parametrize("done", range(len(GATES)))
def test_each_step_behind_a_shut_gate_is_refused_with_its_clause_and_changes_nothing(
    done: int,
) -> None:
    case = handed(*ORDER[:done])
    before, shut = case.state, list(GATES)[done]
    for step in ORDER[done + 1 :]:
        with pytest.raises(BehindGateError) as refused:
            case.do(step)
        assert (refused.value.clause, case.state) == (shut, before)
        with pytest.raises(SopError):
            case.case.check(step, case.now)
        assert case.state == before


@pytest.mark.clause("HOF-4.2.1", "HOF-4.2.2", "HOF-4.2.3", "HOF-4.2.4")
def test_the_gates_open_one_after_the_other_and_the_stage_says_where_the_handoff_is() -> None:
    case = handed()
    stages = [case.stage] + [str(case.do(step).stage) for step in ORDER]
    assert stages == ["identifying", "preparing", "preparing", "preparing", "ready", "offered"]
    said = [set(handed(*ORDER[:n]).case.missing) for n in range(len(ORDER) + 1)]
    assert all(after < before for before, after in pairwise(said))


@pytest.mark.clause("HOF-4.2.2", "HOF-4.2.3")
def test_brief_and_notice_can_come_along_with_the_steps_beside_them() -> None:
    case = handed(IDENTIFIED, CONFIRMED.model_copy(update={"brief": "All there."}))
    receipt = case.do(SENT.model_copy(update={"notice": h.CustomerNotice(introduced=True)}))
    assert receipt.stage == "offered"
    assert {"HOF-4.2.3", "HOF-4.2.4"} <= set(receipt.proved)


@pytest.mark.clause("HOF-4.2.2")
def test_a_brief_beside_items_that_do_not_hold_is_refused_and_so_are_the_items() -> None:
    case = verified()
    before = case.state
    with pytest.raises(BehindGateError) as refused:
        case.do(checked(file=True).model_copy(update={"brief": "Half of it."}))
    assert (refused.value.clause, case.state) == ("HOF-4.2.1", before)


# Items


@pytest.mark.clause("HOF-4.2.1")
def test_items_are_confirmed_one_by_one_and_only_all_of_them_are_the_proof() -> None:
    case = verified()
    assert "HOF-4.2.1" not in case.do(checked(file=True)).proved
    assert case.entry("items.confirmed").detail["open"] == ["card"]
    assert "HOF-4.2.1" in case.do(checked(card=True)).proved
    assert case.case.row().confirmed_items == ("file", "card")


@pytest.mark.clause("HOF-4.2.1")
@pytest.mark.parametrize("fact", ["correct", "complete"])
def test_an_item_that_does_not_hold_is_open_again_and_shuts_the_gate(fact: str) -> None:
    case = prepared()
    wrong = h.ItemCheck(item="card", correct=True, complete=True).model_copy(update={fact: False})
    receipt = case.do(h.ConfirmItems(actor=ANNA, checks=(wrong,)))
    assert (case.state.confirmed, receipt.stage) == (("file",), "preparing")
    assert case.journal[-1].detail["withdraws"] == ["HOF-4.2.1"]
    assert case.journal[-1].detail["not_confirmed"] == ["card"]
    with pytest.raises(BehindGateError) as refused:
        case.do(SENT)
    assert refused.value.clause == "HOF-4.2.1"
    case.do(checked(card=True), SENT)


@pytest.mark.clause("HOF-4.2.1")
def test_an_item_that_the_handoff_does_not_have_is_refused() -> None:
    case = verified()
    before = case.state
    with pytest.raises(InvalidValueError, match=r"no item key; it has file, card\.") as refused:
        case.do(checked(file=True, key=True))
    assert (refused.value.clause, case.state) == ("HOF-4.2.1", before)


# Brief


@pytest.mark.clause("HOF-4.2.2")
def test_a_mailed_brief_holds_the_level_the_items_and_the_summary() -> None:
    text = mail_text(prepared().case)
    for said in ("identity: level standard", "- file: The signed claim.", BRIEFED.brief):
        assert said in text
    assert "Carla" not in text
    assert "identity: not verified" in mail_text(handed().case)


@pytest.mark.clause("HOF-4.2.2")
def test_a_brief_can_be_written_anew_until_the_transfer() -> None:
    case = prepared()
    case.do(h.CompleteBrief(actor=BEN, brief="The card is gone."))
    assert case.case.row().brief == "The card is gone."
    case.do(SENT)
    with pytest.raises(WrongStageError, match="offered to rita"):
        case.do(BRIEFED)


# Notice


@pytest.mark.clause("HOF-4.2.3")
def test_the_customer_is_told_by_a_message_that_names_who_receives_and_whom_to_ask() -> None:
    case = prepared()
    (message,) = case.messages("handoff_begins")
    assert message.recipient == "customer:c-1"
    assert "Workshop North" in message.body
    assert "extension 12" in message.body
    assert case.case.policy.desk.contact in message.body
    entry = case.entry("customer.told")
    assert (entry.clauses, entry.detail["introduced"]) == (("HOF-4.2.3",), "Workshop North")
    assert case.case.row().customer_told_at == MONDAY


@pytest.mark.clause("HOF-4.2.3")
def test_what_was_said_to_the_customer_is_attested_and_no_message_is_sent() -> None:
    case = handed(IDENTIFIED, CONFIRMED, BRIEFED)
    notice = h.CustomerNotice(said="Told at the counter.", introduced=True)
    case.do(h.TellCustomer(actor=ANNA, notice=notice))
    assert case.messages("handoff_begins") == []
    assert case.entry("customer.told").detail["said"] == "Told at the counter."


@pytest.mark.clause("HOF-4.2.3")
def test_a_customer_who_does_not_know_who_receives_was_not_told() -> None:
    case = handed(IDENTIFIED, CONFIRMED, BRIEFED)
    before = case.state
    with pytest.raises(InvalidValueError, match="introduced") as refused:
        case.do(h.TellCustomer(actor=ANNA, notice=h.CustomerNotice(introduced=False)))
    assert (refused.value.clause, case.state) == ("HOF-4.2.3", before)


# Another receiving party


@pytest.mark.clause("HOF-4.2.3")
@pytest.mark.parametrize("sent", [(), (SENT, REFUSED)])
def test_the_customer_learns_of_another_receiving_party_before_the_transfer(
    sent: tuple[Command, ...],
) -> None:
    case = handed(IDENTIFIED, *PREPARED, *sent)
    case.do(CHANGED)
    assert "HOF-4.2.3" in case.case.missing
    with pytest.raises(BehindGateError) as refused:
        case.do(SENT)
    assert refused.value.clause == "HOF-4.2.3"
    case.do(TOLD, SENT)
    assert "The archive" in case.messages("handoff_begins")[-1].body
    with pytest.raises(NotAllowedError):
        case.do(ACCEPTED)
    accepted = ACCEPTED.model_copy(update={"actor": Actor(principal="ron", role=RITA.role)})
    case.do(accepted)
    assert case.state.custody == "ron"


@pytest.mark.clause("HOF-3.3")
def test_sender_and_receiving_party_are_never_one() -> None:
    case = prepared()
    before = case.state
    to_self = CHANGED.model_copy(update={"receiving": ARCHIVE.model_copy(update={"party": "anna"})})
    for step in (to_self, assigned("rita")):
        with pytest.raises(InvalidValueError) as refused:
            case.do(step)
        assert (refused.value.clause, case.state) == ("HOF-3.3", before)


# Assigned, withdrawn, noted


@pytest.mark.clause("HOF-4.2.5")
def test_what_is_still_the_senders_goes_along_to_another_representative() -> None:
    case = handed()
    case.pass_time(MINUTE)
    case.do(assigned("ben"))
    passed = case.entry("custody.passed")
    assert (passed.detail["from_party"], passed.detail["to_party"]) == ("anna", "ben")
    assert passed.detail["held_since"] == MONDAY.isoformat()
    assert (case.state.custody, case.state.custody_since) == ("ben", MONDAY + MINUTE)
    case.do(assigned("ben"))
    assert len(case.entries("custody.passed")) == 1


@pytest.mark.clause("HOF-4.2.5")
def test_the_confirmation_says_since_when_the_present_sender_had_custody() -> None:
    case = prepared()
    case.pass_time(MINUTE)
    case.do(assigned("ben"), SENT)
    case.pass_time(MINUTE)
    case.do(ACCEPTED)
    (confirmation,) = case.confirmations
    assert (confirmation.sender, confirmation.sender_custody_from) == ("ben", MONDAY + MINUTE)
    assert confirmation.sender_custody_until == confirmation.custody_from == case.now


@pytest.mark.clause("HOF-4.3.2")
@pytest.mark.parametrize("done", range(5))
def test_a_handoff_can_be_given_up_before_its_transfer_and_says_why(done: int) -> None:
    case = handed(*ORDER[:done]) if done else handed()
    assert case.do(WITHDRAWN).stage == "closed"
    row = case.case.row()
    assert (row.closed_as, row.custody) == ("withdrawn", "anna")
    assert case.entry("handoff.withdrawn").detail["reason"] == WITHDRAWN.reason
    assert (case.confirmations, case.case.next_deadline()) == ((), None)
    assert case.case.missing == ()


@pytest.mark.clause("HOF-4.3.2")
def test_what_is_offered_or_came_back_is_not_withdrawn() -> None:
    for case in (offered(), came_back()):
        before = case.state
        with pytest.raises(WrongStageError) as refused:
            case.do(WITHDRAWN)
        assert (refused.value.clause, case.state) == ("HOF-4.2.5", before)


@pytest.mark.clause("HOF-4.3.2")
def test_a_note_is_on_record_at_every_stage() -> None:
    for case in (handed(), prepared(), offered(), came_back()):
        case.do(NOTED)
        assert case.journal[-1].detail["text"] == NOTED.text


@pytest.mark.clause("HOF-4.3.1")
def test_a_customer_who_knows_the_terms_is_written_to_in_theirs() -> None:
    policy = shipped_handoff_policy()
    messages = policy.messages | {
        "handoff_begins": policy.messages["handoff_begins"].model_copy(
            update={"technical": "Ticket {case_id} -> {receiver}, {receiver_contact}, {contact}."}
        )
    }
    technical = policy.model_copy(update={"messages": messages})
    case = prepared(policy=technical, technical_terms=True)
    assert case.messages("handoff_begins")[0].body.startswith("Ticket")
    assert case.state.customer == Customer(
        customer_id="c-1", name="Carla Client", technical_terms=True
    )


@pytest.mark.clause("HOF-4.1.2")
def test_a_failed_check_shuts_every_gate_again() -> None:
    case = prepared()
    assert case.do(MISMATCHED).stage == "identifying"
    with pytest.raises(BehindGateError):
        case.do(SENT)
    assert case.do(IDENTIFIED).stage == "ready"


@pytest.mark.clause("HOF-8")
def test_a_handoff_is_pinned_to_its_policy_and_can_be_moved_to_another() -> None:
    policy = handoff_policy(channels=("courier",))
    case = prepared()
    assert case.entry("handoff.opened").detail["policy_version"] == "2026.1"
    adopt = h.AdoptHandoffPolicy(actor=LENA, policy=policy, reason="New year.")
    assert case.do(adopt).proved == ("HOF-8",)
    entry = case.entry("policy.adopted")
    assert (entry.detail["from_version"], entry.detail["to_version"]) == ("2026.1", "2026.2")
    receipt = case.do(SENT)
    assert receipt.refused is not None
    assert case.case.row().policy_version == "2026.2"


@pytest.mark.clause("HOF-4.2.1")
def test_an_item_is_not_confirmed_and_left_open_at_once() -> None:
    case = verified()
    before = case.state
    (file, card) = CONFIRMED.checks
    other = file.model_copy(update={"complete": False})
    for checks in ((file, other), (other, file, card), (file, file)):
        with pytest.raises(InvalidValueError, match="Check each item once") as refused:
            case.do(CONFIRMED.model_copy(update={"checks": checks}))
        assert (refused.value.clause, case.state) == ("HOF-4.2.1", before)
