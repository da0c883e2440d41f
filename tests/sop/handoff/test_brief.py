"""The brief that is made from a handoff, and what it says as text (HOF-4.2.2)."""

from typing import Any

import pytest

from sop.handoff.brief import for_receiver, make_brief, without_evidence
from sop.handoff.brief_models import Brief
from sop.handoff.brief_text import brief_text
from sop.handoff.records import HandoffDetail
from sop.models import CaseRecord, ClosedAs
from sop.records import CaseDetail
from tests.sop.builders import GENERAL_ANSWER, HOUR, MONDAY, Handled, opened, promised
from tests.sop.handoff.builders import (
    APPROVED,
    BRIEFED,
    CHANGED,
    CONFIRMED,
    HANDOFF_ID,
    IDENTIFIED,
    IN_PART,
    NOTED,
    NOTICED,
    PREPARED,
    REFUSED,
    REJECTED,
    SENT,
    TOLD,
    WITHDRAWN,
    HandedOver,
    came_back,
    handed,
    offered,
    shipped_handoff_policy,
)
from tests.sop.journals import timeline

DESK = shipped_handoff_policy().desk
pytestmark = pytest.mark.clause("HOF-4.2.2")


def shown(handed_over: HandedOver) -> HandoffDetail:
    """Return a handoff as the CRM shows it."""
    moments = {"opened_at": MONDAY, "updated_at": handed_over.now}
    customer = handed_over.state.customer
    return HandoffDetail.model_validate(
        {**dict(handed_over.case.row()), **moments, "customer": customer}
    )


def brief_of(handed_over: HandedOver, **more: Any) -> Brief:
    """Return the brief of a handoff as it stands."""
    entries = timeline(HANDOFF_ID, handed_over.state.pending.entries)
    return make_brief(shown(handed_over), entries, DESK, **more)


def test_a_brief_of_nothing_done_says_all_that_is_open() -> None:
    brief = brief_of(handed())
    assert (brief.identity, brief.complete, brief.summary) == ("not verified", False, None)
    assert brief.open == (
        "The customer is not identified yet.",
        "The signed claim.: not confirmed yet.",
        "The blocked card.: not confirmed yet.",
        "The representative's summary is missing.",
        "The customer has not been told of the handoff yet.",
    )


def test_each_step_closes_what_it_is_about() -> None:
    left = [len(brief_of(handed(IDENTIFIED, *done)).open) for done in (
        (), (CONFIRMED,), (CONFIRMED, BRIEFED), (CONFIRMED, BRIEFED, TOLD),
    )]  # fmt: skip
    assert left == [4, 2, 1, 0]
    assert brief_of(offered()).open == ("Workshop North has not acknowledged it yet.",)


def test_a_stopped_handoff_says_that_a_supervisor_decides() -> None:
    brief = brief_of(handed(NOTICED))
    assert brief.identity == "not verified: a supervisor decides"
    assert brief.open[0] == "A supervisor has not decided yet about the customer's identity."
    assert brief_of(handed(NOTICED, REJECTED)).identity == "not verified"


@pytest.mark.clause("HOF-3.3")
def test_the_evidence_stays_out_of_the_brief() -> None:
    brief = brief_of(handed(IDENTIFIED)), brief_of(handed(NOTICED, APPROVED, CONFIRMED))
    said = " ".join(line.what for each in brief for line in each.done)
    assert "checked the customer's identity" in said
    assert "went on with the approval of lena" in said
    for evidence in ("passport", "account", "noticed", "Known in person"):
        assert evidence not in said


@pytest.mark.clause("HOF-3.3")
def test_what_is_no_evidence_is_shown_as_it_is() -> None:
    entries = timeline(HANDOFF_ID, offered().state.pending.entries)
    changed = [entry.kind for entry in entries if without_evidence(entry) != entry]
    assert changed == ["identity.checked"]


@pytest.mark.clause("HOF-3.3", "HOF-5.3")
def test_a_receiving_party_sees_nothing_of_the_desks_own_nor_of_a_party_before_it() -> None:
    case = handed(IDENTIFIED, *PREPARED, SENT, NOTED, REFUSED, NOTED, CHANGED, TOLD, SENT)
    entries = timeline(HANDOFF_ID, case.state.pending.entries)
    kinds = [entry.kind for entry in for_receiver(entries)]
    assert kinds == [
        "handoff.opened", "identity.checked", "items.confirmed", "customer.told", "customer.told",
        "handoff.transferred",
    ]  # fmt: skip
    assert {entry.detail.get("to_party") for entry in for_receiver(entries)} == {None, "ron"}
    assert REFUSED.reason is not None
    assert REFUSED.reason not in brief_of(case).model_dump_json()


def test_what_did_not_arrive_stays_open_after_the_end() -> None:
    brief = brief_of(handed(IDENTIFIED, *PREPARED, SENT, IN_PART))
    assert [item.state for item in brief.items] == ["confirmed", "missing"]
    assert brief.open == ("The blocked card.: did not arrive, and is with anna.",)
    assert brief.custody == "rita"
    assert brief.deadlines == ()


def test_what_came_back_is_open_and_an_end_leaves_nothing() -> None:
    brief = brief_of(came_back())
    assert brief.open == ("It came back to anna; what happens next is not decided.",)
    assert brief_of(handed(WITHDRAWN)).open == ()


def test_an_offer_says_by_when_it_is_acknowledged() -> None:
    handed_over = offered()
    by = {each.what: each.at for each in brief_of(handed_over).deadlines}
    assert by["acknowledge the handoff, or it goes back"] == handed_over.offer.return_at
    assert "the customer's identity expires" in by
    assert list(by.values()) == sorted(by.values())


def inquiry_of(worked: Handled) -> CaseDetail:
    """Return an inquiry as the CRM shows it."""
    row: CaseRecord = worked.case.row()
    return CaseDetail.model_validate(
        {
            **dict(row),
            "opened_at": MONDAY,
            "updated_at": worked.now,
            "subject": "Charged twice",
            "text": "My card was charged twice.",
            "customer": worked.case.state.customer,
        }
    )


def test_each_promise_of_the_inquiry_says_what_became_of_it() -> None:
    worked = opened()

    def promise(hours: int) -> None:
        worked.do(promised(worked.now + hours * HOUR, f"desk {hours}"))

    promise(2)
    worked.do(GENERAL_ANSWER)
    promise(3)
    promise(4)
    worked.pass_time(5 * HOUR)
    promise(9)
    worked.do(GENERAL_ANSWER)
    promise(10)
    entries = timeline("inquiry-4f1c2a77", worked.journal)
    brief = brief_of(handed(), inquiry=inquiry_of(worked), before=entries)
    assert brief.inquiry is not None
    assert [(each.contact, each.state) for each in brief.inquiry.promises] == [
        ("desk 2", "kept"), ("desk 3", "replaced"), ("desk 4", "broken"), ("desk 9", "kept"),
        ("desk 10", "open"),
    ]  # fmt: skip
    assert "an answer is promised to the customer (desk 10)" in {d.what for d in brief.deadlines}
    assert brief.open[-1].endswith("is not resolved yet.")


def test_an_inquiry_that_is_over_is_not_open() -> None:
    over = inquiry_of(opened()).model_copy(
        update={"stage": "closed", "closed_as": ClosedAs.WITHDRAWN}
    )
    assert "is not resolved" not in " ".join(brief_of(handed(), inquiry=over).open)


def test_the_text_has_every_part_and_cannot_steer_a_terminal() -> None:
    handed_over = offered(text="Please\n\x1b[2J look\x07 into \x9b31m my card.\ttoday")
    said = brief_text(brief_of(handed_over), DESK)
    for heading in ("Summary", "Asked", "Items", "Open", "Deadlines", "Done"):
        assert f"\n{heading}\n  " in said, heading
    assert "  Please\n" in said
    assert "file: The signed claim. (confirmed)" in said
    assert not {"\x1b", "\x07", "\x9b"} & set(said)
    assert "\N{REPLACEMENT CHARACTER}[2J look" in said
