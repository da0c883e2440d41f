"""A privacy request in a few words: people, steps, and the clock in the test's hand."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sop.disposal import Because, Kept
from sop.keys import RecordClass
from sop.messages import Command, Receipt
from sop.models import Actor, Channel, Entry, OutboxMessage, Role
from sop.outgoing import Outgoing
from sop.policy import PrivacyPolicy
from sop.policy_file import read_policy
from sop.policy_rules import LegalBasis
from sop.privacy import messages as m
from sop.privacy.models import (
    ExtensionReason,
    HoldReason,
    Law,
    PrivacyOpening,
    PrivacyStage,
    RefusalReason,
    RequestKind,
    ToldBy,
    VerificationMethod,
    Work,
    WorkDone,
)
from sop.privacy.request import PrivacyRequest, check_order
from sop.privacy.state import PrivacyStart
from sop.state import RungState
from tests.sop.builders import ANNA, MONDAY
from tests.sop.policy_files import SHIPPED

REQUEST_ID = "privacy-5f0c2a9b71d3e84c5f0c"
CASE_ID = "inquiry-5f0c2a9b71d3e84c5f0c"
PAULA = Actor(principal="paula", role=Role.PRIVACY_OFFICER)
PETER = Actor(principal="peter", role=Role.PRIVACY_OFFICER)

VERIFIED = m.VerifyRequester(actor=PAULA, method=VerificationMethod.TWO_FORMS)
TOLD = m.CompletePrivacyRequest(actor=PAULA, told_by=ToldBy.POST)
REFUSED = m.RejectPrivacyRequest(
    actor=PAULA, reason=RefusalReason.MANIFESTLY_UNFOUNDED, told_by=ToldBy.EMAIL
)
EXTENDED = m.ExtendPrivacyRequest(actor=PAULA, reason=ExtensionReason.COMPLEX, told_by=ToldBy.EMAIL)
ERASED = WorkDone(work=Work.ERASE, counts={"inquiry.keys": 2}, certificates=("c-1",))


def approved(actor: Actor = PAULA) -> m.ApprovePrivacyRequest:
    return m.ApprovePrivacyRequest(actor=actor)


def released(actor: Actor = PETER) -> m.ReleasePrivacyRequest:
    return m.ReleasePrivacyRequest(actor=actor)


def kept(because: Because, **more: Any) -> Kept:
    return Kept(case_id=CASE_ID, record_class=RecordClass.HANDOFF, because=because, **more)


HELD = kept(Because.HOLD, holds=("privacy-0123456789",))
LAWFUL = kept(Because.LEGAL_BASIS, basis=LegalBasis.LEGAL_CLAIMS)


@cache
def privacy_policy() -> PrivacyPolicy:
    """Return the part of the policy that privacy requests are pinned to, as it is shipped."""
    policy = read_policy(SHIPPED, holiday_dates=lambda *_: (), this_year=2026).privacy
    assert policy is not None
    return policy


@dataclass
class Asked:
    """A request and the moment that it is, and what it has told the CRM so far."""

    request: PrivacyRequest
    now: datetime
    steps: int = 0
    told: Outgoing = field(default_factory=Outgoing)

    def do(self, *steps: Command) -> Receipt:
        """Report steps at this moment, one after the other; return the last receipt."""
        receipt = None
        for step in steps:
            self.steps += 1
            receipt = self.request.apply(step, self.now, cause=f"step-{self.steps}")
        assert receipt is not None
        self._hear()
        return receipt

    def done(self, what: WorkDone | Work) -> None:
        """Let a piece of work be done."""
        found = WorkDone(work=what) if isinstance(what, Work) else what
        self.request.done(found, self.now)
        self._hear()

    def at(self, now: datetime) -> None:
        """Let the time be this; everything that falls due until then happens when it is due."""
        while (due := self.request.next_deadline()) is not None and due.at <= now:
            self.now = due.at
            self.request.tick(due.at)
            self.request.take_new_escalations()
        self.now = now
        self._hear()

    def wakes(self, now: datetime) -> None:
        """Let a worker come back at this moment, and do at once what was due meanwhile."""
        self.now = now
        self.request.tick(now)
        self._hear()

    def _hear(self) -> None:
        new = self.request.take_pending()
        lists = ("entries", "escalations", "tasks", "messages", "reports")
        self.told = self.told.model_copy(
            update={name: getattr(self.told, name) + getattr(new, name) for name in lists}
        )

    @property
    def stage(self) -> PrivacyStage:
        return self.request.stage

    @property
    def work(self) -> str:
        """What is under way; empty: nothing."""
        return str(self.request.state.work or "")

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.told.entries]

    def entry(self, kind: str) -> Entry:
        (found,) = (entry for entry in self.told.entries if entry.kind == kind)
        return found

    def fired(self) -> list[RungState]:
        return [rung for rung in self.request.state.rungs if rung.fired_at is not None]

    def live(self) -> list[str]:
        return [rung.key for rung in self.request.state.rungs if rung.live]

    def warnings(self) -> list[OutboxMessage]:
        return [message for message in self.told.messages if message.topic == "warning"]


def asked(
    kind: RequestKind = RequestKind.ERASURE,
    now: datetime = MONDAY,
    *,
    by: Actor = ANNA,
    law: Law = Law.GDPR,
    **more: Any,
) -> Asked:
    """Return a request that was just opened."""
    order = m.PrivacyOrder(
        case_id=REQUEST_ID,
        policy=privacy_policy(),
        opened_by=by,
        received_at=now,
        opening=PrivacyOpening(
            kind=kind, customer_id="c-1", law=law, channel=Channel.EMAIL, **more
        ),
        digest="digest",
    )
    check_order(order)
    start = PrivacyStart(
        case_id=REQUEST_ID, policy=order.policy, opened_by=order.opened_by, order=order
    )
    made = Asked(PrivacyRequest.begin(start, now), now)
    made.at(now)
    return made


def holding(now: datetime = MONDAY, **more: Any) -> Asked:
    """Return a hold that stands."""
    values = {"reason": HoldReason.LITIGATION, "review_at": now + timedelta(days=30), **more}
    hold = asked(RequestKind.HOLD, now, by=PAULA, **values)
    hold.done(Work.PLACE_HOLD)
    return hold
