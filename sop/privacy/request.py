"""A privacy request as its workflow sees it: steps in, deadlines and work out (HOF-5.1)."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Self

from sop.access import require
from sop.deadlines import do_due, earliest
from sop.errors import InvalidValueError, NotTheirCaseError
from sop.messages import Command
from sop.models import CLOCK, Deadline, Role
from sop.policy import PrivacyPolicy
from sop.privacy import legal_clock, steps
from sop.privacy import messages as m
from sop.privacy.case import PrivacyCase
from sop.privacy.clock import privacy_deadlines
from sop.privacy.describe import details
from sop.privacy.doing import done
from sop.privacy.models import ClosedPrivacyAs, PrivacyRow, RequestKind, Work, WorkDone
from sop.privacy.stages import CLAUSE
from sop.privacy.state import PrivacyOutcome, PrivacyStart, PrivacyState
from sop.procedure import Procedure

Step = Callable[[PrivacyCase, Any, datetime], None]

STEPS: dict[type[Command], Step] = {
    m.VerifyRequester: steps.verify_requester,
    m.ApprovePrivacyRequest: steps.approve,
    m.ReleasePrivacyRequest: steps.release,
    m.RejectPrivacyRequest: steps.reject,
    m.ExtendPrivacyRequest: steps.extend,
    m.CompletePrivacyRequest: steps.complete,
    m.ReviewHold: steps.review_hold,
}


def check_order(order: m.PrivacyOrder) -> None:
    """Refuse a request that cannot be, before anything starts.

    Raises:
        SopError: Why.
    """
    opening = order.opening
    is_hold = opening.kind is RequestKind.HOLD
    require(order.opened_by, "place_hold" if is_hold else "open_privacy_request")
    if not is_hold:
        if opening.cases or opening.reason is not None or opening.review_at is not None:
            raise InvalidValueError(
                "`cases`, `reason` and `review_at` are said of a hold only.", clause=CLAUSE
            )
        return
    if opening.reason is None or opening.review_at is None:
        raise InvalidValueError(
            "A hold says why, by `reason`, and when it is reviewed, by `review_at`.", clause=CLAUSE
        )
    case = PrivacyCase(order.policy, _state(order, order.received_at))
    steps.require_review_date(case, opening.review_at, order.received_at)


def require_their_cases(customer_id: str, cases: Collection[str], theirs: Collection[str]) -> None:
    """Refuse a hold on a case that is not the customer's: it would hold nothing (HOF-5.1).

    Args:
        customer_id: Whose cases the hold is to cover.
        cases: What it names.
        theirs: Those of them that are the customer's.

    Raises:
        NotTheirCaseError: Which are not.
    """
    others = sorted(set(cases) - set(theirs))
    if others:
        raise NotTheirCaseError(
            f"{customer_id} has no case {', '.join(others)}: no hold was placed.", clause=CLAUSE
        )


def _state(order: m.PrivacyOrder, received_at: datetime) -> PrivacyState:
    opening, policy = order.opening, order.policy
    due_at = None
    if opening.kind is not RequestKind.HOLD:
        due_at = legal_clock.due(received_at, opening.law, policy.privacy, policy.desk.zone)
    return PrivacyState(
        case_id=order.case_id,
        received_at=received_at,
        opened_by=order.opened_by.principal,
        kind=opening.kind,
        law=opening.law,
        customer_id=opening.customer_id,
        channel=opening.channel,
        due_at=due_at,
        cases=opening.cases,
        hold_reason=opening.reason,
        review_at=opening.review_at,
        digest=order.digest,
    )


class PrivacyRequest(PrivacyCase, Procedure[PrivacyPolicy, PrivacyState, PrivacyRow]):
    """One request, from opening to its end."""

    @classmethod
    def begin(cls, start: PrivacyStart, now: datetime) -> Self:
        """Take up a request: a new one, or one that was continued as new.

        Raises:
            ValueError: The input holds neither an order nor a state.
        """
        if start.state is not None:
            return cls(start.policy, start.state)
        if start.order is None:
            raise ValueError("a privacy request begins with an order or a state")
        return cls._open(start.order, now)

    @classmethod
    def _open(cls, order: m.PrivacyOrder, now: datetime) -> Self:
        received_at = min(order.received_at, now)
        state = _state(order, received_at)
        case = cls(order.policy, state)
        case.cause("open")
        case.record(
            "privacy.opened",
            order.opened_by,
            received_at,
            [CLAUSE],
            request=str(state.kind),
            law=str(state.law),
            channel=str(state.channel),
            due_at=state.due_at.isoformat() if state.due_at else None,
            reason=str(state.hold_reason) if state.hold_reason else None,
            cases=list(state.cases) or None,
            review_at=state.review_at.isoformat() if state.review_at else None,
            policy_version=order.policy.version,
        )
        case.cause("clock")
        if case.is_hold:
            case.begin_work(Work.PLACE_HOLD)
        else:
            until = case.policy.desk.local(state.due_at or received_at)
            body = f"{state.case_id}: a request for {state.kind}, to be answered by {until}."
            case.send("privacy", "opened", f"role:{Role.PRIVACY_OFFICER}", body, received_at)
        case.tick(now)
        return case

    def perform(self, command: Command, now: datetime) -> None:
        """Do a step; refuse before anything changes."""
        STEPS[type(command)](self, command, now)

    def done(self, what: WorkDone, now: datetime) -> None:
        """Hear what came of the work that was under way."""
        done(self, what, now)

    def tick(self, now: datetime) -> None:
        """Do what is due by now, earliest first; each once, and none early."""
        do_due(self, privacy_deadlines, now)

    def next_deadline(self, *, warnings: bool = True) -> Deadline | None:
        """Return the next moment at which the request acts by itself."""
        return earliest(privacy_deadlines(self), warnings=warnings)

    def cancel(self, now: datetime) -> None:
        """End the request in order: an operator cancelled its workflow in Temporal.

        A hold goes on, and so does what two people have released: nothing that was held may go,
        and nobody wait for an answer, by an operator's mistake.
        """
        if self.closed:
            return
        if self.is_hold or self.state.released_at is not None:
            self.record("privacy.went_on", CLOCK, now, entry_id=f"went_on/{self.state.seq}")
            return
        self.record("privacy.cancelled", CLOCK, now, entry_id="cancelled")
        self.close(ClosedPrivacyAs.CANCELLED, CLOCK, now)

    def details(self) -> str:
        """Return the request's card for the Temporal UI."""
        return details(self, self.next_deadline(warnings=False))

    @property
    def closed_text(self) -> str:
        """What a closed request says to a step."""
        return "The privacy request is closed. Open a new one if there is more to do."

    def outcome(self) -> PrivacyOutcome:
        """Return how the request ended.

        Raises:
            ValueError: It has not.
        """
        if self.state.closed_as is None:
            raise ValueError("the request is open")
        return PrivacyOutcome(
            case_id=self.state.case_id, closed_as=self.state.closed_as, entries=self.state.seq
        )

    def to_continue(self, start: PrivacyStart) -> PrivacyStart:
        """Return the input with which the request continues as new: everything it knows."""
        update = {"order": None, "policy": self.policy, "state": self.state}
        return start.model_copy(update=update)

    def row(self) -> PrivacyRow:
        """Return the request's row as it stands."""
        state, deadline = self.state, self.next_deadline(warnings=False)
        same = PrivacyRow.model_fields.keys() & PrivacyState.model_fields.keys()
        return PrivacyRow.model_validate(
            {
                **{name: getattr(state, name) for name in same},
                "request_id": state.case_id,
                "version": state.seq,
                "stage": self.stage,
                "holder": self.holder,
                "escalation_level": self.level,
                "received_local": self.policy.desk.local(state.received_at),
                "next_deadline": deadline.at if deadline else None,
                "next_deadline_what": deadline.what if deadline else None,
                "policy_version": self.policy.version,
                "request_digest": state.digest,
            }
        )
