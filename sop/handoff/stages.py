"""Where a handoff stands, which follows from its facts; and what is missing for its end."""

from sop.handoff.models import HandoffStage
from sop.handoff.state import HandoffState

GATING = (
    "HOF-4.1.1",
    "HOF-4.1.2",
    "HOF-4.1.3",
    "HOF-4.1.5",
    "HOF-4.2.1",
    "HOF-4.2.2",
    "HOF-4.2.3",
    "HOF-4.2.4",
    "HOF-4.2.5",
    "HOF-4.2.6",
    "HOF-4.3.1",
)
"""Clauses of which each must have a journal entry as its proof before a handoff ends, unless it is
withdrawn before anything was transferred. HOF-4.1.4 joins them where there was a discrepancy."""

IDENTIFIED = GATING[:4]
PREPARED = GATING[4:7]
"""The gates before the transfer, in the order of the procedure."""
OF_AN_OFFER = GATING[8:]
"""What an offer's answer or return proves; another offer has its own."""


def missing_for_closing(state: HandoffState) -> tuple[str, ...]:
    """Return the clauses that still stand between this handoff and its end."""
    if state.closed_as is not None:
        return ()
    asked: tuple[str, ...] = GATING
    if state.identification.discrepancies:
        asked = (*GATING[:3], "HOF-4.1.4", *GATING[3:])
    return tuple(clause for clause in asked if clause not in state.proofs)


def stage_of(state: HandoffState) -> HandoffStage:
    """Return the stage that follows from the facts."""
    identification, offer = state.identification, state.offer
    prepared = all(clause in state.proofs for clause in (*IDENTIFIED, *PREPARED))
    ordered = (
        (state.closed_as is not None, HandoffStage.CLOSED),
        (identification.discrepancy is not None, HandoffStage.STOPPED),
        (offer is not None and offer.sent_at is not None, HandoffStage.OFFERED),
        (offer is not None, HandoffStage.SENDING),
        (state.returned_at is not None, HandoffStage.RETURNED),
        (prepared, HandoffStage.READY),
        (identification.identity is not None, HandoffStage.PREPARING),
    )
    return next((stage for holds, stage in ordered if holds), HandoffStage.IDENTIFYING)
