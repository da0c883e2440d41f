"""One privacy request as its steps and its clock see it (HOF-5.1)."""

from datetime import datetime

from sop.case_file import CaseFile
from sop.errors import NotAllowedError
from sop.ladder import arm
from sop.models import CLOCK, Actor, Role
from sop.object_rules import ObjectKind
from sop.policy import PrivacyPolicy, Starts
from sop.privacy.models import ClosedPrivacyAs, PrivacyStage, RequestKind, Work
from sop.privacy.stages import CLAUSE, missing_for_closing, overdue, stage_of
from sop.privacy.state import PrivacyState


class PrivacyCase(CaseFile[PrivacyPolicy, PrivacyState]):
    """The facts of one request, and the only way to change them."""

    kind = ObjectKind.PRIVACY

    @property
    def stage(self) -> PrivacyStage:
        """Where the request stands."""
        return stage_of(self.state)

    @property
    def missing(self) -> tuple[str, ...]:
        """The clauses that stand between the request and its end."""
        return missing_for_closing(self.state)

    @property
    def is_hold(self) -> bool:
        """Nobody asked for it who waits for an answer."""
        return self.state.kind is RequestKind.HOLD

    def warn_holder(self, message_id: str, body: str, now: datetime) -> None:
        """Put a warning to the holder into the outbox; without a holder, to the officers."""
        holder = self.holder
        recipient = f"principal:{holder}" if holder else f"role:{Role.PRIVACY_OFFICER}"
        self.send("warning", message_id, recipient, body, now)

    def escalate(self, now: datetime, cause: str) -> None:
        """Page for the request on a new occasion; what goes on already is not begun anew."""
        for row in self.policy.escalation:
            if row.starts != Starts.PRIVACY_REQUEST:
                continue
            going_on = any(
                rung.rung == row.rung and (rung.armed or rung.live) for rung in self.state.rungs
            )
            if not going_on:
                self.put_rung(arm(self.policy, row, self.state, base=now, now=now, cause=cause))

    def calm(self, now: datetime) -> None:
        """Take back the pages, once nothing is overdue any more."""
        if not overdue(self.state):
            for rung in self.state.rungs:
                self.spare(rung, now)

    def begin_work(self, work: Work) -> None:
        """Have something done: the workflow does it, and says what came of it."""
        self.set(work=work, look_again_at=None)

    def require_second(self, actor: Actor) -> None:
        """Refuse one person in both parts of two, and two of whom none is a privacy officer.

        Raises:
            NotAllowedError: It needs another person.
        """
        state = self.state
        if actor.principal == state.approved_by:
            raise NotAllowedError(
                "Whoever approved it does not release it: another person must.", clause="HOF-3.2"
            )
        if not (state.approved_by_officer or actor.role is Role.PRIVACY_OFFICER):
            raise NotAllowedError("One of the two must be a privacy officer.", clause="HOF-3.2")

    def close(self, how: ClosedPrivacyAs, actor: Actor, now: datetime) -> None:
        """End the request: nothing that waits may outlive it."""
        for rung in self.state.rungs:
            self.spare(rung, now)
        self.set(
            closed_at=now,
            closed_as=how,
            closed_by=actor.principal,
            work=None,
            look_again_at=None,
        )
        self.record("privacy.closed", actor, now, [CLAUSE], entry_id="closed", closed_as=str(how))

    def close_if_done(self, now: datetime) -> None:
        """End a request of which nothing is left to do and whose requester was told."""
        state = self.state
        over = state.answered_at is not None and state.executed_at is not None
        waits = state.work is not None or state.look_again_at is not None
        if over and not waits and state.export_until is None and state.closed_at is None:
            self.close(ClosedPrivacyAs.FULFILLED, CLOCK, now)
