"""Whose handoffs a caller sees and acts on: a receiving party has its own ones only."""

import pytest

from runtime.case_errors import UnknownCaseError
from sop import messages as m
from sop.access import PERMITTED
from sop.handoff import messages as h
from sop.handoff.models import Answer
from sop.identity import Form, FormResult
from sop.models import Actor, Role
from tests.api.callers import Caller, Callers
from tests.api.handing import (
    ACCEPTED,
    HANDOFFS,
    NOTICE,
    OVER_CRM,
    REASON,
    RECEIVING,
    SHARED,
    STEPS,
    do,
    handoff,
    kinds,
    offered,
    open_handoff,
    page,
    prepare,
    read,
    report,
)
from tests.api.handing import (
    PARTS as ALL_PARTS,
)
from tests.api.test_problems import UNKNOWN, is_problem
from tests.desk import Desk

PARTS = [part for part in ALL_PARTS if part != "escalations"]
NOBODYS = "handoff-00000000000000000000"
CALLERS = [role for role in Role if role is not Role.SYSTEM]
FORMS = [
    {"form": "passport", "value": "C01X0006H"},
    {"form": "account_number", "value": "DE02120300000000202051"},
]
THEIRS = {**RECEIVING, "party": "archive", "name": "The archive"}


@pytest.mark.clause("HOF-3.3", "HOF-5.3")
async def test_a_receiving_party_sees_its_own_handoffs_and_no_others(on_both: Callers) -> None:
    party = await on_both.of(Role.RECEIVING_PARTY)
    mine = await offered(on_both, "mine to receive")
    theirs = await offered(on_both, "theirs to receive", receiving=THEIRS)
    for part in PARTS:
        assert (await party.get(page(mine, part))).status_code == 200, part
        for case_id in (theirs, NOBODYS):
            is_problem(await party.get(page(case_id, part)), "case-not-found")
    listed = (await party.get(HANDOFFS, limit=200)).json()["handoffs"]
    assert {each["receiving_party"] for each in listed} == {"receiving_party"}
    assert mine in {each["case_id"] for each in listed}
    asked = await party.get(HANDOFFS, receiving_party="archive")
    assert asked.json()["handoffs"] == []


@pytest.mark.clause("HOF-3.3", "HOF-5.3")
async def test_a_receiving_party_answers_its_own_offer_and_no_other(callers: Callers) -> None:
    party = await callers.of(Role.RECEIVING_PARTY)
    archive = await callers.person("archive", Role.RECEIVING_PARTY)
    theirs = await offered(callers, "theirs to answer", receiving=THEIRS)
    for case_id in (theirs, NOBODYS):
        is_problem(await report(party, case_id, "acknowledgement", ACCEPTED), "case-not-found")
    assert (await do(archive, theirs, "acknowledgement", ACCEPTED))["stage"] == "closed"
    for part in PARTS:
        assert (await archive.get(page(theirs, part))).status_code == 200, part
    closed = await report(party, theirs, "acknowledgement", ACCEPTED)
    is_problem(closed, "case-not-found")


@pytest.mark.clause("HOF-3.3")
async def test_only_the_receiving_party_acknowledges_whatever_the_role(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await offered(callers, "not mine")
    refused = await report(ana, case_id, "acknowledgement", ACCEPTED)
    is_problem(refused, "not-allowed", clause="HOF-3.3")


@pytest.mark.clause("HOF-3.3", "HOF-5.3")
async def test_the_workflow_holds_receiving_parties_to_their_own_handoffs_too(
    callers: Callers, desk: Desk
) -> None:
    ana = await callers.of(Role.CSR)
    await callers.person("archive", Role.RECEIVING_PARTY)
    case_id = await offered(callers, "in the workflow")
    inquiry_id = await ana.open("no receiving party's")
    stranger = Actor(principal="archive", role=Role.RECEIVING_PARTY)
    forms = (
        FormResult(form=Form.PASSPORT, matched=True),
        FormResult(form=Form.ACCOUNT_NUMBER, matched=True),
    )
    check = m.Identify(actor=stranger, forms=forms)
    answer = h.AnswerOffer(actor=stranger, answer=Answer.ACCEPT)
    for where, step in ((case_id, answer), (case_id, check), (inquiry_id, check)):
        with pytest.raises(UnknownCaseError):
            await desk.cases.step(where, step, key=None)


@pytest.mark.clause("HOF-5.3")
async def test_a_receiving_party_identifies_in_its_own_handoffs_only(callers: Callers) -> None:
    ana, party = await callers.of(Role.CSR), await callers.of(Role.RECEIVING_PARTY)
    theirs = await open_handoff(ana, "theirs to identify", receiving=THEIRS)
    inquiry_id = await ana.open("not theirs to identify")
    for case_id in (theirs, inquiry_id, NOBODYS):
        body = {"case_id": case_id, "forms": FORMS}
        answer = await party.post("/v1/customers/c-1/identifications", body, f"in {case_id}")
        is_problem(answer, "case-not-found")


@pytest.mark.clause("HOF-3.3", "HOF-4.2.4", "HOF-5.3")
async def test_for_a_receiving_party_a_handoff_begins_with_its_offer_and_ends_with_its_return(
    on_both: Callers,
) -> None:
    ana, party = await on_both.of(Role.CSR), await on_both.of(Role.RECEIVING_PARTY)
    archive = await on_both.person("archive", Role.RECEIVING_PARTY)
    case_id = await open_handoff(ana, "begins and ends")

    async def exists_for(caller: Caller) -> bool:
        answers = {(await caller.get(page(case_id, part))).status_code for part in PARTS}
        assert answers in ({200}, {404})
        listed = (await caller.get(HANDOFFS, limit=200)).json()["handoffs"]
        assert (case_id in {each["case_id"] for each in listed}) == (answers == {200})
        return answers == {200}

    assert not await exists_for(party)
    body = {"case_id": case_id, "forms": FORMS}
    early = await party.post("/v1/customers/c-1/identifications", body, "before the offer")
    is_problem(early, "case-not-found")
    await prepare(on_both, case_id)
    assert not await exists_for(party)
    await do(ana, case_id, "transfer", OVER_CRM)
    assert await exists_for(party)
    refusal = {"answer": "refuse", "reason": "Not for us."}
    await do(party, case_id, "acknowledgement", refusal)
    assert not await exists_for(party)
    await do(ana, case_id, "receiving-party", {"receiving": THEIRS, **REASON})
    assert not await exists_for(archive)
    await do(ana, case_id, "transfer", {**OVER_CRM, **NOTICE})
    assert (await exists_for(archive), await exists_for(party)) == (True, False)
    await do(archive, case_id, "acknowledgement", ACCEPTED)
    assert (await exists_for(archive), await exists_for(party)) == (True, False)


@pytest.mark.clause("HOF-5.3")
async def test_no_inquiry_is_open_to_a_receiving_party(callers: Callers) -> None:
    ana, party = await callers.of(Role.CSR), await callers.of(Role.RECEIVING_PARTY)
    case_id = await ana.open("of no receiving party")
    for path in (f"/v1/inquiries/{case_id}", UNKNOWN, "/v1/inquiries", "/v1/tasks"):
        is_problem(await party.get(path), "not-allowed")
    inside = {**handoff(inquiry_id=case_id)}
    is_problem(await party.post(HANDOFFS, inside, "by a party"), "not-allowed")


@pytest.mark.clause("HOF-3.3", "HOF-5.3")
async def test_a_receiving_party_learns_nothing_of_notes_escalations_and_parties_before_it(
    callers: Callers,
) -> None:
    ana, party = await callers.of(Role.CSR), await callers.of(Role.RECEIVING_PARTY)
    archive = await callers.person("archive", Role.RECEIVING_PARTY)
    case_id = await offered(callers, "for its eyes")
    await do(party, case_id, "acknowledgement", {"answer": "refuse", "reason": "Not for us."})
    await do(ana, case_id, "notes", {"text": "For the desk's own eyes."})
    await do(ana, case_id, "receiving-party", {"receiving": THEIRS, **REASON})
    await do(ana, case_id, "transfer", {**OVER_CRM, **NOTICE})
    assert {"note.added", "handoff.acknowledged"} <= set(await kinds(ana, case_id))
    shown = [(await archive.get(page(case_id, part))).text for part in PARTS]
    for own in ("Not for us.", "own eyes", "note.added", "escalation.", "custody.returned"):
        assert not [text for text in shown if own in text], own
    for each in (case_id, NOBODYS):
        is_problem(await archive.get(page(each, "escalations")), "not-allowed")
    assert await read(archive, case_id, "confirmations") == {"confirmations": []}


@pytest.mark.clause("HOF-3.3")
async def test_a_receiving_party_sees_the_level_of_the_identity_and_not_the_evidence(
    callers: Callers,
) -> None:
    ana, party = await callers.of(Role.CSR), await callers.of(Role.RECEIVING_PARTY)
    case_id = await offered(callers, "level, not evidence")

    async def check_of(path: str) -> dict[str, object]:
        entries = (await (party if path == "party" else ana).get(page(case_id, "timeline"))).json()
        (check,) = (e for e in entries["entries"] if e["kind"] == "identity.checked")
        return dict(check["detail"])

    assert (await check_of("ana"))["forms_asked"] == ["passport", "account_number"]
    shown = await check_of("party")
    assert (shown["outcome"], shown["level"]) == ("verified", "standard")
    assert "forms_asked" not in shown
    assert "passport" not in (await party.get(page(case_id, "brief"))).text


@pytest.mark.clause("HOF-3.1", "HOF-3.2", "HOF-3.3", "HOF-5.3")
@pytest.mark.parametrize("role", CALLERS)
async def test_each_role_may_do_in_handoffs_what_the_table_says_and_nothing_else(
    callers: Callers, role: Role
) -> None:
    caller = await callers.of(role)
    for action, (step, body) in {**STEPS, **SHARED}.items():
        answer = await report(caller, NOBODYS, step, body)
        is_problem(answer, "case-not-found" if role in PERMITTED[action] else "not-allowed")
    reads = await caller.get(HANDOFFS)
    assert (reads.status_code == 200) == (role in PERMITTED["read_handoff"])
    for part in ALL_PARTS:
        answer = await caller.get(page(NOBODYS, part))
        action = {"escalations": "read_escalations", "brief": "read_brief"}.get(
            part.removesuffix(".html"), "read_handoff"
        )
        may = role in PERMITTED[action]
        is_problem(answer, "case-not-found" if may else "not-allowed")
    body = handoff(receiving=THEIRS)
    opens = await caller.post(HANDOFFS, body, f"handoff by {role}")
    assert (opens.status_code == 202) == (role in PERMITTED["open_handoff"])


@pytest.mark.clause("HOF-5.3", "HOF-7.1", "HOF-7.3")
@pytest.mark.parametrize("role", CALLERS)
async def test_the_verification_log_and_the_reports_are_for_supervisors_and_auditors(
    callers: Callers, role: Role
) -> None:
    case_id = await offered(callers, f"registers for {role}")
    caller = await callers.of(role)
    officers = {Role.AUDITOR, Role.PRIVACY_OFFICER}
    supervisors = {Role.TEAM_LEADER, Role.QUALITY_MANAGER, Role.DUTY_MANAGER} | officers
    for part in ("verifications", "reports"):
        if role in supervisors:
            assert len((await read(caller, case_id, part))[part]) == (part == "verifications")
            is_problem(await caller.get(page(NOBODYS, part)), "case-not-found")
        else:
            is_problem(await caller.get(page(case_id, part)), "not-allowed")
