"""Handoffs for tests that are about something else."""

from sop.handoff.models import HandoffOpening, Item, ReceivingParty


def a_handoff(*, customer_id: str = "c-1", inquiry_id: str | None = None) -> HandoffOpening:
    """Return what opens a handoff of one document to a receiving party."""
    return HandoffOpening(
        customer_id=customer_id,
        inquiry_id=inquiry_id,
        subject="A contract to be checked",
        text="Please check my contract.",
        items=(Item(item="contract", description="The signed contract."),),
        receiving=ReceivingParty(
            party="legal-desk", name="The legal desk", contact="legal@example.org"
        ),
        assignee="anna",
    )
