"""Identity checks as callers make them: one answer for every failure, and no value anywhere."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection, select

from adapters.identity_tables import identity_attempts
from adapters.schema import metadata
from sop.handoff.models import HandoffStage
from sop.models import Role
from tests.api.callers import Caller, Callers
from tests.api.handing import CHECKED, do, open_handoff, report
from tests.api.test_problems import UNKNOWN, is_problem
from tests.desk import ANNA, Desk, eventually
from tests.handoffs import a_handoff

PASSPORT, ACCOUNT, ANSWER, AMOUNT, DAY = (
    "C01X0006H", "DE02120300000000202051", "Quillfeather", 424_242, "2026-11-19",
)  # fmt: skip
CANARIES = (PASSPORT, ACCOUNT, ANSWER, str(AMOUNT), DAY, "X99999999")
RIGHT = [
    {"form": "passport", "value": "c01x 0006h"},
    {"form": "account_number", "value": "DE02 1203 0000 0000 2020 51"},
]
QUESTION = {"form": "security_question", "value": " QUILLFEATHER "}
PAID = {"form": "recent_transaction", "value": {"amount": AMOUNT, "on": DAY}}
WRONG = {"form": "passport", "value": "X99999999"}
ENDING = {"expires_at": "2100-01-01T00:00:00Z"}
PARTS = ["timeline", "certificate", "explanation", "verifications", "reports", "escalations"]
ATTESTED = {"need_explained": True, "confidentiality_assured": True}
ANSWERED = {"case_id", "verification", "recorded", "seq", "next_deadline", "next_deadline_what"}


async def on_record(callers: Callers, customer_id: str) -> None:
    """Store what a customer is compared with."""
    service = await callers.of(Role.SERVICE)
    forms = [*RIGHT, QUESTION, {**PAID, **ENDING}]
    answer = await service.put(f"/v1/customers/{customer_id}/identity-record", {"forms": forms})
    assert answer.status_code == 200, answer.text


async def a_case(callers: Callers, name: str, customer_id: str) -> str:
    """Open a customer's inquiry; return its id."""
    ana = await callers.of(Role.CSR)
    case_id = await ana.open(name, customer={"customer_id": customer_id})
    await reaches_the_crm(ana, f"/v1/inquiries/{case_id}")
    return case_id


async def a_handoff_of(callers: Callers, customer_id: str) -> str:
    """Open a customer's handoff; return its id."""
    ana = await callers.of(Role.CSR)
    case_id = await open_handoff(ana, customer_id, customer={"customer_id": customer_id})
    await reaches_the_crm(ana, f"/v1/handoffs/{case_id}")
    return case_id


async def reaches_the_crm(caller: Caller, page: str) -> None:
    """Wait until the CRM has a case that was opened."""

    async def shown() -> bool:
        return "customer" in (await caller.get(page)).json()

    await eventually(shown)


async def identify(
    caller: Caller, customer_id: str, case_id: str, key: str, *forms: Any, **more: Any
) -> httpx2.Response:
    """Send an identity check."""
    body = {"case_id": case_id, "forms": list(forms or RIGHT), **more}
    return await caller.post(f"/v1/customers/{customer_id}/identifications", body, key)


async def attest(caller: Caller, customer_id: str, case_id: str, **told: bool) -> httpx2.Response:
    """Report what the customer was told, and present nothing."""
    body = {"case_id": case_id, "forms": [], **told}
    key = "+".join(("told", case_id, *told))
    return await caller.post(f"/v1/customers/{customer_id}/identifications", body, key)


async def notice(caller: Caller, customer_id: str, case_id: str) -> httpx2.Response:
    """Report that something is wrong, and present nothing."""
    return await attest(caller, customer_id, case_id, noticed=True)


def rows_of(callers: Callers, case_id: str) -> int:
    """Return how many attempts of a case are on record."""
    query = select(identity_attempts).where(identity_attempts.c.case_id == case_id)
    return len(callers.database.read(lambda connection: connection.execute(query).all()))


@pytest.mark.parametrize("secondary", [RIGHT[1], QUESTION, PAID], ids=lambda form: form["form"])
@pytest.mark.clause("HOF-4.1.2", "HOF-4.1.3")
async def test_a_customer_with_two_forms_that_match_is_verified(
    on_both: Callers, secondary: dict[str, Any]
) -> None:
    customer = f"right-{secondary['form']}"
    await on_record(on_both, customer)
    case_id = await a_case(on_both, customer, customer)
    ana = await on_both.of(Role.CSR)
    answer = await identify(ana, customer, case_id, customer, RIGHT[0], secondary, **ATTESTED)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == ANSWERED
    assert (answer.json()["verification"], answer.json()["recorded"]) == ("verified", True)
    shown = (await ana.get(f"/v1/inquiries/{case_id}")).json()
    assert shown["verification"] == "verified"
    entries = (await ana.get(f"/v1/inquiries/{case_id}/timeline")).json()["entries"]
    assert {"HOF-4.1.1", "HOF-4.1.2", "HOF-4.1.3", "HOF-4.1.5"} <= set(entries[-1]["clauses"])


@pytest.mark.clause("HOF-4.1.3", "HOF-5.2")
async def test_every_failure_has_one_answer_also_for_a_customer_of_whom_nothing_is_known(
    on_both: Callers,
) -> None:
    tries = {
        "primary": ("known-1", [WRONG, RIGHT[1]]),
        "secondary": ("known-2", [RIGHT[0], {**QUESTION, "value": "Featherquill"}]),
        "both": ("known-3", [WRONG, {**QUESTION, "value": "Featherquill"}]),
        "unknown": ("unknown-1", RIGHT),
        "unknown, with the question": ("unknown-2", [RIGHT[0], QUESTION]),
    }
    answers = []
    ana = await on_both.of(Role.CSR)
    for customer, forms in tries.values():
        if customer.startswith("known"):
            await on_record(on_both, customer)
        case_id = await a_case(on_both, f"failure {customer}", customer)
        answer = await identify(ana, customer, case_id, "failure", *forms)
        alike = {**answer.json(), "case_id": None, "next_deadline": None}
        answers.append((answer.status_code, alike))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][1]["verification"] == "not_verified"


@pytest.mark.clause("HOF-4.1.4")
async def test_after_three_attempts_a_supervisor_decides(on_both: Callers) -> None:
    await on_record(on_both, "three")
    case_id = await a_case(on_both, "three", "three")
    ana = await on_both.of(Role.CSR)
    found = [
        (await identify(ana, "three", case_id, f"three {n}", WRONG, RIGHT[1])).json()
        for n in range(3)
    ]
    outcomes = [answer["verification"] for answer in found]
    assert outcomes == ["not_verified", "not_verified", "needs_supervisor"]
    is_problem(await identify(ana, "three", case_id, "three 4"), "behind-gate", clause="HOF-4.1.4")


@pytest.mark.clause("HOF-4.1.4")
async def test_a_customer_who_was_tried_too_often_elsewhere_is_a_supervisors(
    on_both: Callers,
) -> None:
    await on_record(on_both, "often")
    ana = await on_both.of(Role.CSR)
    for number in range(5):
        elsewhere = await a_case(on_both, f"often {number}", "often")
        await identify(ana, "often", elsewhere, "often", WRONG, RIGHT[1])
    case_id = await a_case(on_both, "often at last", "often")
    answer = await identify(ana, "often", case_id, "often")
    assert answer.json()["verification"] == "needs_supervisor"


@pytest.mark.clause("HOF-4.1.4")
async def test_what_a_representative_noticed_goes_to_a_supervisor(callers: Callers) -> None:
    await on_record(callers, "noticed")
    case_id = await a_case(callers, "noticed", "noticed")
    ana = await callers.of(Role.CSR)
    answer = await notice(ana, "noticed", case_id)
    assert answer.json()["verification"] == "needs_supervisor", answer.text


@pytest.mark.clause("HOF-4.1.3", "HOF-5.2", "HOF-7.1")
async def test_whoever_checks_learns_nowhere_which_part_failed(
    callers: Callers, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    leader = await callers.of(Role.TEAM_LEADER)
    moments = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[^\"]*")

    async def all_that_is_told(kind: str, *forms: Any) -> list[str]:
        """Fail once, and return what a leader who checks can learn of it."""
        customer = f"which-{kind}-{forms[0] == WRONG}"
        await on_record(callers, customer)
        if kind == "handoffs":
            opening = a_handoff(customer_id=customer)
            opened = await desk.cases.open_handoff(opening, actor=ANNA, key=customer, digest="d")
            case_id, parts = opened.case_id, [*PARTS, "brief", "confirmations"]
        else:
            case_id, parts = await a_case(callers, customer, customer), PARTS
        caplog.clear()
        answers = [await identify(leader, customer, case_id, customer, *forms)]
        answers += [await leader.get(f"/v1/{kind}/{case_id}/{part}") for part in parts]
        assert {answer.status_code for answer in answers} == {200}
        logged = sorted(str(record.msg) for record in caplog.records if "api" in record.name)
        told = [*(answer.text for answer in answers), *logged]
        names = {case_id: "CASE", customer: "CUSTOMER"}
        for name, shown in names.items():
            told = [each.replace(name, shown) for each in told]
        return [moments.sub("MOMENT", each) for each in told]

    for kind in ("inquiries", "handoffs"):
        primary = await all_that_is_told(kind, WRONG, RIGHT[1])
        secondary = await all_that_is_told(kind, RIGHT[0], {**RIGHT[1], "value": "X99999999"})
        verifications = 1 + PARTS.index("verifications")
        assert '"reason":"mismatch"' in primary[verifications]
        told = len(PARTS) + 1
        assert primary[:told] == secondary[:told]
        assert not [text for text in primary + secondary if re.search("matched.{1,3}(t|f)", text)]


@pytest.mark.clause("HOF-7.1", "HOF-7.3")
async def test_an_inquiry_has_its_verification_log_and_an_auditor_sees_which_form_matched(
    on_both: Callers,
) -> None:
    await on_record(on_both, "logged")
    case_id = await a_case(on_both, "logged", "logged")
    ana, auditor = await on_both.of(Role.CSR), await on_both.of(Role.AUDITOR)
    page = f"/v1/inquiries/{case_id}"
    for part in ("verifications", "reports"):
        assert (await auditor.get(f"{page}/{part}")).json() == {part: []}
        is_problem(await ana.get(f"{page}/{part}"), "not-allowed")
        is_problem(await auditor.get(f"{UNKNOWN}/{part}"), "case-not-found")
    await identify(ana, "logged", case_id, "logged", WRONG, RIGHT[1])
    (line,) = (await auditor.get(f"{page}/verifications")).json()["verifications"]
    assert (line["case_id"], line["representative"], line["outcome"], line["reason"]) == (
        case_id, "csr", "not_verified", "mismatch",
    )  # fmt: skip
    assert [(form["form"], form["matched"]) for form in line["forms"]] == [
        ("passport", False), ("account_number", True),
    ]  # fmt: skip


async def test_a_repeated_check_is_one_attempt_and_another_value_is_no_second_guess(
    on_both: Callers,
) -> None:
    await on_record(on_both, "repeated")
    case_id = await a_case(on_both, "repeated", "repeated")
    ana = await on_both.of(Role.CSR)
    first = await identify(ana, "repeated", case_id, "once", WRONG, RIGHT[1])
    again = await asyncio.gather(
        *(identify(ana, "repeated", case_id, "once", WRONG, RIGHT[1]) for _ in range(4))
    )
    guessed = await identify(ana, "repeated", case_id, "once")
    assert {answer.text for answer in (*again, guessed)} == {first.text}
    other = await identify(ana, "repeated", case_id, "once", WRONG, QUESTION)
    is_problem(other, "idempotency-key-reused")
    assert rows_of(on_both, case_id) == 1


@pytest.mark.clause("HOF-4.1.3")
async def test_a_check_of_one_customer_in_anothers_case_is_refused(on_both: Callers) -> None:
    await on_record(on_both, "mine")
    theirs = await a_case(on_both, "theirs", "theirs")
    ana = await on_both.of(Role.CSR)
    answer = await identify(ana, "mine", theirs, "theirs")
    is_problem(answer, "invalid-value", clause="HOF-4.1.3")
    assert rows_of(on_both, theirs) == 0
    shown = (await ana.get(f"/v1/inquiries/{theirs}")).json()
    assert shown["verification"] is None


@pytest.mark.clause("HOF-4.1.3", "HOF-4.1.4")
async def test_nobody_uses_up_a_customers_attempts_in_somebody_elses_case(
    on_both: Callers,
) -> None:
    await on_record(on_both, "victim")
    theirs = await a_case(on_both, "a stranger's", "stranger")
    ana = await on_both.of(Role.CSR)
    handed = await a_handoff_of(on_both, "stranger")
    for number in range(6):
        for case_id in (theirs, handed):
            refused = await identify(ana, "victim", case_id, f"steal {number}", WRONG, RIGHT[1])
            is_problem(refused, "invalid-value", clause="HOF-4.1.3")
    assert (rows_of(on_both, theirs), rows_of(on_both, handed)) == (0, 0)
    own = await a_case(on_both, "victim", "victim")
    assert (await identify(ana, "victim", own, "own")).json()["verification"] == "verified"


@pytest.mark.clause("HOF-4.1.3")
async def test_a_check_in_a_closed_case_is_no_attempt(on_both: Callers) -> None:
    ana = await on_both.of(Role.CSR)
    case_id = await a_case(on_both, "closed", "closed")
    handed = await a_handoff_of(on_both, "closed")
    await ana.do(case_id, "withdrawal", {"reason": "Settled."})
    await report(ana, handed, "withdrawal", {"reason": "Settled."})
    for closed in (case_id, handed):
        is_problem(await identify(ana, "closed", closed, "closed", WRONG, RIGHT[1]), "case-closed")
        assert rows_of(on_both, closed) == 0


@pytest.mark.clause("HOF-4.1.4")
async def test_a_check_is_no_attempt_while_a_supervisor_must_decide(on_both: Callers) -> None:
    await on_record(on_both, "waiting")
    ana, leader = await on_both.of(Role.CSR), await on_both.of(Role.TEAM_LEADER)
    case_id = await a_case(on_both, "waiting", "waiting")
    handed = await a_handoff_of(on_both, "waiting")
    for kind, stopped in (("inquiries", case_id), ("handoffs", handed)):
        assert (await notice(ana, "waiting", stopped)).json()["verification"] == "needs_supervisor"
        for number in range(6):
            refused = await identify(ana, "waiting", stopped, f"wait {number}", WRONG, RIGHT[1])
            is_problem(refused, "behind-gate", clause="HOF-4.1.4")
        assert rows_of(on_both, stopped) == 0
        page = f"/v1/{kind}/{stopped}/discrepancy-decision"
        decided = await leader.post(page, {"approve": True, "reason": "Known in person."})
        assert decided.status_code == 200, decided.text
        found = await identify(ana, "waiting", stopped, "decided")
        assert found.json()["verification"] == "verified"


@pytest.mark.clause("HOF-4.1.4")
async def test_the_check_that_stopped_a_case_is_answered_again_with_its_key(
    on_both: Callers,
) -> None:
    ana = await on_both.of(Role.CSR)
    case_id = await a_case(on_both, "stopping", "stopping")
    tries = [
        await identify(ana, "stopping", case_id, f"stop {n}", WRONG, RIGHT[1]) for n in range(3)
    ]
    again = await identify(ana, "stopping", case_id, "stop 2", WRONG, RIGHT[1])
    assert (again.status_code, again.text) == (200, tries[2].text)


@pytest.mark.clause("HOF-4.2.4")
async def test_a_check_while_a_mail_is_under_way_is_no_attempt(
    callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await callers.of(Role.CSR)
    handed = await a_handoff_of(callers, "under-way")
    parts = callers.app.state.parts
    row = parts.handoffs.handoff(handed).model_copy(update={"stage": HandoffStage.SENDING})
    monkeypatch.setattr(parts.handoffs, "handoff", lambda _: row)
    refused = await identify(ana, "under-way", handed, "under way", WRONG, RIGHT[1])
    is_problem(refused, "wrong-stage", clause="HOF-4.2.4")
    assert rows_of(callers, handed) == 0


@pytest.mark.clause("HOF-4.1.1", "HOF-4.1.5")
async def test_what_the_customer_was_not_told_is_made_good_without_another_check(
    on_both: Callers,
) -> None:
    ana, leader = await on_both.of(Role.CSR), await on_both.of(Role.TEAM_LEADER)
    handed = await a_handoff_of(on_both, "mute")
    untold = await attest(ana, "mute", handed, need_explained=True)
    assert (untold.status_code, untold.json()["verification"]) == (200, "not_verified")
    for number in range(3):
        await identify(ana, "mute", handed, f"mute {number}", WRONG, RIGHT[1])
    await do(leader, handed, "discrepancy-decision", {"approve": True, "reason": "Known."})
    is_problem(await report(ana, handed, "items", CHECKED), "behind-gate", clause="HOF-4.1.5")
    told = await attest(ana, "mute", handed, confidentiality_assured=True)
    assert (told.status_code, told.json()["verification"]) == (200, "needs_supervisor")
    assert rows_of(on_both, handed) == 3
    await do(ana, handed, "items", CHECKED)
    after = await attest(ana, "mute", handed, **ATTESTED)
    assert after.json()["verification"] == "verified"


async def test_a_check_in_a_case_that_is_none_is_no_attempt(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    for case_id in ("inquiry-00000000000000000000", "handoff-00000000000000000000"):
        is_problem(await identify(ana, "nobody", case_id, "none"), "case-not-found")
        assert rows_of(callers, case_id) == 0


@pytest.mark.clause("HOF-6.1")
async def test_a_check_by_somebody_who_is_not_trained_is_no_attempt(callers: Callers) -> None:
    case_id = await a_case(callers, "untrained", "untrained")
    made = await asyncio.to_thread(callers.keys.create, "newcomer", Role.CSR)
    newcomer = await callers.bearing(made.token.get_secret_value())
    is_problem(await identify(newcomer, "untrained", case_id, "untrained"), "untrained")
    assert rows_of(callers, case_id) == 0


@pytest.mark.clause("HOF-4.1.3")
async def test_a_handoff_identifies_its_customer_in_the_same_way(
    callers: Callers, desk: Desk
) -> None:
    await on_record(callers, "handed-over")
    opened = await desk.cases.open_handoff(
        a_handoff(customer_id="handed-over"), actor=ANNA, key="identified", digest="d"
    )
    ana = await callers.person(ANNA.principal, Role.CSR)
    answer = await identify(ana, "handed-over", opened.case_id, "handoff")
    assert answer.json()["verification"] == "verified", answer.text


@pytest.mark.clause("HOF-3.1", "HOF-3.3")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
async def test_staff_and_receiving_parties_identify_and_services_keep_records(
    callers: Callers, role: Role
) -> None:
    caller = await callers.of(role)
    checks = await identify(caller, "nobody", "inquiry-00000000000000000000", "role")
    keeps = await caller.put("/v1/customers/by-role/identity-record", {"forms": []})
    helpers = {Role.SERVICE, Role.OPERATOR}
    readers = {Role.AUDITOR, Role.PRIVACY_OFFICER}
    assert (checks.status_code == 403) == (role in helpers | readers)
    assert (keeps.status_code == 200) == (role in helpers)


@pytest.mark.clause("HOF-4.1.2")
@pytest.mark.parametrize(
    "forms",
    [
        [],
        [RIGHT[0]],
        [RIGHT[0], RIGHT[0]],
        [RIGHT[0], {"form": "national_card", "value": PASSPORT}],
        [RIGHT[0], {"form": "account_number", "value": "- -"}],
    ],
)
async def test_what_is_not_one_of_each_group_is_refused_and_no_attempt(
    callers: Callers, forms: list[Any]
) -> None:
    ana = await callers.of(Role.CSR)
    body = {"case_id": "inquiry-00000000000000000000", "forms": forms}
    answer = await ana.post("/v1/customers/c-1/identifications", body, "groups")
    is_problem(answer, "invalid-value", clause="HOF-4.1.2")
    assert PASSPORT not in answer.text


@pytest.mark.parametrize(
    "forms",
    [
        PASSPORT,
        [PASSPORT],
        [{"form": PASSPORT, "value": PASSPORT}],
        [{"form": [PASSPORT], "value": PASSPORT}],
        [{"form": "passport", "value": PASSPORT, PASSPORT: PASSPORT}],
        [{"form": "passport", "value": [PASSPORT]}],
        [{"form": "passport", "value": PASSPORT * 30}],
        [{"value": PASSPORT}],
        [{"form": "recent_transaction", "value": PASSPORT}],
        [{"form": "recent_transaction", "value": {"amount": PASSPORT, "on": PASSPORT}}],
        [{"form": "recent_transaction", "value": {"amount": 10**30, "on": "2026-13-40"}}],
        [{"form": "recent_transaction", "value": {PASSPORT: PASSPORT}}],
    ],
)
async def test_a_mistake_is_told_without_what_was_sent(callers: Callers, forms: Any) -> None:
    ana, service = await callers.of(Role.CSR), await callers.of(Role.SERVICE)
    case = {"case_id": "inquiry-00000000000000000000"}
    for more in ({}, {PASSPORT: 1}):
        body = {**case, "forms": forms, **more}
        checked = await ana.post("/v1/customers/c-1/identifications", body, "mistake")
        kept = await service.put("/v1/customers/c-1/identity-record", {"forms": forms, **more})
        for answer in (checked, kept):
            is_problem(answer, "invalid-request")
            assert PASSPORT not in answer.text
            assert "1000000000000000000" not in answer.text


async def test_half_a_character_is_no_text(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    body = json.dumps({
        "case_id": "inquiry-00000000000000000000",
        "forms": [RIGHT[0], {"form": "account_number", "value": f"\ud800{PASSPORT}"}],
    })  # fmt: skip
    answer = await ana.http.post(
        "/v1/customers/c-1/identifications",
        content=body,
        headers={"Idempotency-Key": "half", "Content-Type": "application/json"},
    )
    is_problem(answer, "invalid-value", clause="HOF-4.1.2")


async def test_a_check_needs_a_key_and_a_customer_that_can_be(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    body = {"case_id": "inquiry-00000000000000000000", "forms": RIGHT}
    page = "/v1/customers/c-1/identifications"
    is_problem(await ana.post(page, body), "idempotency-key-missing")
    strange = f"/v1/customers/{PASSPORT}%20/identifications"
    answer = await ana.post(strange, body, "strange")
    is_problem(answer, "not-found")
    assert PASSPORT not in answer.text


async def test_a_record_is_replaced_whole_and_shown_without_values(on_both: Callers) -> None:
    service = await on_both.of(Role.SERVICE)
    page = "/v1/customers/replaced/identity-record"
    stored = await service.put(page, {"forms": [*RIGHT, {**PAID, **ENDING}]})
    shown = {form["form"]: form for form in stored.json()["forms"]}
    assert shown.keys() == {"passport", "account_number", "recent_transaction"}
    assert shown["recent_transaction"]["expires_at"]["utc"] == "2100-01-01T00:00:00Z"
    assert all(form["usable"] and form["count"] == 1 for form in shown.values())
    left = (await service.put(page, {"forms": [QUESTION]})).json()["forms"]
    assert [form["form"] for form in left] == ["security_question"]
    assert (await service.put(page, {"forms": []})).json()["forms"] == []
    is_problem(await service.put(page, {"forms": [PAID]}), "invalid-value")


async def all_events(desk: Desk, case_id: str) -> AsyncIterator[bytes]:
    """Yield the events of a case's history, as the server keeps them."""
    async for event in desk.handle(case_id).fetch_history_events():
        yield event.SerializeToString()


@pytest.mark.clause("HOF-4.1.3", "HOF-5.2")
async def test_no_value_is_in_a_table_a_history_a_log_or_an_answer(
    callers: Callers, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ana = await callers.of(Role.CSR)
    await on_record(callers, "canary")
    case_id = await a_case(callers, "canary", "canary")
    answers = [
        await identify(ana, "canary", case_id, "canary 1", WRONG, RIGHT[1]),
        await identify(ana, "canary", case_id, "canary 2", RIGHT[0], PAID),
        await identify(ana, "canary", case_id, "canary 3", RIGHT[0], QUESTION),
        await ana.get(f"/v1/inquiries/{case_id}"),
        await ana.get(f"/v1/inquiries/{case_id}/timeline"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5

    def rows(connection: Connection) -> list[object]:
        return [connection.execute(select(table)).all() for table in metadata.sorted_tables]

    logged = "".join(f"{vars(record)} {record.getMessage()}" for record in caplog.records)
    history = b"".join([event async for event in all_events(desk, case_id)])
    places = {
        "tables": repr(await asyncio.to_thread(desk.database.read, rows)),
        "history": history.decode("utf-8", errors="replace"),
        "log": logged,
        "answers": "".join(answer.text for answer in answers),
    }
    # What is stored on purpose is found, so the search does search.
    controls = {"tables": "canary", "history": "identify", "log": case_id, "answers": case_id}
    assert [place for place, text in places.items() if controls[place] not in text] == []
    found = [
        (place, canary)
        for place, text in places.items()
        for canary in CANARIES
        if canary.casefold() in text.casefold()
    ]
    assert found == []
