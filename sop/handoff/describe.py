"""How a handoff reads to a person in the Temporal UI: Markdown without personal data."""

from sop.handoff.case import HandoffCase
from sop.handoff.models import HandoffStage
from sop.models import Deadline

_NEXT_STEP = {
    HandoffStage.IDENTIFYING: "Identify the customer: one photo document and one second form.",
    HandoffStage.STOPPED: "A supervisor who has not worked on it approves or rejects; an approval "
    "is used in time.",
    HandoffStage.PREPARING: "Confirm the items, complete the brief, tell the customer.",
    HandoffStage.READY: "Transfer over an approved channel.",
    HandoffStage.SENDING: "Nothing: the encrypted message is on its way.",
    HandoffStage.OFFERED: "The receiving party acknowledges: all, part, or a refusal.",
    HandoffStage.RETURNED: "Decide what happens now: transfer again, or conclude.",
    HandoffStage.CLOSED: "Nothing: the handoff is closed.",
}


def summary(received_local: str) -> str:
    """Return the one line that stands beside the workflow in a list; it must stay true for ever."""
    return f"Handoff, opened {received_local}"


def next_step(case: HandoffCase) -> str:
    """Return what a person can do now to move the handoff on."""
    paging = [r for r in case.state.rungs if r.live and r.status == "paging"]
    todo = _NEXT_STEP[case.stage]
    if paging and case.state.closed_as is None:
        roles = ", ".join(sorted({_words(r.role or "?") for r in paging}))
        return f"Acknowledge the escalation ({roles}). Then: {todo}"
    return todo


def details(case: HandoffCase, deadline: Deadline | None) -> str:
    """Return the card: stage, what it waits for, until when, who has custody, what to do."""
    state, desk = case.state, case.policy.desk
    waits = f"{deadline.what}, {desk.local(deadline.at)}" if deadline else "nothing"
    identity = state.identification.identity
    level = f"{identity.level} until {desk.local(identity.expires_at)}" if identity else "no"
    lines = (
        # Continue-as-new loses the workflow's summary, so the card begins with it.
        f"**{summary(desk.local(state.received_at))}**",
        f"**Stage:** {_words(case.stage)}",
        f"**Custody:** {state.custody}, since {desk.local(state.custody_since)}",
        f"**To:** {state.receiving.party} · **From:** {state.sender}",
        f"**Identity verified:** {level}",
        f"**Items confirmed:** {len(state.confirmed)} of {len(state.items)}",
        f"**Next deadline:** {waits}",
        f"**Held by:** {case.holder or state.sender}",
        f"**What to do now:** {next_step(case)}",
        f"**Missing for closing:** {', '.join(case.missing) or 'nothing'}",
        f"**Inquiry:** {state.inquiry_id or 'none'} · **Policy:** {case.policy.version}",
    )
    return "\n\n".join(lines)


def _words(name: str) -> str:
    return name.replace("_", " ")
