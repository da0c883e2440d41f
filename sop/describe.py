"""How a case reads to a person in the Temporal UI: Markdown without personal data."""

from sop.case import Case
from sop.clock import next_deadline
from sop.closing import HANDOFF_OPEN
from sop.models import Stage

_NEXT_STEP = {
    Stage.RECEIVED: "Categorise the inquiry: type and priority.",
    Stage.CATEGORISED: "Verify the customer, and record the outcome.",
    Stage.IN_PROGRESS: "Answer or resolve it, or tell the customer when the answer comes.",
    Stage.PROMISED: "Answer before the promised time has passed.",
    Stage.WAITING_FOR_CUSTOMER: "Nothing, until the customer answers; or resume the case.",
    Stage.FOLLOW_UP: "Contact the customer, and record whether all is well.",
    Stage.CLOSED: "Nothing: the case is closed.",
}


def summary(channel: str, received_local: str) -> str:
    """Return the one line that stands beside the workflow in a list; it must stay true for ever."""
    return f"Inquiry {_came(channel, received_local)}"


def next_step(case: Case) -> str:
    """Return what a person can do now to move the case on."""
    paging = [r for r in case.state.rungs if r.live and r.status == "paging"]
    if paging and case.state.closed_as is None:
        roles = ", ".join(sorted({_words(r.role or "?") for r in paging}))
        return f"Acknowledge the escalation ({roles}). Then: {_next_step(case)}"
    return _next_step(case)


def details(case: Case) -> str:
    """Return the case's card: stage, what it waits for, until when, who holds it, what to do."""
    state, deadline = case.state, next_deadline(case, warnings=False)
    waits = "nothing"
    if deadline is not None:
        waits = f"{deadline.what}, {case.policy.desk.local(deadline.at)}"
    lines = [
        # Continue-as-new loses the workflow's summary, so the card begins with it.
        f"**Inquiry:** {_came(state.channel, case.policy.desk.local(state.received_at))}",
        f"**Stage:** {_words(case.stage)}",
        f"**Category:** {_words(state.category or 'not yet')} · "
        f"**Priority:** {state.priority or 'not yet'} · **Channel:** {_words(state.channel)}",
        f"**Next deadline:** {waits}",
        f"**Held by:** {case.holder or 'nobody yet'}",
        f"**Escalations:** {_escalations(case)}",
        *_handoffs(case),
        f"**What to do now:** {next_step(case)}",
        f"**Missing for closing:** {', '.join(case.missing) or 'nothing'}",
        f"**Policy:** {case.policy.version}",
    ]
    return "\n\n".join(lines)


def _next_step(case: Case) -> str:
    if case.stage == Stage.FOLLOW_UP and case.state.follow_up is None:
        if case.missing == (HANDOFF_OPEN,):
            return "Nothing: the handoff that the inquiry waits for must end."
        return "Record what is missing for closing."
    return _NEXT_STEP[case.stage]


def _came(channel: str, received_local: str) -> str:
    return f"by {_words(channel)}, received {received_local}"


def _handoffs(case: Case) -> list[str]:
    return [
        f"**Handoff:** {note.handoff_id}, {_words(note.closed_as or note.stage)}"
        for note in case.state.handoffs
    ]


def _escalations(case: Case) -> str:
    lines = []
    for rung in case.state.rungs:
        if rung.fired_at is None:
            continue
        at = case.policy.desk.local(rung.fired_at)
        if rung.acknowledged_by and rung.live:
            status = f"taken by {rung.acknowledged_by}"
        elif rung.live:
            status = f"**not acknowledged**, level {rung.level}"
        else:
            status = "over"
        lines.append(f"{_words(rung.rung)} to the {_words(rung.role or '?')} {at} ({status})")
    return "; ".join(lines) or "none"


def _words(name: str) -> str:
    return name.replace("_", " ")
