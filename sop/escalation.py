"""One escalation: paged, repeated, up the chain, until a person takes it (INQ-6).

Pure, like `sop.inquiry`: the caller brings the moment and does the paging.
"""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from sop.access import may_on, require
from sop.closing import proved_by_escalating
from sop.errors import NotAllowedError, StaleAcknowledgementError
from sop.messages import Acknowledge, EscalationReport, Receipt
from sop.models import CLOCK, Actor, Entry, EscalationRecord, Payload, Role
from sop.object_rules import ObjectFacts
from sop.outgoing import Outgoing
from sop.policy import Desk, Paging

MISSED = "the page was not acknowledged"


class EscalationState(Payload):
    """What an escalation knows; carried whole by continue-as-new."""

    level: int = 1
    pages: int = 0
    page_due_at: AwareDatetime
    climb_due_at: AwareDatetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: AwareDatetime | None = None
    lease_until: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    seq: int = 0
    seen: dict[str, Receipt] = {}
    pending: Outgoing = Outgoing()


class EscalationStart(Payload):
    """The input of an escalation."""

    escalation_id: str
    case_id: str
    rung: str
    occasion: int
    clause: str
    roles: tuple[Role, ...]
    paging: Paging
    desk: Desk
    fired_at: AwareDatetime
    state: EscalationState | None = None


class Escalation:
    """The facts of one escalation, and the only way to change them."""

    def __init__(self, start: EscalationStart) -> None:
        self.start = start
        self.state = start.state or EscalationState(
            page_due_at=start.fired_at,
            climb_due_at=start.fired_at + start.paging.climb_after,
        )

    @property
    def role(self) -> Role:
        """The role that is paged now."""
        return self.start.roles[self.state.level - 1]

    @property
    def status(self) -> Literal["paging", "acknowledged", "ended"]:
        """Where the escalation stands."""
        if self.state.ended_at is not None:
            return "ended"
        return "acknowledged" if self.state.acknowledged_by else "paging"

    def next_deadline(self) -> datetime | None:
        """Return the next moment at which the escalation acts by itself."""
        state = self.state
        if state.ended_at is not None:
            return None
        if state.acknowledged_by is not None:
            return state.lease_until
        return min(filter(None, (state.page_due_at, state.climb_due_at)))

    def tick(self, now: datetime) -> bool:
        """Do what is due: an expired lease, a step up the chain. Return whether a page is due."""
        state = self.state
        if state.ended_at is not None:
            return False
        if state.lease_until is not None and state.lease_until <= now:
            self._resume_paging(now)
        if self.state.acknowledged_by is not None:
            return False
        climb_due = self.state.climb_due_at
        if climb_due is not None and climb_due <= now:
            self._climb(now, MISSED)
        return self.state.page_due_at <= now

    def paged(self, now: datetime) -> None:
        """Note that a page went out, and when the next one is due. There is no last one."""
        pages = self.state.pages + 1
        self._set(pages=pages, page_due_at=now + self.start.paging.repeat_every)
        self._record("page.sent", CLOCK, now, f"page/{pages}", role=str(self.role), number=pages)
        self._register()

    def acknowledge(self, step: Acknowledge, now: datetime, *, cause: str) -> Receipt:
        """Take the escalation: a lease, renewed by work on the case.

        Raises:
            StaleAcknowledgementError: It has moved on, is held by another person, or is over.
            NotAllowedError: The actor's role is not in its chain.
        """
        self._refuse_stale(step)
        self._set(
            acknowledged_by=step.actor.principal,
            acknowledged_at=now,
            lease_until=now + self.start.paging.acknowledged_for,
        )
        self._record("escalation.acknowledged", step.actor, now, cause, level=self.state.level)
        self._register(
            acknowledged_by=step.actor.principal, acknowledged_at=now, level=self.state.level
        )
        receipt = Receipt(
            case_id=self.start.case_id,
            seq=self.state.seq,
            next_deadline=self.state.lease_until,
            next_deadline_what="acknowledgement runs out without work on the case",
            digest=step.digest,
        )
        self._set(seen=self.state.seen | {cause: receipt})
        return receipt

    def check(self, step: Acknowledge) -> None:
        """Refuse an acknowledgement that comes too late or from the wrong person."""
        self._refuse_stale(step)

    def worked(self, now: datetime) -> None:
        """Renew the lease: there was work on the case."""
        if self.state.acknowledged_by is not None:
            self._set(lease_until=now + self.start.paging.acknowledged_for)

    def end(self, now: datetime, because: str) -> None:
        """End the escalation: the case no longer needs it."""
        if self.state.ended_at is not None:
            return
        self._set(ended_at=now)
        self._record("escalation.ended", CLOCK, now, "ended", because=because)
        self._register(ended_at=now, ended_because=because)

    def report(self) -> EscalationReport:
        """Return what the case should know."""
        return EscalationReport(
            rung=self.start.rung,
            occasion=self.start.occasion,
            level=self.state.level,
            status=self.status,
            role=str(self.role),
            acknowledged_by=self.state.acknowledged_by,
        )

    def page_text(self) -> str:
        """Return the page: role, case, rung, since when, what to do. Nothing personal."""
        rung = self.start.rung.replace("_", " ")
        since = self.start.desk.local(self.start.fired_at)
        return (
            f"{self.start.case_id}: {rung} ({self.start.clause}), escalated {since}, "
            f"level {self.state.level}. Please acknowledge, then work on the case."
        )

    def details(self) -> str:
        """Return the escalation's card for the Temporal UI, in Markdown."""
        state, deadline = self.state, self.next_deadline()
        due = self.start.desk.local(deadline) if deadline else "none"
        todo = {
            "paging": f"Acknowledge it as {str(self.role).replace('_', ' ')}, level {state.level}.",
            "acknowledged": "Work on the case: without it the acknowledgement runs out.",
            "ended": "Nothing: the case no longer needs it.",
        }
        lines = (
            f"**Case:** {self.start.case_id}",
            f"**Rung:** {self.start.rung} ({self.start.clause})",
            f"**Status:** {self.status}, level {state.level}, {state.pages} pages",
            f"**Held by:** {state.acknowledged_by or 'nobody yet'}",
            f"**Next deadline:** {due}",
            f"**What to do now:** {todo[self.status]}",
        )
        return "\n\n".join(lines)

    @property
    def waits_for(self) -> str:
        """What the next deadline means to a person."""
        if self.state.acknowledged_by is not None:
            return "acknowledgement runs out without work on the case"
        return f"page the {str(self.role).replace('_', ' ')} again, or go up the chain"

    @property
    def has_pending(self) -> bool:
        """There is something that the CRM does not have yet."""
        return self.state.pending != Outgoing()

    @property
    def unwritten_from(self) -> int:
        """The first entry that the CRM may not have."""
        return self.state.pending.first_seq(self.state.seq)

    def take_pending(self) -> Outgoing:
        """Return what the CRM does not have yet."""
        pending = self.state.pending
        self._set(pending=Outgoing())
        return pending

    def _refuse_stale(self, step: Acknowledge) -> None:
        state, rung, roles = self.state, self.start.rung, self.start.roles
        require(step.actor, step.step)
        if state.ended_at is not None:
            raise StaleAcknowledgementError(f"The escalation {rung} is over.")
        if not may_on(step.actor, step.step, ObjectFacts(chain=roles)):
            raise NotAllowedError(
                f"The role {step.actor.role} is not in the chain of this rung: {', '.join(roles)}."
            )
        if state.acknowledged_by not in {None, step.actor.principal}:
            raise StaleAcknowledgementError(
                f"{state.acknowledged_by} has already taken the escalation {rung}."
            )
        if step.level != state.level:
            raise StaleAcknowledgementError(
                f"The escalation {rung} has moved on to level {state.level} "
                f"({self.role}); level {step.level} can no longer be acknowledged."
            )

    def _resume_paging(self, now: datetime) -> None:
        held_by = self.state.acknowledged_by
        self._set(
            acknowledged_by=None,
            acknowledged_at=None,
            lease_until=None,
            page_due_at=now,
            climb_due_at=now + self.start.paging.climb_after,
        )
        name = f"lease/{self.state.seq + 1}/expired"
        self._record("acknowledgement.expired", CLOCK, now, name, held_by=held_by)
        self._register(acknowledged_by="")

    def _climb(self, now: datetime, because: str) -> None:
        if self.state.level == len(self.start.roles):
            self._set(climb_due_at=None)
            return
        level = self.state.level + 1
        self._set(level=level, page_due_at=now, climb_due_at=now + self.start.paging.climb_after)
        name = f"level/{level}/{self.state.seq + 1}"
        self._record(
            "escalation.climbed",
            CLOCK,
            now,
            name,
            level=level,
            role=str(self.role),
            because=because,
        )
        self._register()

    def _set(self, **changes: object) -> None:
        unknown = changes.keys() - EscalationState.model_fields.keys()
        if unknown:
            raise AttributeError(f"no such fact: {', '.join(sorted(unknown))}")
        self.state = self.state.model_copy(update=changes)

    def _record(
        self,
        kind: str,
        actor: Actor,
        now: datetime,
        entry_id: str,
        **detail: str | int | None,
    ) -> None:
        entry = Entry(
            seq=self.state.seq + 1,
            entry_id=entry_id,
            at=now,
            actor=actor,
            kind=kind,
            clauses=proved_by_escalating(self.start.clause),
            detail={"rung": f"{self.start.rung}-{self.start.occasion}", **detail},
        )
        out = self.state.pending
        pending = out.model_copy(update={"entries": (*out.entries, entry)})
        self._set(seq=entry.seq, pending=pending)

    def _register(self, **facts: object) -> None:
        start = self.start
        record = EscalationRecord(
            case_id=start.case_id,
            rung=start.rung,
            occasion=start.occasion,
            level=self.state.level,
            role=str(self.role),
            pages=self.state.pages,
        ).model_copy(update=facts)
        out = self.state.pending
        self._set(pending=out.model_copy(update={"escalations": (*out.escalations, record)}))
