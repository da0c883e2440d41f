"""The steps before the transfer: items, brief, and the customer's knowledge (HOF-4.2.1 to 4.2.3).

Each gate is the one before it; a step behind its gate names the clause that is missing.
"""

from datetime import datetime

from sop import identification
from sop.errors import BehindGateError, InvalidValueError, WrongStageError
from sop.handoff import messages as m
from sop.handoff.case import HandoffCase
from sop.handoff.models import HandoffStage
from sop.handoff.receiving import require_apart
from sop.handoff.stages import IDENTIFIED, PREPARED
from sop.identification import use_identity
from sop.messages import Identify
from sop.models import Actor

_WHAT = {
    "HOF-4.1.1": "tell the customer why identity is checked (`need_explained`)",
    "HOF-4.1.2": "identify the customer",
    "HOF-4.1.3": "identify the customer",
    "HOF-4.1.5": "assure the customer of confidentiality (`confidentiality_assured`)",
    "HOF-4.2.1": "confirm that every item is correct and complete",
    "HOF-4.2.2": "complete the brief for the receiving party",
    "HOF-4.2.3": "tell the customer, and introduce the receiving party",
}


def require_identified(case: HandoffCase, what: str, actor: Actor, now: datetime) -> None:
    """Refuse what stands behind the identification (HOF-4.1)."""
    use_identity(case, what, actor, now)
    _require(case, what, IDENTIFIED)


def require_prepared(
    case: HandoffCase, what: str, actor: Actor, now: datetime, gates: tuple[str, ...] = PREPARED
) -> None:
    """Refuse what stands behind the gates of the preparation, the first shut one first."""
    require_identified(case, what, actor, now)
    _require(case, what, gates)


def require_not_offered(case: HandoffCase, what: str) -> None:
    """Refuse what has no place while the receiving party has an offer, or a mail is under way."""
    if case.state.offer is not None:
        raise WrongStageError(
            f"The handoff is offered to {case.state.receiving.party}; {what} has no place until "
            "the offer is answered.",
            clause="HOF-4.2.5",
        )


def identify(case: HandoffCase, step: Identify, now: datetime) -> None:
    """Judge an identity check; one that fails could not call back a mail that is under way."""
    if case.stage == HandoffStage.SENDING:
        raise mail_under_way()
    identification.identify(case, step, now)


def mail_under_way() -> WrongStageError:
    """Return the refusal of a check that could not call back a mail that is under way."""
    return WrongStageError(
        "The encrypted message is on its way. Identify the customer when it was sent, or when "
        "it could not be.",
        clause="HOF-4.2.4",
    )


def confirm_items(case: HandoffCase, step: m.ConfirmItems, now: datetime) -> None:
    """Confirm items one by one; those that do not hold are open again (HOF-4.2.1)."""
    require_not_offered(case, "confirming items")
    require_identified(case, "Confirming the items", step.actor, now)
    known = [item.item for item in case.state.items]
    unknown = [check.item for check in step.checks if check.item not in known]
    if unknown:
        raise InvalidValueError(
            f"The handoff has no item {', '.join(unknown)}; it has {', '.join(known)}.",
            clause="HOF-4.2.1",
        )
    if len({check.item for check in step.checks}) < len(step.checks):
        raise InvalidValueError("Check each item once.", clause="HOF-4.2.1")
    holds = {check.item: check.correct and check.complete for check in step.checks}
    before = set(case.state.confirmed)
    confirmed = tuple(item for item in known if holds.get(item, item in before))
    case.set(confirmed=confirmed)
    whole = len(confirmed) == len(known)
    if not whole:
        case.unprove(["HOF-4.2.1"])
    case.record(
        "items.confirmed",
        step.actor,
        now,
        ["HOF-4.2.1"] if whole else [],
        confirmed=[item for item, held in holds.items() if held],
        not_confirmed=[item for item, held in holds.items() if not held],
        open=[item for item in known if item not in confirmed],
    )
    if step.brief is not None:
        write_brief(case, step.brief, step.actor, now)


def complete_brief(case: HandoffCase, step: m.CompleteBrief, now: datetime) -> None:
    """Complete the summary for the receiving party (HOF-4.2.2)."""
    require_not_offered(case, "the brief")
    write_brief(case, step.brief, step.actor, now)


def write_brief(case: HandoffCase, brief: str, actor: Actor, now: datetime) -> None:
    """Keep the representative's part of the brief; the rest is made from the case."""
    require_prepared(case, "The brief", actor, now, PREPARED[:1])
    case.set(brief=brief)
    case.record("brief.completed", actor, now, ["HOF-4.2.2"], brief=brief)


def tell_customer(case: HandoffCase, step: m.TellCustomer, now: datetime) -> None:
    """Tell the customer about the handoff, and introduce who receives (HOF-4.2.3)."""
    require_not_offered(case, "telling the customer of it")
    notice_customer(case, step.notice, step.actor, now)


def notice_customer(
    case: HandoffCase, notice: m.CustomerNotice, actor: Actor, now: datetime
) -> None:
    """Attest what the customer was told; without words of their own the message is sent."""
    require_prepared(case, "Telling the customer", actor, now, PREPARED[:2])
    if not notice.introduced:
        raise InvalidValueError(
            "The receiving party must be introduced to the customer; set `introduced`.",
            clause="HOF-4.2.3",
        )
    case.set(customer_told_at=now)
    if notice.said is None:
        case.tell("handoff_begins", f"notice/{case.state.seq + 1}", now)
    case.record(
        "customer.told",
        actor,
        now,
        ["HOF-4.2.3"],
        what="handoff_begins",
        said=notice.said,
        introduced=case.state.receiving.name,
    )


def change_receiver(case: HandoffCase, step: m.ChangeReceiver, now: datetime) -> None:
    """Hand over to another party; the customer learns of the new one before the transfer."""
    require_not_offered(case, "another receiving party")
    require_apart(step.receiving.party, case.state.sender)
    before = case.state.receiving.party
    case.set(receiving=step.receiving, customer_told_at=None)
    case.unprove(["HOF-4.2.3"])
    case.record(
        "receiver.changed",
        step.actor,
        now,
        from_party=before,
        to_party=step.receiving.party,
        reason=step.reason,
    )


def assign(case: HandoffCase, step: m.AssignHandoff, now: datetime) -> None:
    """Give the handoff to another representative; what is still the sender's goes along."""
    require_apart(case.state.receiving.party, step.assignee)
    before = case.state.sender
    case.note_handler(before)
    case.set(assignee=step.assignee)
    case.record(
        "handoff.assigned",
        step.actor,
        now,
        from_assignee=before,
        to_assignee=step.assignee,
        reason=step.reason,
    )
    if step.assignee != before:
        case.pass_custody(step.assignee, step.actor, now, "assigned")


def add_note(case: HandoffCase, step: m.AddHandoffNote, now: datetime) -> None:
    """Add a note to the journal (HOF-4.3.2)."""
    case.record("note.added", step.actor, now, text=step.text)


def _require(case: HandoffCase, what: str, gates: tuple[str, ...]) -> None:
    for clause in gates:
        if clause not in case.state.proofs:
            raise BehindGateError(
                f"{what} stands behind {clause}: {_WHAT[clause]} first.", clause=clause
            )
