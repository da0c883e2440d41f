"""From when on a handoff exists for its receiving party, and what that may do (HOF-3.3).

Before they are offered anything, and once an offer has come back, it is the sender's alone.
"""

from sop.errors import InvalidValueError, NotAllowedError
from sop.handoff import messages as m
from sop.handoff.models import HandoffClosedAs
from sop.handoff.state import HandoffState
from sop.messages import Command, DecideDiscrepancy, Identify

_ACCEPTED = frozenset({HandoffClosedAs.ACCEPTED, HandoffClosedAs.ACCEPTED_IN_PART})
_AT_ANY_TIME = (m.AnswerOffer, m.AddHandoffNote, DecideDiscrepancy)
"""Each has its own rule: who answers, and that nobody decides about a case of their own."""


def offered_to(state: HandoffState) -> str | None:
    """Return the party that the handoff is offered to now, or that has accepted it."""
    offer = state.offer
    is_open = offer is not None and offer.sent_at is not None
    return state.receiving.party if is_open or state.closed_as in _ACCEPTED else None


def require_no_preparing(state: HandoffState, command: Command) -> None:
    """Refuse the receiving party, whatever its role, what the sender has to do.

    It may identify the customer again in what is offered to it.

    Raises:
        NotAllowedError: The step is the sender's.
        InvalidValueError: It would make the receiving party of who opened the handoff.
    """
    if isinstance(command, m.ChangeReceiver):
        require_apart(command.receiving.party, state.opened_by)
    if command.actor.principal != state.receiving.party or isinstance(command, _AT_ANY_TIME):
        return
    if isinstance(command, Identify) and offered_to(state) is not None:
        return
    raise NotAllowedError(
        "The receiving party does not prepare, transfer or end a handoff to itself: it answers "
        "what is offered to it, and may identify the customer again then.",
        clause="HOF-3.3",
    )


def require_apart(party: str, sender: str) -> None:
    """Refuse a handoff of somebody to themselves.

    Raises:
        InvalidValueError: Sender and receiving party are one.
    """
    if party == sender:
        raise InvalidValueError(
            f"{party} is the sender and cannot be the receiving party as well.", clause="HOF-3.3"
        )
