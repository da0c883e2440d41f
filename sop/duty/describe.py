"""How a duty reads to a person in the Temporal UI: Markdown without personal data."""

from sop.duty.case import DutyCase
from sop.duty.models import OUTCOMES, DutyKind, DutyStage
from sop.models import Deadline

_NEXT_STEP = {
    DutyKind.PROCEDURE_REVIEW: "Read the procedure and its policy; complete the review.",
    DutyKind.TRAINING_REMINDER: "Complete the training, and have it recorded.",
    DutyKind.AUDIT: "Read the case's timeline; say what was found, as somebody who did not "
    "handle it.",
}


def summary(kind: DutyKind) -> str:
    """Return the one line that stands beside the workflow in a list; it must stay true for ever."""
    return str(kind).replace("_", " ").capitalize()


def next_step(case: DutyCase) -> str:
    """Return what a person can do now."""
    if case.stage == DutyStage.CLOSED:
        return "Nothing: the duty has ended."
    todo = _NEXT_STEP[case.order.kind]
    paging = [r for r in case.state.rungs if r.live and r.status == "paging"]
    if paging:
        roles = ", ".join(sorted({(r.role or "?").replace("_", " ") for r in paging}))
        return f"Acknowledge the escalation ({roles}). Then: {todo}"
    return todo


def details(case: DutyCase, deadline: Deadline | None) -> str:
    """Return the card: what is to be done, by whom, until when."""
    order, desk = case.order, case.policy.desk
    waits = f"{deadline.what}, {desk.local(deadline.at)}" if deadline else "nothing"
    lines = (
        # Continue-as-new loses the workflow's summary, so the card begins with it.
        f"**{summary(order.kind)}** ({order.clause})",
        f"**Stage:** {case.stage}",
        f"**What:** {order.subject}",
        f"**Due:** {desk.local(order.due_at)}",
        f"**Next deadline:** {waits}",
        f"**For:** {str(order.role).replace('_', ' ')} · "
        f"**Held by:** {case.holder or 'nobody yet'}",
        f"**What to do now:** {next_step(case)}",
        f"**Ends as:** {case.state.outcome or ' or '.join(OUTCOMES[order.kind])}",
        f"**Policy:** {case.policy.version}",
    )
    return "\n\n".join(lines)
