"""What a case proves: each clause with its entry, or why there is none."""

from typing import Any

import pytest

from sop import messages as m
from sop.certificate import Certificate, CertificateLine, LineStatus, certify
from sop.certificate_rules import HANDOFF, INQUIRY, RULES, Rules
from sop.clauses import CLAUSES
from sop.models import Actor, Priority, Reception, Role
from sop.proofs import proofs_of
from sop.records import TimelineEntry
from sop.standing import CaseKind, Standing, kind_of
from tests.sop.builders import (
    ANNA,
    ATTESTED,
    CONFIRMED,
    DAY,
    DUPLICATE,
    HOUR,
    MONDAY,
    NOT_VERIFIED,
    RECEPTION,
    REPORTED_AGAIN,
    RESOLVED,
    SENT_OFF,
    VERIFIED,
    WITHDRAWN,
    Handled,
    corrected,
    opened,
    promised,
    resolved,
)
from tests.sop.journals import standing_of, timeline

LENA = Actor(principal="lena", role=Role.TEAM_LEADER)
HANDOFF_ID = "handoff-4f1c2a77"


def certificate(case: Handled) -> Certificate:
    state = case.case.state
    return certify(standing_of(case.case), timeline(state.case_id, case.journal), INQUIRY)


def line(said: Certificate, clause: str) -> CertificateLine:
    (found,) = (line for line in said.lines if line.clause == clause)
    return found


def status(said: Certificate, clause: str) -> tuple[str, str]:
    found = line(said, clause)
    return found.status.value, found.note


def proved(said: Certificate) -> dict[str, str | None]:
    return {line.clause: line.entry for line in said.lines if line.status == LineStatus.PROVED}


def confirmed() -> Handled:
    case = resolved()
    case.pass_time(DAY)
    case.do(CONFIRMED)
    return case


@pytest.mark.clause("INQ-4.5.1")
def test_a_closed_case_names_who_when_and_which_entry_of_each_clause_that_gates_closing() -> None:
    case = confirmed()
    said = certificate(case)
    assert (said.case_id, said.kind, said.policy_version) == (
        "inquiry-4f1c2a77",
        CaseKind.INQUIRY,
        "2026.1",
    )
    assert (said.complete, said.missing, said.as_of) == (True, (), case.now)
    resolution = case.entry("inquiry.resolved")
    found = line(said, "INQ-4.4.1")
    assert (found.by, found.role, found.at) == ("anna", Role.CSR, resolution.at)
    assert found.entry == f"inquiry-4f1c2a77#{resolution.seq}"
    assert set(INQUIRY.gating) <= proved(said).keys()


def test_every_clause_of_the_procedure_is_listed_once_in_the_catalogues_order() -> None:
    said = [line.clause for line in certificate(confirmed()).lines]
    assert said == [clause for clause in CLAUSES if clause.startswith("INQ")]


def test_each_line_says_the_clause_in_words_and_how_it_is_met() -> None:
    for found in certificate(confirmed()).lines:
        known = CLAUSES[found.clause]
        assert (found.summary, found.met_as) == (known.summary, known.met_as)


def test_a_line_without_a_proof_says_why() -> None:
    for case in (confirmed(), opened(category=None, reception=None)):
        for found in certificate(case).lines:
            assert found.note or found.status in {LineStatus.PROVED, LineStatus.MISSING}


def test_a_new_case_misses_what_stands_before_closing() -> None:
    case = opened()
    said = certificate(case)
    assert not said.complete
    assert said.missing == case.case.missing
    missing = [line.clause for line in said.lines if line.status == LineStatus.MISSING]
    assert missing == list(case.case.missing)
    assert status(said, "INQ-4.4.2") == ("missing", "Or INQ-4.4.3.")


def test_a_promise_stands_in_for_the_customers_confirmation_at_once() -> None:
    case = opened()
    case.do(VERIFIED, promised(case.now + HOUR), SENT_OFF)
    said = certificate(case)
    assert status(said, "INQ-4.4.2") == ("not_applicable", "INQ-4.4.3 holds instead.")
    assert "INQ-4.4.2" not in said.missing


def test_what_was_never_due_is_not_applicable() -> None:
    said = certificate(confirmed())
    for clause in ("INQ-4.4.4", "INQ-6.1", "INQ-6.2", "INQ-6.3"):
        assert line(said, clause).status == LineStatus.NOT_APPLICABLE
        assert "No rung was due" in line(said, clause).note


@pytest.mark.clause("INQ-6.1")
def test_a_rung_that_fired_proves_its_clause_and_says_how_late_it_was() -> None:
    on_time = certificate(opened(priority=Priority.URGENT))
    assert status(on_time, "INQ-6.1") == ("proved", "On time.")
    late = certificate(opened(priority=Priority.URGENT, worker_away=3 * HOUR))
    assert status(late, "INQ-6.1") == ("proved", "3h late.")
    assert line(late, "INQ-6.1").by == "handrail"


def test_what_a_check_meets_in_every_case_is_told_apart_from_what_an_entry_proves() -> None:
    found = line(certificate(confirmed()), "INQ-5.1")
    assert (found.status, found.entry) == (LineStatus.BY_CONSTRUCTION, None)
    assert "2026.1" in found.note
    assert line(certificate(confirmed()), "INQ-8.1").status == LineStatus.OPEN


@pytest.mark.parametrize(("step", "word"), [(WITHDRAWN, "withdrawn"), (DUPLICATE, "duplicate")])
def test_a_case_that_was_given_up_misses_nothing(step: m.Command, word: str) -> None:
    case = opened()
    case.do(step)
    said = certificate(case)
    assert (said.complete, said.missing) == (True, ())
    assert status(said, "INQ-4.4.1") == ("not_applicable", f"The case was closed as {word}.")
    assert line(said, "INQ-4.1.1").status == LineStatus.PROVED


def test_reopening_withdraws_what_the_resolution_proved() -> None:
    case = resolved()
    resolution = case.entry("inquiry.resolved")
    case.do(REPORTED_AGAIN)
    said = certificate(case)
    found = line(said, "INQ-4.4.1")
    reopened = case.entry("inquiry.reopened")
    assert (found.status, found.entry) == ("withdrawn", f"inquiry-4f1c2a77#{reopened.seq}")
    assert found.note == (
        f"Its proof inquiry-4f1c2a77#{resolution.seq} fell with this entry: inquiry reopened."
    )
    assert (said.complete, said.missing) == (False, case.case.missing)
    case.do(RESOLVED)
    assert proved(certificate(case)).keys() == case.case.state.proofs.keys()


def test_an_identity_check_that_fails_later_withdraws_the_one_that_succeeded() -> None:
    case = opened()
    case.do(VERIFIED, NOT_VERIFIED)
    assert line(certificate(case), "INQ-4.3.2").status == LineStatus.WITHDRAWN


def test_general_information_stays_exempt_when_an_identity_check_fails() -> None:
    case = opened(general_information=True)
    case.do(NOT_VERIFIED)
    assert line(certificate(case), "INQ-4.3.2").status == LineStatus.PROVED
    case.do(corrected("billing"))
    assert line(certificate(case), "INQ-4.3.2").status == LineStatus.WITHDRAWN
    assert line(certificate(case), "INQ-4.3.1").status == LineStatus.PROVED


def test_an_exemption_that_ends_withdraws_both_proofs_where_nobody_was_asked() -> None:
    case = opened(general_information=True)
    case.do(corrected("billing"))
    said = certificate(case)
    assert {line(said, c).status for c in ("INQ-4.3.1", "INQ-4.3.2")} == {LineStatus.WITHDRAWN}


def test_a_reception_attested_anew_withdraws_what_it_does_not_bear() -> None:
    case = opened()
    rude = Reception.model_validate({**dict(RECEPTION), "courteous": False})
    case.do(m.RecordReception(actor=ANNA, reception=rude))
    said = certificate(case)
    assert line(said, "INQ-5.3").status == LineStatus.WITHDRAWN
    assert line(said, "INQ-4.1.2").status == LineStatus.PROVED
    case.do(ATTESTED)
    assert line(certificate(case), "INQ-5.3").status == LineStatus.PROVED


def test_what_an_entry_says_it_withdraws_falls_before_its_own_clauses_count() -> None:
    journal = (
        entry(1, "handoff.opened", "HOF-2"),
        entry(2, "identity.checked", "HOF-4.1.2", "HOF-4.1.3"),
        entry(3, "identity.checked", "HOF-4.1.3", withdraws=["HOF-4.1.2", "HOF-4.1.3"]),
    )
    proofs = proofs_of(HANDOFF_ID, journal)
    assert {clause: proof.seq for clause, proof in proofs.holding.items()} == {
        "HOF-2": 1,
        "HOF-4.1.3": 3,
    }
    assert proofs.fallen["HOF-4.1.2"].by.seq == 3


def test_what_an_escalation_writes_proves_nothing_in_its_case() -> None:
    case = opened()
    page = timeline("escalation-inquiry-4f1c2a77-urgent-1", (entry(1, "page.sent", "INQ-6.1"),))
    own = timeline(case.case.state.case_id, case.journal)
    said = certify(standing_of(case.case), (*own, *page), INQUIRY)
    assert line(said, "INQ-6.1").status == LineStatus.NOT_APPLICABLE


def test_a_case_that_the_crm_does_not_have_yet_proves_nothing() -> None:
    standing = Standing(case_id="inquiry-4f1c2a77", kind=CaseKind.INQUIRY)
    said = certify(standing, (), INQUIRY)
    assert (said.as_of, said.complete, said.missing) == (None, False, INQUIRY.gating)
    assert proved(said) == {}


def entry(seq: int, kind: str, *clauses: str, **detail: Any) -> TimelineEntry:
    return TimelineEntry(
        stream=HANDOFF_ID,
        seq=seq,
        entry_id=f"step-{seq}#0",
        at=MONDAY,
        actor=LENA,
        kind=kind,
        clauses=clauses,
        detail=detail,
    )


@pytest.mark.clause("HOF-4.3.2")
def test_a_handoff_lists_every_clause_of_its_procedure_and_what_gates_its_end() -> None:
    standing = Standing(case_id=HANDOFF_ID, kind=CaseKind.HANDOFF, policy_version="2026.1")
    rules = Rules(concerns=HANDOFF.concerns, gating=("HOF-4.1.2", "HOF-4.2.5"))
    said = certify(standing, (entry(1, "identity.checked", "HOF-4.1.2"),), rules)
    assert [line.clause for line in said.lines] == [c for c in CLAUSES if c.startswith("HOF")]
    assert (said.missing, line(said, "HOF-4.1.2").by) == (("HOF-4.2.5",), "lena")


@pytest.mark.clause("HOF-4.1.4")
def test_a_discrepancy_asks_for_a_supervisors_decision_and_none_is_missed_without_one() -> None:
    standing = Standing(case_id=HANDOFF_ID, kind=CaseKind.HANDOFF)
    found = entry(1, "discrepancy.opened")
    without, asked = certify(standing, (), HANDOFF), certify(standing, (found,), HANDOFF)
    assert status(without, "HOF-4.1.4") == ("not_applicable", "No discrepancy was found.")
    assert status(asked, "HOF-4.1.4") == ("missing", "")
    decided = entry(2, "discrepancy.decided", "HOF-3.2", "HOF-4.1.4")
    said = certify(standing, (found, decided), HANDOFF)
    assert "HOF-4.1.4" not in said.missing


def test_an_incident_lists_the_clauses_of_breaches_and_what_its_entries_bear() -> None:
    case_id = "incident-4f1c2a77"
    standing = Standing(case_id=case_id, kind=CaseKind.INCIDENT)
    journal = timeline(case_id, (entry(1, "incident.opened", "HOF-5.2"),))
    said = certify(standing, journal, RULES[CaseKind.INCIDENT])
    assert [line.clause for line in said.lines] == [
        *("HOF-3.2", "HOF-4.3.2", "HOF-5.2", "HOF-6.3", "HOF-7.3", "HOF-8")
    ]


@pytest.mark.clause("HOF-6.3")
def test_what_is_done_about_a_breach_proves_it_settled_only_once_the_incident_is_closed() -> None:
    case_id = "incident-4f1c2a77"
    standing = Standing(case_id=case_id, kind=CaseKind.INCIDENT)
    begun = (entry(1, "incident.opened", "HOF-6.3"), entry(2, "action.added", "HOF-6.3"))
    ended = (*begun, entry(3, "incident.closed", "HOF-6.3"))
    said, done = (
        certify(standing, timeline(case_id, journal), RULES[CaseKind.INCIDENT])
        for journal in (begun, ended)
    )
    assert (said.missing, line(said, "HOF-6.3").status) == (("HOF-6.3",), LineStatus.MISSING)
    assert (done.missing, line(done, "HOF-6.3").entry) == ((), f"{case_id}#3")


@pytest.mark.parametrize(
    ("case_id", "kind"),
    [
        ("inquiry-1", CaseKind.INQUIRY),
        ("handoff-1", CaseKind.HANDOFF),
        ("incident-1", CaseKind.INCIDENT),
        ("escalation-inquiry-1-urgent-1", None),
        ("inquiry", None),
        ("inquiry-", None),
        ("", None),
    ],
)
def test_the_id_says_which_procedure_a_case_follows(case_id: str, kind: CaseKind | None) -> None:
    assert kind_of(case_id) == kind
