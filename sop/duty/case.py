"""One duty as its steps and its clock see it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sop.case_file import CaseFile
from sop.deadlines import Due, rung_deadlines
from sop.duty.models import DutyKind, DutyOrder, DutyOutcome, DutyStage
from sop.duty.state import DutyState
from sop.ladder import arm
from sop.models import CLOCK, Actor, Role
from sop.object_rules import ObjectFacts, ObjectKind
from sop.policy import DutyPolicy, Starts
from sop.registers import IncidentReport, ReportKind

LOOK_EVERY = timedelta(days=1)
"""So often a reminder sees whether the training was recorded; it looks at its end besides."""

BREACH_CLAUSE = "HOF-6.3"

DUE = {
    DutyKind.PROCEDURE_REVIEW: "review of the procedure due",
    DutyKind.TRAINING_REMINDER: "training ends",
    DutyKind.AUDIT: "audit due",
}


class DutyCase(CaseFile[DutyPolicy, DutyState]):
    """The facts of one duty, and the only way to change them."""

    kind = ObjectKind.DUTY

    @property
    def order(self) -> DutyOrder:
        """What is to be done."""
        return self.state.order

    @property
    def stage(self) -> DutyStage:
        """Where the duty stands."""
        if self.state.closed_at is not None:
            return DutyStage.CLOSED
        return DutyStage.OPEN if self.state.overdue_at is None else DutyStage.OVERDUE

    @property
    def missing(self) -> tuple[str, ...]:
        """The clause that stands between the duty and its end; after a breach, what follows."""
        if self.state.outcome == DutyOutcome.BREACH:
            return (BREACH_CLAUSE,)
        return () if self.state.closed_at is not None else (self.order.clause,)

    @property
    def doers(self) -> frozenset[Role]:
        """The roles that may do the duty: its own, and those that are paged when it is overdue."""
        paged = [row.roles for row in self.policy.escalation if row.starts == Starts.DUTY_OVERDUE]
        return frozenset({self.order.role}.union(*paged))

    @property
    def facts(self) -> ObjectFacts:
        """What decides who sees the duty, and who may do what in it (HOF-5.3)."""
        more = {"about": self.order.about, "for_roles": (self.order.role,)}
        return super().facts.model_copy(update=more)

    def warn_holder(self, message_id: str, body: str, now: datetime) -> None:
        """Put a warning to the holder into the outbox; without a holder, to the duty's role."""
        holder = self.holder
        recipient = f"principal:{holder}" if holder else f"role:{self.order.role}"
        self.send("warning", message_id, recipient, body, now)

    def report_finding(
        self, report_id: str, actor: Actor, now: datetime, findings: str | None
    ) -> None:
        """Write an incident report about what an audit found (HOF-7.3), after its entry."""
        self.put_report(
            IncidentReport(
                report_id=report_id,
                case_id=self.state.case_id,
                kind=ReportKind.AUDIT_FINDING,
                clause=self.order.clause,
                at=now,
                reported_by=actor.principal,
                manager=self.order.role,
                text=f"The audit of {self.order.about} has a {self.state.outcome}.",
                reason=findings,
                policy_version=self.policy.version,
            )
        )

    def overdue(self, now: datetime) -> None:
        """Note that nobody has done it in time, and page as the policy says."""
        order = self.order
        self.set(overdue_at=now)
        self.record(
            "duty.overdue",
            CLOCK,
            now,
            [order.clause],
            entry_id="overdue",
            due_at=order.due_at.isoformat(),
            lateness_ms=round((now - order.due_at).total_seconds() * 1000),
        )
        body = f"{self.state.case_id}: {order.subject} It was due {self._local(order.due_at)}."
        self.warn_holder("overdue", body, now)
        for row in self.policy.escalation:
            if row.starts == Starts.DUTY_OVERDUE:
                base = order.due_at
                rung = arm(self.policy, row, self.state, base=base, now=now, cause="overdue")
                self.put_rung(rung)

    def look(self, now: datetime) -> None:
        """Have it looked up whether the training was recorded."""
        del now
        self.set(look_at=None, looking=True)

    def looked(self, now: datetime, *, renewed: bool) -> None:
        """Hear whether the training was recorded: then nobody need be reminded any more."""
        if self.state.closed_at is not None or not self.state.looking:
            return
        self.set(looking=False)
        if renewed:
            self.end(DutyOutcome.DONE, None, CLOCK, now, because="the training was recorded")
            return
        due_at = self.order.due_at
        if now >= due_at and self.state.overdue_at is None:
            self.overdue(now)
        ahead = now < due_at
        self.set(look_at=min(now + LOOK_EVERY, due_at) if ahead else now + LOOK_EVERY)

    def end(
        self,
        outcome: DutyOutcome | None,
        findings: str | None,
        actor: Actor,
        now: datetime,
        *,
        because: str | None = None,
    ) -> None:
        """End the duty: nothing that waits may outlive it."""
        for rung in self.state.rungs:
            self.spare(rung, now)
        late = self.state.overdue_at is not None or now > self.order.due_at
        self.set(
            closed_at=now,
            outcome=outcome,
            findings=findings,
            done_by=actor.principal,
            look_at=None,
            looking=False,
        )
        found = outcome in {DutyOutcome.FINDING, DutyOutcome.BREACH}
        audited = found and self.order.kind == DutyKind.AUDIT
        report_id = f"{self.state.case_id}/{ReportKind.AUDIT_FINDING}/{self.state.seq + 1}"
        if outcome is None:
            self.record("duty.cancelled", actor, now, entry_id="cancelled")
            return
        self.record(
            "duty.completed",
            actor,
            now,
            [self.order.clause],
            entry_id="completed",
            outcome=str(outcome),
            findings=findings,
            in_time=not late,
            because=because,
            report=report_id if audited else None,
        )
        if audited:
            self.report_finding(report_id, actor, now, findings)

    def _local(self, moment: datetime) -> str:
        return self.policy.desk.local(moment)


def duty_deadlines(case: DutyCase) -> Iterator[Due]:
    """Yield every moment that the duty waits for. One that has ended waits for nothing.

    A reminder is not overdue before its training was looked up: it may have been recorded since.
    """
    state, order = case.state, case.order
    if state.closed_at is not None:
        return
    yield from rung_deadlines(case)
    if order.renewal is None and state.overdue_at is None:
        yield Due(order.due_at, DUE[order.kind], DutyCase.overdue)
    if state.look_at is not None:
        what = "see whether the training was recorded"
        yield Due(state.look_at, what, DutyCase.look, warning=True)
