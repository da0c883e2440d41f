"""What every journal of a handoff must tell, read from the entries alone."""

from collections.abc import Sequence
from datetime import datetime

from sop.handoff.state import HandoffState
from sop.models import Entry

ONLY_HELPS = {
    "discrepancy.decided",
    "policy.adopted",
    "handoff.assigned",
    "note.added",
}
GIVES = {"identity.carried", "identity.checked", "approval.used"}


def check_journal(journal: Sequence[Entry], state: HandoffState) -> None:
    """Check a whole journal, up to now."""
    numbered_without_gaps(journal, state)
    proofs_come_from_entries(journal, state)
    transferred_only_after_verification(journal)
    custody_is_exactly_one_partys(journal, state)
    ended_by_what_happened(journal, state)
    nobody_approved_their_own_case(journal, state)
    no_rung_fired_early_or_twice(journal)


def numbered_without_gaps(journal: Sequence[Entry], state: HandoffState) -> None:
    assert [entry.seq for entry in journal] == list(range(1, state.seq + 1))
    assert len({entry.entry_id for entry in journal}) == len(journal)
    moments = [entry.at for entry in journal]
    assert moments == sorted(moments)


def proofs_come_from_entries(journal: Sequence[Entry], state: HandoffState) -> None:
    for clause, seq in state.proofs.items():
        assert clause in journal[seq - 1].clauses


def transferred_only_after_verification(journal: Sequence[Entry]) -> None:
    """A mail is transferred when it is begun: by then it must hold, and nothing calls it back."""
    until: datetime | None = None
    for entry in journal:
        if entry.kind in GIVES:
            said = entry.detail["expires_at"]
            until = datetime.fromisoformat(str(said)) if said else None
        elif entry.kind == "discrepancy.opened":
            until = None
        by_mail = entry.kind == "handoff.transferred"
        by_mail = by_mail and entry.detail["channel"] == "encrypted_email"
        if entry.kind == "mail.begun" or (entry.kind == "handoff.transferred" and not by_mail):
            assert until is not None
            assert entry.at < until


def custody_is_exactly_one_partys(journal: Sequence[Entry], state: HandoffState) -> None:
    opening, *rest = journal
    holder, since = opening.detail["custody"], opening.at
    for entry in rest:
        said = entry.detail
        if entry.kind == "custody.passed":
            assert (said["from_party"], said["held_since"]) == (holder, since.isoformat())
            holder, since = said["to_party"], entry.at
            assert said["why"] in {"assigned", "accept", "accept_in_part"}
        elif entry.kind == "custody.returned":
            assert (said["to_party"], said["held_since"]) == (holder, since.isoformat())
        elif entry.kind == "handoff.closed":
            assert said["custody"] == holder
    assert (state.custody, state.custody_since) == (holder, since)


def ended_by_what_happened(journal: Sequence[Entry], state: HandoffState) -> None:
    """Every offer has one end: it is acknowledged, or custody returns; and so the handoff."""
    ends = 0
    open_offer = False
    for entry in journal:
        if entry.kind == "handoff.transferred":
            assert not open_offer
            open_offer = True
        elif entry.kind == "custody.returned" or (
            entry.kind == "custody.passed" and entry.detail["why"] != "assigned"
        ):
            assert open_offer
            open_offer, ends = False, ends + 1
    kinds = [entry.kind for entry in journal]
    assert kinds.count("handoff.confirmed") == ends
    said = [e.detail["answer"] for e in journal if e.kind == "handoff.acknowledged"]
    if state.closed_as in {"accepted", "accepted_in_part"}:
        assert said[-1] in {"accept", "accept_in_part"}
        assert state.custody == state.receiving.party
    elif state.closed_as == "returned":
        assert "custody.returned" in kinds
        assert "accept" not in said
    elif state.closed_as == "withdrawn":
        assert "handoff.transferred" not in kinds
    assert not (open_offer and state.closed_as)


def nobody_approved_their_own_case(journal: Sequence[Entry], state: HandoffState) -> None:
    own = {state.opened_by}
    assignee: object = None
    receiver: object = None
    for entry in journal:
        if entry.kind == "handoff.opened":
            receiver = entry.detail["receiving_party"]
        elif entry.kind == "receiver.changed":
            receiver = entry.detail["to_party"]
        elif entry.kind == "handoff.assigned":
            assignee = entry.detail["to_assignee"]
        elif entry.kind == "discrepancy.decided":
            assert entry.actor.principal not in own | {assignee, receiver}
        helped = entry.kind in {*ONLY_HELPS, "custody.passed", "rung.fired"}
        if not helped:
            own.add(entry.actor.principal)


def no_rung_fired_early_or_twice(journal: Sequence[Entry]) -> None:
    fired = [entry for entry in journal if entry.kind == "rung.fired"]
    assert len({entry.detail["rung"] for entry in fired}) == len(fired)
    for entry in fired:
        assert entry.at >= datetime.fromisoformat(str(entry.detail["due_at"]))
