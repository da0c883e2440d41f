"""A desk in a few words: people, steps, and one inquiry with the clock in the test's hand."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from sop import messages as m
from sop.inquiry import Inquiry
from sop.models import (
    Actor,
    Channel,
    Classification,
    Customer,
    Entry,
    FollowUpOutcome,
    OutboxMessage,
    Priority,
    Reception,
    Role,
    TaskRecord,
    VerificationOutcome,
)
from sop.policy import CasePolicy, Rung
from sop.policy_file import read_policy
from sop.procedure import Procedure
from sop.state import CaseState, InquiryStart, RungState

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
"""When the inquiries of these tests are received: 9 o'clock at the desk in Berlin."""

INSTANT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

ANNA = Actor(principal="anna", role=Role.CSR)
BEN = Actor(principal="ben", role=Role.CSR)
LENA = Actor(principal="lena", role=Role.TEAM_LEADER)
EMIL = Actor(principal="emil", role=Role.SUBJECT_MATTER_EXPERT)
QUINN = Actor(principal="quinn", role=Role.QUALITY_MANAGER)
DORA = Actor(principal="dora", role=Role.DUTY_MANAGER)
WEB_FORM = Actor(principal="web-form", role=Role.SERVICE)
OPERATOR = Actor(principal="otto", role=Role.OPERATOR)

CARLA = Customer(customer_id="c-1", name="Carla Client", email="carla@example.org")
RECEPTION = Reception(
    greeting="Good morning, this is Anna of Example Company.",
    listened=True,
    key_points="The invoice was charged twice.",
    key_points_confirmed=True,
    courteous=True,
)

ATTESTED = m.RecordReception(actor=ANNA, reception=RECEPTION)
VERIFIED = m.RecordVerification(
    actor=ANNA,
    forms_asked=("passport", "account_number"),
    outcome=VerificationOutcome.VERIFIED,
)
NOT_VERIFIED = VERIFIED.model_copy(update={"outcome": VerificationOutcome.NOT_VERIFIED})
ANSWERED = m.Respond(actor=ANNA, text="Your payment is on its way.")
GENERAL_ANSWER = m.Respond(actor=ANNA, text="We open at nine.", discloses_account=False)
NOTED = m.AddNote(actor=ANNA, text="Called the warehouse.")
WAITING = m.WaitForCustomer(actor=ANNA, question="Which order is it?")
RESUMED = m.Resume(actor=ANNA, reason="Found the order without the customer.")
REPLIED = m.CustomerReplied(actor=ANNA, text="It is order 7.")
REPORTED_AGAIN = m.CustomerReplied(actor=ANNA, text="It is back.", problem_persists=True)
RESOLVED = m.Resolve(actor=ANNA, resolution="The charge was paid back.", customer_confirmed=True)
SENT_OFF = m.Resolve(actor=ANNA, resolution="A new card was sent.")
CONFIRMED = m.RecordFollowUp(
    actor=ANNA, outcome=FollowUpOutcome.CONFIRMED, feedback="All well.", satisfaction=5
)
DISSATISFIED = m.RecordFollowUp(
    actor=ANNA, outcome=FollowUpOutcome.DISSATISFIED, feedback="Still wrong.", satisfaction=1
)
NOT_REACHED = m.RecordFollowUp(actor=ANNA, outcome=FollowUpOutcome.NOT_REACHED)
WITHDRAWN = m.Withdraw(actor=ANNA, reason="The customer found the receipt.")
DUPLICATE = m.MarkDuplicate(actor=ANNA, duplicate_of="inquiry-00000001", reason="Same order.")


def categorised(
    category: str = "billing",
    priority: Priority = Priority.STANDARD,
    *,
    reason: str | None = None,
    **facts: bool,
) -> m.Categorise:
    to = Classification(category=category, priority=priority, **facts)
    return m.Categorise(actor=ANNA, classification=to, reason=reason)


def corrected(category: str, priority: Priority = Priority.STANDARD, **facts: bool) -> m.Categorise:
    return categorised(category, priority, reason="Looked into it.", **facts)


def promised(answer_by: datetime, contact: str = "Anna, extension 12") -> m.Promise:
    return m.Promise(actor=ANNA, answer_by=answer_by, contact=contact)


def escalated(rung: str = "unresolved", actor: Actor = ANNA) -> m.Escalate:
    return m.Escalate(actor=actor, rung=rung, reason="It cannot wait.")


def assigned(to: str) -> m.Assign:
    return m.Assign(actor=LENA, assignee=to, reason="Knows the product.")


def adopted(policy: CasePolicy) -> m.AdoptPolicy:
    return m.AdoptPolicy(actor=LENA, policy=policy, reason="The matrix was changed.")


@cache
def shipped_policy() -> CasePolicy:
    """Return the policy as it is shipped, without public holidays."""
    text = (Path(__file__).parents[2] / "sop" / "policy.toml").read_text("utf-8")
    return read_policy(text, holiday_dates=lambda *_: (), this_year=2026).case


def policy_with(*changed: Rung, without: str = "", **changes: Any) -> CasePolicy:
    """Return the shipped policy as version 2026.2: rungs replaced or added, and one left out."""
    policy = shipped_policy()
    names = {rung.rung for rung in changed} | {without}
    rungs = (*(rung for rung in policy.escalation if rung.rung not in names), *changed)
    return policy.model_copy(update={"version": "2026.2", "escalation": rungs, **changes})


def rung(name: str, **changes: Any) -> Rung:
    """Return a row of the shipped matrix with some of it changed."""
    row = shipped_policy().rung(name)
    assert row is not None
    return row.model_copy(update=changes)


C = TypeVar("C", bound=Procedure[Any, Any, Any])


@dataclass
class WorkedOn(Generic[C]):
    """A case and the moment that it is; its journal since the opening."""

    case: C
    now: datetime
    steps: int = 0

    def do(self, *steps: m.Command) -> m.Receipt:
        """Report steps at this moment, one after the other; return the last receipt."""
        receipt = None
        for step in steps:
            self.steps += 1
            self.case.check(step, self.now)
            receipt = self.case.apply(step, self.now, cause=f"step-{self.steps}")
        assert receipt is not None
        return receipt

    def pass_time(self, delta: timedelta) -> None:
        """Let time pass at a worker that is there, so that each deadline is met at its moment."""
        until = self.now + delta
        while (due := self.case.next_deadline()) is not None and due.at <= until:
            self.now = max(self.now, due.at)
            self.case.tick(self.now)
        self.now = until

    def pass_time_without_worker(self, delta: timedelta) -> None:
        self.now += delta

    def worker_returns(self) -> None:
        self.case.tick(self.now)

    def turn_to(self, moment: datetime) -> None:
        self.pass_time(moment - self.now)

    def begin_escalations(self) -> None:
        """Do as the workflow does after each task: what fired is paged, what is needless ends."""
        self.case.take_new_escalations()
        self.case.take_needless_escalations()

    def escalation_says(
        self, key: str, status: str, *, level: int = 1, by: str | None = None
    ) -> None:
        """Hear what the escalation of a rung reports."""
        held = self.rung(key)
        said = {
            "rung": held.rung,
            "occasion": held.occasion,
            "level": level,
            "status": status,
            "role": held.role or "team_leader",
            "acknowledged_by": by,
        }
        self.case.hear(m.EscalationReport.model_validate(said))

    @property
    def stage(self) -> str:
        """The stage by its name: a type checker takes an enum to stay what it was."""
        return str(self.case.stage)

    @property
    def facts(self) -> CaseState:
        facts: CaseState = self.case.state
        return facts

    @property
    def journal(self) -> tuple[Entry, ...]:
        return self.facts.pending.entries

    @property
    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.journal]

    def entry(self, kind: str, **detail: object) -> Entry:
        """Return the only entry of a kind with these details."""
        (found,) = self.entries(kind, **detail)
        return found

    def entries(self, kind: str, **detail: object) -> list[Entry]:
        return [
            entry
            for entry in self.journal
            if entry.kind == kind and detail.items() <= dict(entry.detail).items()
        ]

    def rung(self, key: str) -> RungState:
        (found,) = (held for held in self.facts.rungs if held.key == key)
        return found

    @property
    def waiting_rungs(self) -> dict[str, datetime | None]:
        return {held.key: held.due_at for held in self.facts.rungs if held.armed}

    @property
    def fired_rungs(self) -> dict[str, datetime]:
        rungs = self.facts.rungs
        return {held.key: held.fired_at for held in rungs if held.fired_at is not None}

    @property
    def tasks(self) -> tuple[TaskRecord, ...]:
        return self.facts.pending.tasks

    def messages(self, topic: str) -> list[OutboxMessage]:
        return [sent for sent in self.facts.pending.messages if sent.topic == topic]


class Handled(WorkedOn[Inquiry]):
    """An inquiry and the moment that it is."""


def opening(
    *,
    category: str | None = "billing",
    priority: Priority = Priority.STANDARD,
    reception: Reception | None = RECEPTION,
    customer: Customer = CARLA,
    channel: Channel = Channel.PHONE,
    assignee: str | None = "anna",
    **facts: bool,
) -> m.InquiryOpening:
    return m.InquiryOpening(
        customer=customer,
        channel=channel,
        subject="Charged twice",
        text="My card was charged twice for one order.",
        reception=reception,
        classification=Classification(category=category, priority=priority, **facts)
        if category
        else None,
        assignee=assignee,
    )


def opened(
    said: m.InquiryOpening | None = None,
    *,
    policy: CasePolicy | None = None,
    actor: Actor = ANNA,
    worker_away: timedelta = timedelta(0),
    **facts: Any,
) -> Handled:
    """Open an inquiry on Monday; `facts` are those of `opening`."""
    start = InquiryStart(
        case_id="inquiry-4f1c2a77",
        policy=policy or shipped_policy(),
        opened_by=actor,
        received_at=MONDAY,
        opening=said or opening(**facts),
    )
    return Handled(Inquiry.begin(start, MONDAY + worker_away), MONDAY + worker_away)


def resolved(**facts: Any) -> Handled:
    """Open an inquiry, verify the customer and resolve it at once."""
    case = opened(**facts)
    case.do(VERIFIED, RESOLVED)
    return case
