"""The brief as plain text, for a terminal or a file."""

from collections.abc import Iterable, Iterator

from sop.handoff.brief_models import Brief, BriefInquiry, BriefItem, BriefLine
from sop.policy import Desk
from sop.printable import printable
from sop.telling import words


def brief_text(brief: Brief, desk: Desk) -> str:
    """Return the brief as lines of text, without characters that would steer a terminal."""
    return printable("\n".join(_lines(brief, desk)))


def _lines(brief: Brief, desk: Desk) -> Iterator[str]:
    yield f"Handoff {brief.handoff_id}: {brief.subject}"
    yield f"As of {desk.local(brief.as_of)}, stage {words(brief.stage)}"
    yield f"From {brief.sender} ({brief.company}, {brief.contact})"
    yield f"To {brief.receiving_party_name} ({brief.receiving_party_contact})"
    yield f"Custody: {brief.custody}"
    yield f"Customer: {' '.join(filter(None, (brief.customer_id, brief.customer_name)))}"
    yield f"Identity: {brief.identity}"
    yield from _part("Summary", [brief.summary or "Not completed yet."])
    yield from _part("Asked", [brief.asked])
    yield from _part("Items", map(item_text, brief.items))
    yield from _part("Open", brief.open)
    yield from _part("Deadlines", (f"{desk.local(d.at)}  {d.what}" for d in brief.deadlines))
    yield from _part("Done", (_done(line, desk) for line in brief.done))
    if brief.inquiry is not None:
        yield from _inquiry(brief.inquiry, desk)


def _inquiry(inquiry: BriefInquiry, desk: Desk) -> Iterator[str]:
    yield ""
    yield f"From the inquiry {inquiry.inquiry_id}: {inquiry.subject}"
    yield f"Received {desk.local(inquiry.received_at)}, stage {words(inquiry.stage)}"
    yield from _part("Key points", filter(None, [inquiry.key_points]))
    yield from _part("Resolution", filter(None, [inquiry.resolution]))
    yield from _part(
        "Promises",
        (f"{desk.local(p.answer_by)}  {p.contact} ({words(p.state)})" for p in inquiry.promises),
    )
    yield from _part("Done before", (_done(line, desk) for line in inquiry.done))


def item_text(item: BriefItem) -> str:
    """Return an item in a line."""
    return f"{item.item}: {item.description} ({words(item.state)})"


def _part(title: str, lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number == 0:
            yield ""
            yield title
        yield "\n".join(f"  {part}" for part in line.splitlines())


def _done(line: BriefLine, desk: Desk) -> str:
    return f"{desk.local(line.at)}  {line.what}"
