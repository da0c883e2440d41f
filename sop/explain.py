"""A case told in plain language from its journal: what happened, and what is awaited."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from sop.erased import ERASED_PARTICULARS
from sop.models import CLOCK, Payload, Role
from sop.policy import Desk
from sop.records import TimelineEntry
from sop.sentences import SENTENCES
from sop.standing import CaseKind, Standing
from sop.telling import Telling, role_in_words, words

_NAMES = {CaseKind.PRIVACY: "privacy request"}


class ToldEntry(Payload):
    """One entry of the journal as a sentence.

    Attributes:
        entry: Its name, `stream#seq`.
        local: When it happened, as the desk reads it.
        clauses: The clauses of which it is the proof.
    """

    entry: str
    at: AwareDatetime
    local: str
    by: str
    role: Role
    sentence: str
    clauses: tuple[str, ...] = ()


class Explanation(Payload):
    """A case in plain language.

    Attributes:
        entries: What happened, in order.
        standing: Where it stands: stage, holder, what it waits for, what is missing.
    """

    case_id: str
    entries: tuple[ToldEntry, ...]
    standing: tuple[str, ...]


def explain(
    standing: Standing, timeline: Iterable[TimelineEntry], desk: Desk, missing: tuple[str, ...]
) -> Explanation:
    """Return a case as sentences, those of its escalations included.

    Args:
        standing: How the case stands.
        timeline: Its confirmed journal.
        desk: The desk whose people read it.
        missing: What its certificate lacks.
    """
    entries = tuple(timeline)
    return Explanation(
        case_id=standing.case_id,
        entries=tuple(told(entry, desk) for entry in entries),
        standing=tuple(_standing(standing, entries, desk, missing)),
    )


def told(entry: TimelineEntry, desk: Desk) -> ToldEntry:
    """Return one entry as a sentence; a kind without one is told by its name."""
    detail: dict[str, object] = {**entry.detail, "kind": entry.kind}
    detail |= _behind(entry)
    sentence = SENTENCES.get(entry.kind, "recorded: {kind:words}")
    if entry.detail == ERASED_PARTICULARS:
        sentence = "recorded: {kind:words}; its particulars were erased"
    done = Telling(detail, desk).fill(sentence)
    fell = entry.detail.get("withdraws")
    falls = f" With it falls the proof of {', '.join(fell)}." if isinstance(fell, list) else ""
    return ToldEntry(
        entry=f"{entry.stream}#{entry.seq}",
        at=entry.at,
        local=desk.local(entry.at),
        by=entry.actor.principal,
        role=entry.actor.role,
        sentence=f"{_who(entry)} {_ended(done)}{falls}",
        clauses=entry.clauses,
    )


def _ended(sentence: str) -> str:
    """Return a sentence with its full stop; one that ends with somebody's own needs no second."""
    return sentence if sentence.endswith((".”", "!”", "?”")) else f"{sentence}."


def _who(entry: TimelineEntry) -> str:
    actor = entry.actor
    return "Handrail" if actor == CLOCK else f"{actor.principal} ({role_in_words(actor.role)})"


def _behind(entry: TimelineEntry) -> dict[str, object]:
    """Return how long after a promised moment it was noticed, where the entry names one."""
    try:
        behind = entry.at - datetime.fromisoformat(str(entry.detail.get("answer_by")))
    except (ValueError, TypeError):
        return {}
    return {"behind_ms": behind // timedelta(milliseconds=1)}


def _standing(
    standing: Standing, timeline: tuple[TimelineEntry, ...], desk: Desk, missing: tuple[str, ...]
) -> Iterator[str]:
    what = _NAMES.get(standing.kind, str(standing.kind))
    if standing.stage is None:
        yield f"The CRM does not have the {what} yet; it is safe in its workflow."
        return
    if standing.closed_at is not None:
        how = f" as {words(standing.closed_as)}" if standing.closed_as else ""
        yield f"The {what} is closed{how} since {desk.local(standing.closed_at)}."
    else:
        holder = f"{standing.holder} holds it" if standing.holder else "nobody holds it yet"
        yield f"The {what} is open, at the stage {words(standing.stage)}; {holder}."
        yield _deadline(standing, desk)
        yield from _escalations(timeline, desk)
    if standing.custody is not None:
        yield f"Custody is with {standing.custody}."
    if missing:
        yield f"Still missing: {', '.join(missing)}."
    else:
        yield "Nothing that closing asks for is missing."


def _deadline(standing: Standing, desk: Desk) -> str:
    if standing.next_deadline is None:
        return "It waits for no deadline."
    what = f": {standing.next_deadline_what}" if standing.next_deadline_what else ""
    return f"The next deadline is {desk.local(standing.next_deadline)}{what}."


def _escalations(timeline: tuple[TimelineEntry, ...], desk: Desk) -> Iterator[str]:
    """Yield the escalations that go on: taken by whom, or who is paged."""
    last: dict[str, str] = {}
    for entry in timeline:
        match entry.kind:
            case "page.sent" | "escalation.climbed":
                said = "Nobody has taken the escalation {rung:rung}; the {role:role} is paged."
            case "escalation.acknowledged":
                said = "{by} has taken the escalation {rung:rung}."
            case "escalation.ended":
                said = ""
            case _:
                continue
        detail = {**entry.detail, "by": entry.actor.principal}
        last[str(entry.detail.get("rung"))] = Telling(detail, desk).fill(said)
    yield from filter(None, last.values())
