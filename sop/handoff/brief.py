"""The brief for the receiving party: made from the case, completed by a person (HOF-4.2.2).

Level of the identity, what was asked, what was done, what is open, by when; never the evidence.
"""

from collections.abc import Iterable

from sop.handoff.case import HandoffCase
from sop.handoff.models import HandoffRow, Item
from sop.models import Payload
from sop.policy import Desk
from sop.records import TimelineEntry


class BriefLine(Payload):
    """One thing that was done, as the brief shows it."""

    at: str
    what: str
    by: str


class Brief(Payload):
    """What the receiving party reads."""

    handoff_id: str
    subject: str
    asked: str
    identity: str
    sender: str
    receiving_party: str
    items: tuple[str, ...]
    done: tuple[BriefLine, ...]
    open: tuple[str, ...]
    deadlines: tuple[str, ...]
    summary: str
    inquiry_id: str | None = None


def make_brief(row: HandoffRow, done: Iterable[TimelineEntry], desk: Desk) -> Brief:
    """Return the brief of a handoff as the CRM has it."""
    until = desk.local(row.identity_expires_at) if row.identity_expires_at else ""
    verified = f"verified, level {row.identity_level}, until {until}"
    confirmed = set(row.confirmed_items)
    to_do = [
        f"{item.description}: not yet confirmed" for item in row.items if item.item not in confirmed
    ]
    deadline: tuple[str, ...] = ()
    if row.next_deadline is not None:
        deadline = (f"{row.next_deadline_what}: {desk.local(row.next_deadline)}",)
    return Brief(
        handoff_id=row.handoff_id,
        subject=row.subject,
        asked=row.text,
        identity=verified if row.identity_level else "not verified",
        sender=row.assignee or row.opened_by,
        receiving_party=row.receiving_party_name,
        items=tuple(_of_item(item) for item in row.items),
        done=tuple(
            BriefLine(
                at=desk.local(entry.at),
                what=entry.kind.replace(".", " ").replace("_", " "),
                by=entry.actor.principal,
            )
            for entry in done
        ),
        open=tuple(to_do),
        deadlines=deadline,
        summary=row.brief or "",
        inquiry_id=row.inquiry_id,
    )


def mail_text(case: HandoffCase) -> str:
    """Return what an encrypted message to the receiving party says."""
    state, desk = case.state, case.policy.desk
    identity = state.identification.identity
    level = f"level {identity.level}" if identity else "not verified"
    lines = (
        f"Handoff {state.case_id}: {state.subject}",
        f"From {state.sender} to {state.receiving.name}.",
        f"Customer {state.customer.customer_id}; identity: {level}.",
        "",
        "Asked:",
        state.text,
        "",
        "Items:",
        *(f"- {_of_item(item)}" for item in state.items),
        "",
        "Summary:",
        state.brief or "",
        "",
        f"Please acknowledge within {case.policy.handoff.return_after}; {desk.contact}.",
    )
    return "\n".join(lines)


def _of_item(item: Item) -> str:
    return f"{item.item}: {item.description}"
