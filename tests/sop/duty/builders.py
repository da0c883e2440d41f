"""Duties as the tests take them, with a clock that they move."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sop.duty.duty import Duty
from sop.duty.models import DutyKind, DutyOrder, DutyRow, Renewal
from sop.duty.state import DutyStart
from sop.messages import Command, Receipt
from sop.models import Entry, OutboxMessage, Role
from sop.policy import Policy
from tests.sop.builders import DAY, MONDAY
from tests.sop.policy_files import SHIPPED, read

POLICY: Policy = read(SHIPPED)

AUDIT = DutyOrder(
    duty_id="duty-audit-2026-10-inquiry-0123456789",
    kind=DutyKind.AUDIT,
    clause="HOF-6.2",
    subject="Audit inquiry-0123456789, closed in 2026-10.",
    about="inquiry-0123456789",
    role=Role.QUALITY_MANAGER,
    due_at=MONDAY + 14 * DAY,
    excluded=("anna",),
)
REVIEW = DutyOrder(
    duty_id="duty-review-1.0.0-1",
    kind=DutyKind.PROCEDURE_REVIEW,
    clause="INQ-8.1",
    subject="Review the procedure.",
    about="1.0.0",
    role=Role.QUALITY_MANAGER,
    due_at=MONDAY + 30 * DAY,
)
REMINDER = DutyOrder(
    duty_id="duty-training-0123456789",
    kind=DutyKind.TRAINING_REMINDER,
    clause="INQ-8.2",
    subject="Renew the training in inquiry_handling of anna.",
    about="anna",
    role=Role.QUALITY_MANAGER,
    due_at=MONDAY + 30 * DAY,
    renewal=Renewal(principal="anna", course="inquiry_handling", renewed_from=MONDAY - DAY),
)


@dataclass
class Play:
    """One duty with the clock in the test's hand."""

    duty: Duty
    now: datetime = MONDAY
    entries: list[Entry] = field(default_factory=list)
    messages: list[OutboxMessage] = field(default_factory=list)
    reports: list[Any] = field(default_factory=list)
    steps: int = 0

    def do(self, step: Command) -> Receipt:
        """Report a step."""
        self.steps += 1
        self.duty.check(step, self.now)
        receipt = self.duty.apply(step, self.now, cause=f"update-{self.steps}")
        self._collect()
        return receipt

    def wait(self, length: timedelta, *, renewed: bool = False) -> None:
        """Let time pass; each deadline is done at its moment."""
        until = self.now + length
        while (due := self.duty.next_deadline()) is not None and due.at <= until:
            self.now = max(due.at, self.now)
            self.duty.tick(self.now)
            if self.duty.state.looking:
                self.duty.looked(self.now, renewed=renewed)
                self.duty.tick(self.now)
        self.now = until
        self._collect()

    @property
    def row(self) -> DutyRow:
        """The row as it stands."""
        return self.duty.row()

    @property
    def kinds(self) -> list[str]:
        """The kinds of the journal's entries."""
        return [entry.kind for entry in self.entries]

    def _collect(self) -> None:
        out = self.duty.take_pending()
        self.entries += out.entries
        self.messages += out.messages
        self.reports += out.reports


def begin(order: DutyOrder) -> Play:
    """Open a duty on that Monday."""
    assert POLICY.duty is not None
    start = DutyStart(case_id=order.duty_id, policy=POLICY.duty, order=order)
    play = Play(Duty.begin(start, MONDAY))
    play.wait(timedelta(0))
    return play
