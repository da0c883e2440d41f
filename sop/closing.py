"""The closing gate: which clauses must be proved before an inquiry may close (INQ-4.5.2, 4.6.2)."""

from sop.handoff.stages import GATING as HANDOFF_GATING
from sop.state import InquiryState

GATING = (
    "INQ-4.1.1",
    "INQ-4.1.2",
    "INQ-4.1.3",
    "INQ-4.2.1",
    "INQ-4.2.2",
    "INQ-4.2.3",
    "INQ-4.3.1",
    "INQ-4.3.2",
    "INQ-4.4.1",
    "INQ-4.4.2",
    "INQ-4.5.2",
    "INQ-4.6.1",
    "INQ-4.6.2",
    "INQ-5.3",
)
"""Clauses of which each must have a journal entry as its proof. INQ-4.4.2 (confirmed at once) and
INQ-4.4.3 (promised) are alternatives: either proves that the customer knew how the answer comes."""

ALTERNATIVES = {"INQ-4.4.2": "INQ-4.4.3"}

HANDOFF_OPEN = "HOF-4.2.5"
"""What an inquiry waits for while a handoff that it waits for is open: its acknowledgement."""

DISCREPANCY = "HOF-4.1.4"
"""What an inquiry waits for after a discrepancy: the supervisor's decision."""

LEAVES_OPEN = (
    "INQ-4.4.1",
    "INQ-4.4.2",
    "INQ-4.4.3",
    "INQ-4.5.2",
    "INQ-4.6.1",
    "INQ-4.6.2",
)
"""Proofs that fall when a resolved case is opened again: their solution did not hold, and what the
customer was promised was the answer before it."""


def proved_by_escalating(*clauses: str) -> tuple[str, ...]:
    """Return what an escalation proves.

    That a contact, a decision or an acknowledgement is overdue does not prove that it was made.
    """
    asked = {*GATING, *HANDOFF_GATING, "HOF-4.1.4"}
    return tuple(clause for clause in clauses if clause not in asked)


def missing_for_closing(state: InquiryState) -> tuple[str, ...]:
    """Return the clauses that still stand between this inquiry and closing."""
    if state.closed_as is not None:
        return ()
    proved = state.proofs.keys()
    missing = [c for c in GATING if c not in proved and ALTERNATIVES.get(c, c) not in proved]
    if state.identification.discrepancies and DISCREPANCY not in proved:
        missing.append(DISCREPANCY)
    if any(note.waits and note.closed_as is None for note in state.handoffs):
        missing.append(HANDOFF_OPEN)
    return tuple(missing)
