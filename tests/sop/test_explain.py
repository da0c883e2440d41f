"""A case told in plain language: a sentence for every kind of entry, and where the case stands."""

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sop.erased import ERASED_PARTICULARS
from sop.explain import Explanation, explain, told
from sop.models import CLOCK, Actor, Priority, Role
from sop.records import TimelineEntry
from sop.sentences import SENTENCES
from sop.standing import CaseKind, Standing
from sop.telling import LONGEST_QUOTATION, Telling
from tests.sop.builders import (
    ANNA,
    CONFIRMED,
    DAY,
    HOUR,
    LENA,
    MONDAY,
    REPORTED_AGAIN,
    Handled,
    opened,
    promised,
    resolved,
    shipped_policy,
)
from tests.sop.journals import standing_of, timeline

SOP = Path(__file__).parents[2] / "sop"
RECORDING = {"record", "_record"}
DESK = shipped_policy().desk


def explained(case: Handled) -> Explanation:
    state = case.case.state
    journal = timeline(state.case_id, case.journal)
    return explain(standing_of(case.case), journal, DESK, case.case.missing)


def sentences(case: Handled) -> list[str]:
    return [entry.sentence for entry in explained(case).entries]


def entry(kind: str, *, actor: Actor = ANNA, at: datetime = MONDAY, **detail: Any) -> TimelineEntry:
    return TimelineEntry(
        stream="handoff-4f1c2a77",
        seq=1,
        entry_id="step-1#0",
        at=at,
        actor=actor,
        kind=kind,
        detail=detail,
    )


def sentence(kind: str, *, actor: Actor = ANNA, at: datetime = MONDAY, **detail: Any) -> str:
    return told(entry(kind, actor=actor, at=at, **detail), DESK).sentence


def test_an_entry_whose_particulars_were_erased_is_told_by_its_kind() -> None:
    erased = entry("reception.attested").model_copy(update={"detail": dict(ERASED_PARTICULARS)})
    assert told(erased, DESK).sentence.endswith(
        "recorded: reception.attested; its particulars were erased."
    )


def kinds_in(module: Path) -> Iterator[tuple[str, set[str]]]:
    """Yield every call that records an entry, and the kinds that it may name."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    assigned: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, set()).update(texts(node.value))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in RECORDING and node.args:
            kind = node.args[0]
            named = assigned.get(kind.id, set()) if isinstance(kind, ast.Name) else texts(kind)
            yield f"{module.name}:{node.lineno}", named


def texts(node: ast.AST) -> set[str]:
    """Return the texts that an expression may be."""
    if isinstance(node, ast.IfExp):
        return texts(node.body) | texts(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


RECORDED = dict(call for module in sorted(SOP.rglob("*.py")) for call in kinds_in(module))


@pytest.mark.clause("INQ-4.5.1", "HOF-4.3.2")
def test_every_kind_of_entry_that_the_code_records_has_a_sentence() -> None:
    kinds = set[str]().union(*RECORDED.values())
    assert kinds >= {"inquiry.opened", "inquiry.recategorised", "page.sent", "handoff.closed"}
    assert kinds - SENTENCES.keys() == set()


def test_every_call_that_records_an_entry_names_its_kind() -> None:
    assert [where for where, kinds in RECORDED.items() if not kinds] == []


@pytest.mark.parametrize("kind", SENTENCES)
def test_a_sentence_bears_an_entry_without_any_detail_and_one_with_nonsense(kind: str) -> None:
    names = re.findall(r"[{?!](\w+)", SENTENCES[kind])
    for detail in ({}, dict.fromkeys(names, "{nonsense}"), dict.fromkeys(names, True)):
        said = sentence(kind, **detail)
        assert said.startswith("anna (representative) ")
        assert said.endswith((".", ".”"))
        assert not {"[", "]", "|"} & set(said)


def test_a_kind_without_a_sentence_is_told_by_its_name() -> None:
    assert sentence("parrot.fed_twice") == "anna (representative) recorded: parrot.fed twice."


@pytest.mark.clause("INQ-4.5.1")
def test_a_plain_case_reads_as_it_happened() -> None:
    case = resolved()
    case.pass_time(DAY)
    case.do(CONFIRMED)
    assert sentences(case) == [
        "anna (representative) opened the inquiry (phone); anna works on it.",
        "anna (representative) attested the reception: greeted with “Good morning, this is Anna of "
        "Example Company.”, key points “The invoice was charged twice.”",
        "anna (representative) categorised the inquiry as billing, priority standard.",
        "anna (representative) set the deadlines for escalating: unattended Wed 2026-11-25 09:00 "
        "CET.",
        "anna (representative) recorded the identity check (passport, account number): verified.",
        "anna (representative) resolved the inquiry: “The charge was paid back.”; responsible is "
        "anna; the customer was content at once.",
        "Handrail opened the contact after the resolution, attempt 1.",
        "anna (representative) contacted the customer after the resolution, attempt 1: confirmed, "
        "“All well.”, satisfaction 5 of 5.",
        "anna (representative) closed the inquiry as resolved.",
    ]
    said = explained(case)
    assert said.entries[0].local == "Mon 2026-11-23 09:00 CET"
    assert said.entries[0].entry == "inquiry-4f1c2a77#1"
    assert said.entries[0].clauses == ("INQ-2", "INQ-3.1")
    assert said.standing == (
        "The inquiry is closed as resolved since Tue 2026-11-24 09:00 CET.",
        "Nothing that closing asks for is missing.",
    )


def test_what_came_late_says_how_late() -> None:
    case = opened(category="complaint")
    case.do(promised(case.now + HOUR))
    case.pass_time_without_worker(15 * HOUR)
    case.worker_returns()
    said = sentences(case)
    assert (
        "Handrail found no answer at the promised time, Mon 2026-11-23 10:00 CET, and noticed it "
        "14h late: the case is unresolved." in said
    )
    assert (
        "Handrail escalated the case to the quality manager (complaint; cause: receipt), due "
        "Mon 2026-11-23 21:00 CET, 3h late." in said
    )


def test_an_answer_says_whether_the_promise_was_kept() -> None:
    said = [
        sentence("response.sent", text="Paid.", promise_kept=kept) for kept in (True, False, None)
    ]
    assert [line.removeprefix("anna (representative) answered the customer") for line in said] == [
        " as promised: “Paid.”",
        " after the promised time: “Paid.”",
        ": “Paid.”",
    ]


def test_what_an_entry_withdraws_is_said_with_it() -> None:
    case = resolved()
    case.do(REPORTED_AGAIN)
    (reopened,) = (line for line in sentences(case) if "opened the resolved case again" in line)
    assert reopened.endswith("With it falls the proof of INQ-4.4.1, INQ-4.4.2.")


def test_what_people_wrote_is_quoted_once_and_shortened() -> None:
    tricky = "{text} [?x|y]\n" + "long " * 100
    said = sentence("note.added", text=tricky)
    assert "“{text} [?x|y] long" in said
    assert len(said) < LONGEST_QUOTATION + 50


def test_a_moment_that_is_none_is_left_out() -> None:
    assert Telling({"at": "soon"}, DESK).fill("it came[ on {at:local}]") == "it came"


def test_an_open_case_says_its_stage_its_holder_its_deadline_and_what_is_missing() -> None:
    case = opened(category="complaint")
    assert explained(case).standing == (
        "The inquiry is open, at the stage categorised; anna holds it.",
        "The next deadline is Mon 2026-11-23 21:00 CET: complaint: to the quality manager.",
        "Still missing: INQ-4.3.1, INQ-4.3.2, INQ-4.4.1, INQ-4.4.2, INQ-4.5.2, INQ-4.6.1, "
        "INQ-4.6.2.",
    )
    assert "nobody holds it yet" in explained(opened(assignee=None)).standing[0]


def test_a_case_that_the_crm_does_not_have_yet_says_so() -> None:
    standing = Standing(case_id="inquiry-4f1c2a77", kind=CaseKind.INQUIRY)
    assert explain(standing, (), DESK, ()).standing == (
        "The CRM does not have the inquiry yet; it is safe in its workflow.",
    )


@pytest.mark.clause("INQ-6.1")
def test_an_escalation_says_who_has_taken_it_or_who_is_paged() -> None:
    case = opened(priority=Priority.URGENT)
    own = timeline(case.case.state.case_id, case.journal)
    page = entry("page.sent", actor=CLOCK, rung="urgent-1", role="team_leader", number=1)
    taken = entry("escalation.acknowledged", actor=LENA, rung="urgent-1", level=1)
    lost = entry("acknowledgement.expired", actor=CLOCK, rung="urgent-1", held_by="lena")
    over = entry("escalation.ended", actor=CLOCK, rung="urgent-1", because="needless")

    def stands(*more: TimelineEntry) -> tuple[str, ...]:
        said = explain(standing_of(case.case), (*own, *more), DESK, ()).standing
        return tuple(line for line in said if "escalation" in line)

    paged = "Nobody has taken the escalation urgent; the team leader is paged."
    assert stands(page) == (paged,)
    assert stands(page, taken) == ("lena has taken the escalation urgent.",)
    assert stands(page, taken, lost, page) == (paged,)
    assert stands(page, taken, over) == ()


@pytest.mark.clause("HOF-4.3.2")
def test_a_handoff_that_comes_back_reads_as_it_happened() -> None:
    ana = Actor(principal="ana", role=Role.CSR)
    clinic = Actor(principal="clinic", role=Role.RECEIVING_PARTY)
    said = [
        sentence(
            "handoff.opened", actor=ana, items=["file"], receiving_party="clinic", custody="ana"
        ),
        sentence("identity.checked", actor=ana, attempt=1, outcome="not_verified", forms_asked=[]),
        sentence(
            "discrepancy.decided", actor=LENA, number=1, approved=False, reason="Another face."
        ),
        sentence("channel.refused", actor=ana, channel="fax", report="r-1"),
        sentence(
            "handoff.transferred", actor=ana, to_party="clinic", channel="courier", carrier="dhl",
            tracking_number="123", acknowledge_by="2026-11-24T08:00:00+00:00",
        ),
        sentence("handoff.acknowledged", actor=clinic, answer="accept_in_part", missing=["file"]),
        sentence(
            "custody.returned", actor=CLOCK, offered_to="clinic", to_party="ana",
            why="unacknowledged",
        ),
    ]  # fmt: skip
    assert said == [
        "ana (representative) opened the handoff of file to clinic; ana has custody.",
        "ana (representative) checked the customer's identity, attempt 1: not verified.",
        "lena (team leader) rejected discrepancy 1: “Another face.”",
        "ana (representative) tried to transfer over fax, which is no approved channel; it was "
        "refused and reported as r-1.",
        "ana (representative) transferred the handoff to clinic over courier, dhl 123; to be "
        "acknowledged by Tue 2026-11-24 09:00 CET.",
        "clinic (receiving party) answered the offer: accept in part; missing: file.",
        "Handrail found the offer to clinic unacknowledged; custody stays with ana.",
    ]


def test_a_handoff_says_who_has_custody() -> None:
    standing = Standing(
        case_id="handoff-4f1c2a77", kind=CaseKind.HANDOFF, stage="offered", custody="ana"
    )
    said = explain(standing, (), DESK, ("HOF-4.2.5",)).standing
    assert said == (
        "The handoff is open, at the stage offered; nobody holds it yet.",
        "It waits for no deadline.",
        "Custody is with ana.",
        "Still missing: HOF-4.2.5.",
    )
