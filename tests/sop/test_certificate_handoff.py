"""What a handoff proves at each step of its way, read from its journal."""

from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from sop.certificate import Certificate, LineStatus, certify
from sop.certificate_rules import HANDOFF
from sop.handoff import messages as m
from sop.handoff.handoff import Handoff
from sop.handoff.models import Answer, HandoffOpening, Item, ReceivingParty
from sop.handoff.state import HandoffStart
from sop.identity import Form, FormResult
from sop.messages import Command, DecideDiscrepancy, Identify
from sop.models import Actor, Entry, Role
from sop.policy import HandoffPolicy
from sop.policy_file import read_policy
from sop.standing import CaseKind, Standing
from tests.sop.builders import ANNA, HOUR, LENA, MONDAY
from tests.sop.journals import timeline

LEGAL = Actor(principal="legal-desk", role=Role.RECEIVING_PARTY)
OTHER = ReceivingParty(party="tax-desk", name="The tax desk", contact="tax@example.org")
MATCHED = tuple(
    FormResult(form=form, matched=True) for form in (Form.PASSPORT, Form.ACCOUNT_NUMBER)
)
IDENTIFIED = Identify(actor=ANNA, forms=MATCHED, need_explained=True, confidentiality_assured=True)
NOTICED = Identify(actor=ANNA, noticed=True, need_explained=True, confidentiality_assured=True)
APPROVED = DecideDiscrepancy(actor=LENA, approve=True, reason="Known in person.")
CONFIRMED = m.ConfirmItems(
    actor=ANNA,
    checks=(m.ItemCheck(item="contract", correct=True, complete=True),),
    brief="The contract is to be checked by Friday.",
)
UNSURE = m.ConfirmItems(
    actor=ANNA, checks=(m.ItemCheck(item="contract", correct=True, complete=False),)
)
SENT = m.Transfer(actor=ANNA, channel="crm", notice=m.CustomerNotice(introduced=True))
FAXED = m.Transfer(actor=ANNA, channel="fax", notice=m.CustomerNotice(introduced=True))
ACCEPTED = m.AnswerOffer(actor=LEGAL, answer=Answer.ACCEPT)
REFUSED = m.AnswerOffer(actor=LEGAL, answer=Answer.REFUSE, reason="Not ours.")
CHANGED = m.ChangeReceiver(actor=ANNA, receiving=OTHER, reason="The tax desk does this.")
CONCLUDED = m.Conclude(actor=ANNA, reason="The customer keeps the contract.")
WITHDRAWN = m.WithdrawHandoff(actor=ANNA, reason="The customer has changed her mind.")


@cache
def policy() -> HandoffPolicy:
    text = (Path(__file__).parents[2] / "sop" / "policy.toml").read_text("utf-8")
    found = read_policy(text, holiday_dates=lambda *_: (), this_year=2026).handoff
    assert found is not None
    return found


class Followed:
    """A handoff whose certificate is compared with its state after each step."""

    def __init__(self) -> None:
        opening = HandoffOpening(
            customer_id="c-1",
            subject="A contract to be checked",
            text="Please check my contract.",
            items=(Item(item="contract", description="The signed contract."),),
            receiving=ReceivingParty(
                party="legal-desk", name="The legal desk", contact="legal@example.org"
            ),
        )
        order = m.HandoffOrder(
            case_id="handoff-4f1c2a77",
            policy=policy(),
            opening=opening,
            opened_by=ANNA,
            received_at=MONDAY,
        )
        start = HandoffStart(
            case_id=order.case_id, policy=order.policy, opened_by=ANNA, order=order
        )
        self.now = MONDAY
        self.case = Handoff.begin(start, MONDAY)
        self.steps = 0
        self.compare()

    def do(self, *steps: Command) -> None:
        for step in steps:
            self.steps += 1
            self.case.apply(step, self.now, cause=f"step-{self.steps}")
            self.compare()

    def pass_time(self, delta: timedelta) -> None:
        self.now += delta
        self.case.tick(self.now)
        self.compare()

    @property
    def journal(self) -> Iterable[Entry]:
        return self.case.state.pending.entries

    def certificate(self) -> Certificate:
        row = self.case.row()
        standing = Standing(
            case_id=row.handoff_id,
            kind=CaseKind.HANDOFF,
            closed_as=row.closed_as,
            policy_version=row.policy_version,
        )
        return certify(standing, timeline(row.handoff_id, self.journal), HANDOFF)

    def compare(self) -> None:
        said, state = self.certificate(), self.case.state
        proved = {c.clause: c.entry for c in said.lines if c.status == LineStatus.PROVED}
        assert proved == {c: f"{state.case_id}#{seq}" for c, seq in state.proofs.items()}
        if not self.case.closed:
            assert said.missing == self.case.missing

    def status(self, clause: str) -> str:
        return next(line.status for line in self.certificate().lines if line.clause == clause)


@pytest.mark.clause("HOF-4.3.2")
def test_an_accepted_handoff_proves_every_clause_that_gates_its_end() -> None:
    case = Followed()
    case.do(IDENTIFIED, CONFIRMED, SENT, ACCEPTED)
    said = case.certificate()
    assert case.case.closed
    assert (said.complete, said.missing) == (True, ())
    received = next(line for line in said.lines if line.clause == "HOF-4.2.5")
    assert (received.by, received.role) == ("legal-desk", Role.RECEIVING_PARTY)
    assert case.status("HOF-4.1.4") == LineStatus.NOT_APPLICABLE


@pytest.mark.clause("HOF-4.1.4")
def test_a_discrepancy_is_proved_by_who_decided_it() -> None:
    case = Followed()
    case.do(IDENTIFIED, NOTICED)
    assert case.status("HOF-4.1.2") == LineStatus.WITHDRAWN
    assert case.status("HOF-4.1.4") == LineStatus.MISSING
    case.do(APPROVED)
    (decided,) = (line for line in case.certificate().lines if line.clause == "HOF-4.1.4")
    assert (decided.status, decided.by) == (LineStatus.PROVED, "lena")


def test_what_no_longer_holds_before_the_transfer_is_withdrawn() -> None:
    case = Followed()
    case.do(IDENTIFIED, CONFIRMED, UNSURE)
    assert case.status("HOF-4.2.1") == LineStatus.WITHDRAWN
    case.do(CONFIRMED, SENT, REFUSED, CHANGED)
    assert case.status("HOF-4.2.3") == LineStatus.WITHDRAWN


@pytest.mark.clause("HOF-4.2.4")
def test_a_forbidden_channel_proves_no_transfer() -> None:
    case = Followed()
    case.do(IDENTIFIED, CONFIRMED, FAXED)
    assert case.status("HOF-4.2.4") == LineStatus.MISSING


@pytest.mark.clause("HOF-4.2.5")
def test_an_escalation_of_what_is_overdue_does_not_prove_that_it_was_done() -> None:
    case = Followed()
    case.do(IDENTIFIED, CONFIRMED, SENT)
    case.pass_time(12 * HOUR)
    assert "rung.fired" in [entry.kind for entry in case.journal]
    assert case.status("HOF-4.2.5") == LineStatus.MISSING


def test_a_handoff_that_came_back_proves_its_way_back() -> None:
    case = Followed()
    case.do(IDENTIFIED, CONFIRMED, SENT, REFUSED, CONCLUDED)
    assert case.certificate().complete
    late = Followed()
    late.do(IDENTIFIED, CONFIRMED, SENT)
    late.pass_time(24 * HOUR)
    (back,) = (line for line in late.certificate().lines if line.clause == "HOF-4.2.5")
    assert (back.status, back.by) == (LineStatus.PROVED, "handrail")


def test_a_handoff_that_was_given_up_before_its_transfer_misses_nothing() -> None:
    case = Followed()
    case.do(WITHDRAWN)
    assert case.certificate().complete
    assert case.status("HOF-4.2.5") == LineStatus.NOT_APPLICABLE


def test_a_handoff_that_was_cancelled_while_it_was_offered_has_come_back_in_order() -> None:
    case = Followed()
    case.do(IDENTIFIED, CONFIRMED, SENT)
    case.case.cancel(case.now)
    said = case.certificate()
    assert case.case.closed
    assert said.missing == ()
