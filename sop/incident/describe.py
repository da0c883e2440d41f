"""How an incident reads to a person in the Temporal UI: Markdown without personal data."""

from sop.incident.case import IncidentCase
from sop.incident.models import IncidentStage
from sop.incident.stages import open_actions, regulator_settled
from sop.models import Deadline


def summary(received_local: str) -> str:
    """Return the one line that stands beside the workflow in a list; it must stay true for ever."""
    return f"Incident, opened {received_local}"


def next_step(case: IncidentCase) -> str:
    """Return what a person can do now to move the incident on."""
    if case.stage == IncidentStage.CLOSED:
        return "Nothing: the incident is closed."
    todo = _todo(case)
    paging = [r for r in case.state.rungs if r.live and r.status == "paging"]
    if paging:
        roles = ", ".join(sorted({_words(r.role or "?") for r in paging}))
        return f"Acknowledge the escalation ({roles}). Then: {todo}"
    return todo


def details(case: IncidentCase, deadline: Deadline | None) -> str:
    """Return the card: stage, clause, clocks, actions, who holds it, what to do."""
    state, desk = case.state, case.policy.desk
    waits = f"{deadline.what}, {desk.local(deadline.at)}" if deadline else "nothing"
    lines = (
        # Continue-as-new loses the workflow's summary, so the card begins with it.
        f"**{summary(desk.local(state.received_at))}**",
        f"**Stage:** {_words(case.stage)}",
        f"**Breach of:** {state.clause} · **Case:** {state.concerns or 'none'}",
        f"**Known:** {desk.local(state.known_at)}",
        f"**Regulator:** {_regulator(case)}",
        f"**Corrective actions:** {len(state.actions) - len(open_actions(state))} of "
        f"{len(state.actions)} done",
        f"**Next deadline:** {waits}",
        f"**Held by:** {case.holder or 'nobody yet'}",
        f"**What to do now:** {next_step(case)}",
        f"**Missing for closing:** {', '.join(case.missing) or 'nothing'}",
        f"**Policy:** {case.policy.version}",
    )
    return "\n\n".join(lines)


def _todo(case: IncidentCase) -> str:
    state = case.state
    parts = []
    if not state.actions:
        parts.append("say what is mended, by whom and by when")
    elif open_actions(state):
        parts.append("complete the corrective actions")
    if not regulator_settled(state):
        parts.append("inform the regulator, or decide that it need not be told")
    text = "; ".join(parts) or "close it: root cause, and what changed"
    return f"{text[0].upper()}{text[1:]}."


def _regulator(case: IncidentCase) -> str:
    state, desk = case.state, case.policy.desk
    if state.regulator_informed_at is not None:
        return f"informed {desk.local(state.regulator_informed_at)}"
    if state.regulator_decision is not None:
        return "need not be told"
    overdue = "**overdue**, " if state.regulator_overdue_at is not None else ""
    return f"{overdue}to be informed by {desk.local(state.regulator_due_at)}"


def _words(name: str) -> str:
    return name.replace("_", " ")
