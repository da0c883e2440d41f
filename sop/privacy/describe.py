"""How a privacy request reads to a person in the Temporal UI: Markdown, no personal data."""

from sop.models import Deadline
from sop.privacy.case import PrivacyCase
from sop.privacy.models import PrivacyStage, RequestKind

_NEXT_STEP = {
    PrivacyStage.RECEIVED: "Verify the requester, or refuse the request.",
    PrivacyStage.VERIFIED: "Approve it, or refuse it.",
    PrivacyStage.APPROVED: "Release it, as another person than who approved it.",
    PrivacyStage.EXECUTING: "Nothing: it is being done.",
    PrivacyStage.EXECUTED: "Tell the requester what was done, and say so.",
    PrivacyStage.PARTLY_EXECUTED: "Tell the requester what is kept and why, and say so.",
    PrivacyStage.PLACED: "Review it in time; two people release it.",
    PrivacyStage.CLOSED: "Nothing: the request has ended.",
}


def summary(kind: RequestKind, received_local: str) -> str:
    """Return the one line that stands beside the workflow in a list; it must stay true for ever."""
    return f"Privacy request ({kind}), received {received_local}"


def next_step(case: PrivacyCase) -> str:
    """Return what a person can do now to move the request on."""
    todo = _NEXT_STEP[case.stage]
    if case.state.answered_at is not None and case.state.closed_at is None:
        todo = "Nothing: the requester was answered, and the rest goes by itself."
    paging = [r for r in case.state.rungs if r.live and r.status == "paging"]
    if paging:
        roles = ", ".join(sorted({(r.role or "?").replace("_", " ") for r in paging}))
        return f"Acknowledge the escalation ({roles}). Then: {todo}"
    return todo


def details(case: PrivacyCase, deadline: Deadline | None) -> str:
    """Return the card: stage, clock, two people, what is left, what to do."""
    state, desk = case.state, case.policy.desk
    waits = f"{deadline.what}, {desk.local(deadline.at)}" if deadline else "nothing"
    due = desk.local(state.due_at) if state.due_at else "none"
    lines = (
        # Continue-as-new loses the workflow's summary, so the card begins with it.
        f"**{summary(state.kind, desk.local(state.received_at))}**",
        f"**Stage:** {case.stage.replace('_', ' ')}",
        f"**Law:** {state.law} · **To be answered by:** {due}"
        + (" (extended)" if state.extended_at else ""),
        f"**Requester:** {'verified' if state.verified_at else 'not verified'}",
        f"**Approved by:** {state.approved_by or 'nobody yet'} · "
        f"**Released by:** {state.released_by or 'nobody yet'}",
        f"**Records that remain:** {len(state.remaining)}",
        f"**Next deadline:** {waits}",
        f"**Held by:** {case.holder or 'nobody yet'}",
        f"**What to do now:** {next_step(case)}",
        f"**Policy:** {case.policy.version}",
    )
    return "\n\n".join(lines)
