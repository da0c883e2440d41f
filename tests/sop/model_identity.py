"""The identity check said a second time, as plainly as it goes: for the models of both procedures.

Nothing of it is taken from `sop` but the words.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sop.handoff.messages import OpenHandoff
from sop.messages import Command, DecideDiscrepancy, Identify

HOUR = timedelta(hours=1)
SUPERVISORS = {"team_leader", "quality_manager", "duty_manager"}
PRIMARY = {"passport", "driving_licence", "national_card"}
ONLY_HELPS = {"decide_discrepancy", "adopt_policy", "assign", "add_note"}


@dataclass
class Known:
    """What a case knows of its customer, and who may not decide about it.

    Attributes:
        until: When the verified identity ends.
        holds: A check has succeeded, and none has failed since (HOF-4.1.2).
        stopped: A discrepancy waits for a supervisor.
        approved_until: One was approved, and waits to be used.
        approver: Who approved it, or what was made of it.
        proofs: Those of HOF-4.1 but HOF-4.1.2.
    """

    approval: timedelta = timedelta(minutes=10)
    attempts: int = 0
    attempted: datetime | None = None
    outcome: str | None = None
    until: datetime | None = None
    holds: bool = False
    stopped: bool = False
    approved_until: datetime | None = None
    approver: str | None = None
    discrepancies: int = 0
    handlers: set[str] = field(default_factory=set)
    proofs: set[str] = field(default_factory=set)

    def identify(self, step: Identify, now: datetime) -> str | None:
        """Judge a check; return its outcome, `told` for a mere attestation, None if refused."""
        told = {"HOF-4.1.1"} if step.need_explained else set()
        told |= {"HOF-4.1.5"} if step.confidentiality_assured else set()
        if told and not (step.forms or step.noticed or step.exhausted):
            self.proofs |= told
            return "told"
        if self.stopped:
            return None
        before = self.attempts
        if self.attempted is None or self.attempted + 24 * HOUR <= now:
            before = 0
        outcome = self.judge(step, before)
        if outcome is None:
            return None
        self.count(step, outcome, before, now)
        self.approver = None
        self.proofs |= told | ({"HOF-4.1.3"} if step.forms else set())
        self.approved_until = None
        self.outcome, self.holds = outcome, outcome == "verified"
        self.until = now + HOUR if self.holds else None
        if outcome == "needs_supervisor":
            self.stop()
        return outcome

    def count(self, step: Identify, outcome: str, before: int, now: datetime) -> None:
        """Count what did not match; whoever is verified begins anew."""
        if outcome == "verified":
            self.attempts = 0
        elif not step.exhausted and before < 3 and any(not r.matched for r in step.forms):
            self.attempts, self.attempted = before + 1, now

    def judge(self, step: Identify, before: int) -> str | None:
        if step.exhausted or before >= 3 or step.noticed:
            return "needs_supervisor"
        presented = [str(result.form) for result in step.forms]
        if len(presented) != 2 or len(PRIMARY & set(presented)) != 1:
            return None
        if all(result.matched for result in step.forms):
            return "verified"
        return "needs_supervisor" if before == 2 else "not_verified"

    def stop(self) -> None:
        self.stopped, self.outcome = True, "needs_supervisor"
        self.discrepancies += 1
        self.proofs.discard("HOF-4.1.4")
        self.until, self.holds, self.approver = None, False, None

    def decide(self, step: DecideDiscrepancy, now: datetime, own: set[str | None]) -> bool:
        """Hear a supervisor; return False where it is refused."""
        by = step.actor
        if not self.stopped or by.role not in SUPERVISORS or by.principal in self.handlers | own:
            return False
        self.stopped = False
        self.proofs.add("HOF-4.1.4")
        if step.approve:
            self.approved_until, self.approver = now + self.approval, by.principal
        else:
            self.outcome = "not_verified"
        return True

    def use(self, now: datetime, by: str) -> bool:
        """Return whether somebody goes on behind the gate now; an approval is used by it."""
        if self.stopped or by == self.approver:
            return False
        if self.approved_until is None:
            return self.until is not None and now < self.until
        if now >= self.approved_until:
            return False
        self.approved_until = None
        self.attempts = 0
        self.outcome, self.holds, self.until = "verified", True, now + HOUR
        self.proofs.add("HOF-4.1.3")
        return True

    def runs_out(self, now: datetime) -> bool:
        """Stop anew when an approval has run out by now; return whether it has."""
        if self.approved_until is None or now < self.approved_until:
            return False
        self.approved_until = None
        self.stop()
        return True

    def note(self, step: Command) -> None:
        if step.step not in ONLY_HELPS:
            self.handlers.add(step.actor.principal)


@dataclass
class Awaited:
    """The handoffs of an inquiry: those that it waits for, and whether they have ended."""

    known: dict[str, bool] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    @property
    def open(self) -> bool:
        return any(waits and name not in self.ended for name, waits in self.known.items())

    def add(self, step: OpenHandoff) -> bool:
        if step.order.case_id in self.known:
            return False
        self.known[step.order.case_id] = step.order.opening.inquiry_waits
        return True
