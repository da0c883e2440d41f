"""A handoff in a few words: parties, steps, and one handoff with the clock in the test's hand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sop.handoff import messages as h
from sop.handoff.handoff import Handoff
from sop.handoff.models import Answer, HandoffOpening, Item, ReceivingParty
from sop.handoff.state import HandoffStart, HandoffState, Offer
from sop.identity import Form, FormResult, Identity
from sop.messages import DecideDiscrepancy, Identify
from sop.models import Actor, Role
from sop.policy import HandoffPolicy, Rung
from sop.policy_file import read_policy
from sop.registers import HandoffConfirmation, IncidentReport, VerificationRecord
from tests.sop.builders import ANNA, LENA, MONDAY, WorkedOn

HANDOFF_ID = "handoff-4f1c2a77"
INQUIRY_ID = "inquiry-4f1c2a77"
MINUTE = timedelta(minutes=1)

RITA = Actor(principal="rita", role=Role.RECEIVING_PARTY)
RON = Actor(principal="ron", role=Role.RECEIVING_PARTY)
WORKSHOP = ReceivingParty(party="rita", name="Workshop North", contact="extension 12")
ARCHIVE = ReceivingParty(party="ron", name="The archive", contact="extension 40")

FILE, CARD = (
    Item(item="file", description="The signed claim."),
    Item(item="card", description="The blocked card."),
)


def forms(*presented: Form, but: Form | None = None) -> tuple[FormResult, ...]:
    """Return what was presented: every form matched, but one."""
    return tuple(FormResult(form=form, matched=form != but) for form in presented)


MATCHED = forms(Form.PASSPORT, Form.ACCOUNT_NUMBER)
DIFFERS = forms(Form.PASSPORT, Form.ACCOUNT_NUMBER, but=Form.ACCOUNT_NUMBER)

IDENTIFIED = Identify(actor=ANNA, forms=MATCHED, need_explained=True, confidentiality_assured=True)
MISMATCHED = IDENTIFIED.model_copy(update={"forms": DIFFERS})
NOTICED = IDENTIFIED.model_copy(update={"noticed": True})
EXHAUSTED = IDENTIFIED.model_copy(update={"forms": (), "exhausted": True})
UNFIT = IDENTIFIED.model_copy(update={"forms": forms(Form.PASSPORT, Form.NATIONAL_CARD)})
ATTESTED_ONLY = IDENTIFIED.model_copy(update={"forms": ()})
APPROVED = DecideDiscrepancy(actor=LENA, approve=True, reason="Known in person.")
REJECTED = DecideDiscrepancy(actor=LENA, approve=False, reason="It is somebody else.")
CONFIRMED = h.ConfirmItems(
    actor=ANNA,
    checks=(
        h.ItemCheck(item="file", correct=True, complete=True),
        h.ItemCheck(item="card", correct=True, complete=True),
    ),
)
BRIEFED = h.CompleteBrief(actor=ANNA, brief="The claim is complete; the card goes back to us.")
TOLD = h.TellCustomer(actor=ANNA, notice=h.CustomerNotice(introduced=True))
SENT = h.Transfer(actor=ANNA, channel="crm")
FAXED = h.Transfer(actor=ANNA, channel="fax")
MAILED = h.Transfer(actor=ANNA, channel="encrypted_email")
POSTED = h.Transfer(
    actor=ANNA, channel="courier", carrier="ups", tracking_number="1Z 999 AA1 01 2345 6784"
)
PREPARED = (CONFIRMED, BRIEFED, TOLD)
ACCEPTED = h.AnswerOffer(actor=RITA, answer=Answer.ACCEPT)
IN_PART = h.AnswerOffer(
    actor=RITA, answer=Answer.ACCEPT_IN_PART, missing=("card",), reason="The envelope was empty."
)
REFUSED = h.AnswerOffer(actor=RITA, answer=Answer.REFUSE, reason="This is not ours.")
CHANGED = h.ChangeReceiver(actor=ANNA, receiving=ARCHIVE, reason="The workshop is closed.")
CONCLUDED = h.Conclude(actor=ANNA, reason="The customer keeps the card.")
WITHDRAWN = h.WithdrawHandoff(actor=ANNA, reason="The customer has changed her mind.")
NOTED = h.AddHandoffNote(actor=ANNA, text="The workshop closes at five.")


def checked(**items: bool) -> h.ConfirmItems:
    """Confirm items by name; False: it is not complete."""
    checks = (h.ItemCheck(item=item, correct=True, complete=held) for item, held in items.items())
    return h.ConfirmItems(actor=ANNA, checks=tuple(checks))


def assigned(to: str) -> h.AssignHandoff:
    return h.AssignHandoff(actor=LENA, assignee=to, reason="Knows the workshop.")


def adopted(policy: HandoffPolicy) -> h.AdoptHandoffPolicy:
    return h.AdoptHandoffPolicy(actor=LENA, policy=policy, reason="The matrix was changed.")


@cache
def shipped_handoff_policy() -> HandoffPolicy:
    """Return the handoffs' part of the policy as it is shipped."""
    text = (Path(__file__).parents[3] / "sop" / "policy.toml").read_text("utf-8")
    found = read_policy(text, holiday_dates=lambda *_: (), this_year=2026).handoff
    assert found is not None
    return found


def handoff_policy(
    *, identification: dict[str, Any] | None = None, without: str = "", **rule: Any
) -> HandoffPolicy:
    """Return the shipped policy as version 2026.2 with some of it changed; one rung left out."""
    policy = shipped_handoff_policy()
    rungs: tuple[Rung, ...] = tuple(row for row in policy.escalation if row.rung != without)
    return policy.model_copy(
        update={
            "version": "2026.2",
            "identification": policy.identification.model_copy(update=identification or {}),
            "handoff": policy.handoff.model_copy(update=rule),
            "escalation": rungs,
        }
    )


def handoff_opening(**facts: Any) -> HandoffOpening:
    said: dict[str, Any] = {
        "customer_id": "c-1",
        "customer_name": "Carla Client",
        "subject": "A disputed card",
        "text": "Please look into my card.",
        "items": (FILE, CARD),
        "receiving": WORKSHOP,
    }
    return HandoffOpening.model_validate(said | facts)


def handoff_order(
    *,
    policy: HandoffPolicy | None = None,
    actor: Actor = ANNA,
    received_at: datetime = MONDAY,
    case_id: str = HANDOFF_ID,
    identity: Identity | None = None,
    **facts: Any,
) -> h.HandoffOrder:
    return h.HandoffOrder(
        case_id=case_id,
        policy=policy or shipped_handoff_policy(),
        opened_by=actor,
        received_at=received_at,
        opening=handoff_opening(**facts),
        identity=identity,
    )


def handing_over(*, waits: bool = True, case_id: str = HANDOFF_ID) -> h.OpenHandoff:
    """Open a handoff from the inquiry of `tests.sop.builders`."""
    order = handoff_order(inquiry_id=INQUIRY_ID, inquiry_waits=waits, case_id=case_id)
    return h.OpenHandoff(actor=ANNA, order=order)


HANDED_OVER = handing_over()


def start_of(order: h.HandoffOrder) -> HandoffStart:
    return HandoffStart(
        case_id=order.case_id, policy=order.policy, opened_by=order.opened_by, order=order
    )


@dataclass
class HandedOver(WorkedOn[Handoff]):
    """A handoff and the moment that it is; its journal since the opening."""

    @property
    def state(self) -> HandoffState:
        return self.case.state

    @property
    def offer(self) -> Offer:
        """The offer at hand."""
        assert self.case.state.offer is not None
        return self.case.state.offer

    @property
    def log(self) -> tuple[VerificationRecord, ...]:
        return self.case.state.pending.verifications

    @property
    def confirmations(self) -> tuple[HandoffConfirmation, ...]:
        return self.case.state.pending.confirmations

    @property
    def reports(self) -> tuple[IncidentReport, ...]:
        return self.case.state.pending.reports


def handed(*steps: Any, worker_away: timedelta = timedelta(0), **facts: Any) -> HandedOver:
    """Open a handoff on Monday, and do the steps; `facts` are those of `handoff_order`."""
    now = MONDAY + worker_away
    case = HandedOver(Handoff.begin(start_of(handoff_order(**facts)), now), now)
    if steps:
        case.do(*steps)
    return case


def verified(**facts: Any) -> HandedOver:
    return handed(IDENTIFIED, **facts)


def stopped(**facts: Any) -> HandedOver:
    return handed(NOTICED, **facts)


def approved(**facts: Any) -> HandedOver:
    return handed(NOTICED, APPROVED, **facts)


def prepared(**facts: Any) -> HandedOver:
    return handed(IDENTIFIED, *PREPARED, **facts)


def offered(**facts: Any) -> HandedOver:
    return handed(IDENTIFIED, *PREPARED, SENT, **facts)


def came_back(**facts: Any) -> HandedOver:
    return handed(IDENTIFIED, *PREPARED, SENT, REFUSED, **facts)
