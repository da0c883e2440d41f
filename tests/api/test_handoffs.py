"""A handoff through the API, from opening to its end, and each way in which it is refused."""

import asyncio
from typing import Any

import pytest

from sop.models import Role
from tests.api.callers import BILLING, CONFIRMED, RESOLVED, Callers
from tests.api.handing import (
    ACCEPTED,
    BRIEF,
    CHECKED,
    HANDOFFS,
    NOTICE,
    OVER_CRM,
    PARTY,
    REASON,
    RECEIVING,
    do,
    handoff,
    identify,
    kinds,
    offered,
    open_handoff,
    prepare,
    read,
    report,
)
from tests.api.test_problems import is_problem
from tests.certificates import ADDRESS, holder
from tests.desk import Desk, eventually
from workflows.escalating import escalation_id

WHOLE_PATH = (
    "HOF-2", "HOF-3.1", "HOF-3.3", "HOF-4.2.1", "HOF-4.2.2", "HOF-4.2.3", "HOF-4.2.4",
    "HOF-4.2.5", "HOF-4.2.6", "HOF-4.3.1", "HOF-4.3.2",
)  # fmt: skip


@pytest.mark.clause(*WHOLE_PATH)
async def test_a_handoff_goes_from_opening_to_its_acceptance(on_both: Callers) -> None:
    ana, party = await on_both.of(Role.CSR), await on_both.of(Role.RECEIVING_PARTY)
    case_id = await open_handoff(ana, "accepted")
    assert (await identify(on_both, case_id)).stage == "preparing"
    receipt = await do(ana, case_id, "items", CHECKED)
    assert receipt["proved"] == ["HOF-4.2.1"]
    assert (await do(ana, case_id, "brief", {"brief": BRIEF}))["proved"] == ["HOF-4.2.2"]
    assert (await do(ana, case_id, "customer-notice", NOTICE))["stage"] == "ready"
    assert (await do(ana, case_id, "transfer", OVER_CRM))["stage"] == "offered"
    shown = await read(party, case_id)
    assert (shown["custody"], shown["channel"], shown["identity_level"]) == (
        "csr", "crm", "standard",
    )  # fmt: skip
    receipt = await do(party, case_id, "acknowledgement", ACCEPTED)
    assert (receipt["stage"], receipt["missing"], receipt["recorded"]) == ("closed", [], True)
    shown = await read(ana, case_id)
    assert (shown["custody"], shown["closed_as"], shown["answer"]) == (PARTY, "accepted", "accept")
    assert shown["text"] == handoff()["text"]
    assert shown["customer"]["name"] == "Carla Client"
    (confirmed,) = (await read(party, case_id, "confirmations"))["confirmations"]
    assert (confirmed["outcome"], confirmed["sender"], confirmed["receiving_party"]) == (
        "accepted", "csr", PARTY,
    )  # fmt: skip
    assert confirmed["sender_custody_until"] == confirmed["custody_from"]
    assert await kinds(ana, case_id) == [
        "handoff.opened", "identity.checked", "items.confirmed", "brief.completed",
        "customer.told", "handoff.transferred", "handoff.acknowledged", "custody.passed",
        "handoff.confirmed", "customer.told", "handoff.closed",
    ]  # fmt: skip


async def test_opening_answers_with_the_address_of_the_handoff(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    answer = await ana.post(HANDOFFS, handoff(), "address of a handoff")
    opened = answer.json()
    assert answer.headers["Location"] == opened["links"]["self"]
    assert opened["links"]["self"] == f"{HANDOFFS}/{opened['case_id']}"
    assert opened["links"]["brief"] == f"{HANDOFFS}/{opened['case_id']}/brief"
    await identify(callers, opened["case_id"])
    for name in ("timeline", "escalations", "certificate", "explanation", "brief", "confirmations"):
        assert (await ana.get(opened["links"][name])).status_code == 200, name


async def reach(callers: Callers, key: str, reached: int) -> str:
    """Open a handoff, and pass as many of its gates as asked for, in their order."""
    ana = await callers.of(Role.CSR)
    case_id = await open_handoff(ana, key)
    if reached > 0:
        await identify(callers, case_id)
    for step, body in (("items", CHECKED), ("brief", {"brief": BRIEF}))[: max(reached - 1, 0)]:
        await do(ana, case_id, step, body)
    return case_id


SHUT: list[tuple[int, str, dict[str, Any], str]] = [
    (0, "items", CHECKED, "HOF-4.1.2"),
    (0, "brief", {"brief": BRIEF}, "HOF-4.1.2"),
    (0, "customer-notice", NOTICE, "HOF-4.1.2"),
    (0, "transfer", OVER_CRM, "HOF-4.1.2"),
    (1, "brief", {"brief": BRIEF}, "HOF-4.2.1"),
    (1, "customer-notice", NOTICE, "HOF-4.2.1"),
    (1, "transfer", OVER_CRM, "HOF-4.2.1"),
    (2, "customer-notice", NOTICE, "HOF-4.2.2"),
    (2, "transfer", OVER_CRM, "HOF-4.2.2"),
    (2, "transfer", {**OVER_CRM, **NOTICE}, "HOF-4.2.2"),
    (3, "transfer", OVER_CRM, "HOF-4.2.3"),
]


@pytest.mark.clause("HOF-4.1.2", "HOF-4.2.1", "HOF-4.2.2", "HOF-4.2.3")
@pytest.mark.parametrize(("reached", "step", "body", "clause"), SHUT)
async def test_each_gate_refuses_what_stands_behind_it_and_nothing_changes(
    callers: Callers, reached: int, step: str, body: dict[str, Any], clause: str
) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await reach(callers, f"gate {reached} {step} {len(body)}", reached)
    await eventually(lambda: recorded(ana.get(f"{HANDOFFS}/{case_id}")))
    before = await read(ana, case_id), await read(ana, case_id, "timeline")
    is_problem(await report(ana, case_id, step, body), "behind-gate", clause=clause)
    assert (await read(ana, case_id), await read(ana, case_id, "timeline")) == before


async def recorded(reading: Any) -> bool:
    """Return whether the CRM has what is read."""
    return bool((await reading).json()["recorded"])


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2", "HOF-7.3")
async def test_a_forbidden_channel_is_refused_and_the_attempt_is_an_incident(
    on_both: Callers,
) -> None:
    ana, leader = await on_both.of(Role.CSR), await on_both.of(Role.TEAM_LEADER)
    case_id = await open_handoff(ana, "whatsapp")
    await prepare(on_both, case_id)
    answer = await report(ana, case_id, "transfer", {"channel": "whatsapp"})
    is_problem(answer, "channel-not-approved", clause="HOF-4.2.4")
    (told,) = (await read(leader, case_id, "reports"))["reports"]
    assert (told["kind"], told["clause"], told["reported_by"]) == (
        "channel_not_approved", "HOF-4.2.4", "csr",
    )  # fmt: skip
    assert "whatsapp" in told["text"]
    assert told["report_id"] in answer.json()["detail"]
    shown = await read(ana, case_id)
    assert (shown["stage"], shown["custody"], shown["channel"]) == ("ready", "csr", None)
    assert (await kinds(ana, case_id))[-1] == "channel.refused"


@pytest.mark.clause("HOF-4.2.4")
async def test_a_repeated_attempt_over_a_forbidden_channel_is_one_incident(
    callers: Callers,
) -> None:
    ana, leader = await callers.of(Role.CSR), await callers.of(Role.TEAM_LEADER)
    case_id = await open_handoff(ana, "fax twice")
    for _ in range(2):
        answer = await report(ana, case_id, "transfer", {"channel": "fax"}, "fax")
        is_problem(answer, "channel-not-approved")
    assert len((await read(leader, case_id, "reports"))["reports"]) == 1


@pytest.mark.clause("HOF-4.2.4")
async def test_a_courier_needs_its_number_and_says_how_far_it_is(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await open_handoff(ana, "courier")
    await prepare(callers, case_id)
    for wrong in (
        {"channel": "courier"},
        {"channel": "courier", "carrier": "dhl", "tracking_number": "1"},
        {"channel": "courier", "carrier": "pigeon", "tracking_number": "1234567890"},
    ):
        answer = await report(ana, case_id, "transfer", wrong)
        is_problem(answer, "invalid-value", clause="HOF-4.2.4")
    status = {"status": "in_transit"}
    is_problem(await report(ana, case_id, "courier-status", status), "wrong-stage")
    sent = {"channel": "courier", "carrier": "ups", "tracking_number": "1Z 999 AA1 01 2345 6784"}
    assert (await do(ana, case_id, "transfer", sent))["stage"] == "offered"
    await do(ana, case_id, "courier-status", status)
    shown = await read(ana, case_id)
    assert (shown["tracking_number"], shown["courier_status"]) == (
        "1Z999AA10123456784", "in_transit",
    )  # fmt: skip


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2")
async def test_without_a_certificate_nothing_is_mailed_and_with_one_it_is_offered(
    on_both: Callers,
) -> None:
    ana, lead = await on_both.of(Role.CSR), await on_both.of(Role.TEAM_LEADER)
    case_id = await open_handoff(ana, "mail", receiving={**RECEIVING, "party": "mailed-to"})
    await prepare(on_both, case_id)
    mail = {"channel": "encrypted_email"}
    refused = await report(ana, case_id, "transfer", mail)
    is_problem(refused, "behind-gate", clause="HOF-4.2.4")
    assert "certificate" in refused.json()["detail"]
    certificate = {"certificate": holder().pem, "address": ADDRESS}
    put = await lead.put("/v1/receiving-parties/mailed-to/certificate", certificate)
    assert put.status_code == 200, put.text
    assert (await do(ana, case_id, "transfer", mail))["stage"] in {"sending", "offered"}

    async def arrived() -> bool:
        return bool((await read(ana, case_id))["stage"] == "offered")

    await eventually(arrived)


@pytest.mark.clause("HOF-4.2.5", "HOF-3.3")
async def test_an_acceptance_in_part_names_what_is_missing(on_both: Callers) -> None:
    party, leader = await on_both.of(Role.RECEIVING_PARTY), await on_both.of(Role.TEAM_LEADER)
    case_id = await offered(on_both, "in part")
    whole = {"answer": "accept_in_part", "missing": ["contract", "card"]}
    for wrong in (whole, {"answer": "accept_in_part"}, {"answer": "accept", "missing": ["card"]}):
        answer = await report(party, case_id, "acknowledgement", wrong)
        is_problem(answer, "invalid-value", clause="HOF-4.2.5")
    body = {"answer": "accept_in_part", "missing": ["card"], "reason": "It was not in the bag."}
    assert (await do(party, case_id, "acknowledgement", body))["stage"] == "closed"
    shown = await read(party, case_id)
    assert (shown["closed_as"], shown["missing_items"]) == ("accepted_in_part", ["card"])
    (confirmed,) = (await read(party, case_id, "confirmations"))["confirmations"]
    assert (confirmed["outcome"], confirmed["missing"]) == ("accepted_in_part", ["card"])
    (told,) = (await read(leader, case_id, "reports"))["reports"]
    assert told["kind"] == "accepted_in_part"


@pytest.mark.clause("HOF-4.2.5", "HOF-4.3.1")
async def test_a_refusal_gives_custody_back_and_the_customer_is_told(
    callers: Callers, desk: Desk
) -> None:
    ana, party = await callers.of(Role.CSR), await callers.of(Role.RECEIVING_PARTY)
    case_id = await offered(callers, "refused")
    is_problem(
        await report(party, case_id, "acknowledgement", {"answer": "refuse"}),
        "invalid-value", clause="HOF-4.2.5",
    )  # fmt: skip
    body = {"answer": "refuse", "reason": "It is not for us."}
    assert (await do(party, case_id, "acknowledgement", body))["stage"] == "returned"
    shown = await read(ana, case_id)
    assert (shown["custody"], shown["answer"]) == ("csr", "refuse")
    topics = [m.topic for m in await asyncio.to_thread(desk.reads.outbox, case_id=case_id)]
    assert "handoff_returned" in topics
    is_problem(await report(party, case_id, "acknowledgement", ACCEPTED), "case-not-found")
    is_problem(await report(ana, case_id, "withdrawal", REASON), "wrong-stage")
    await do(ana, case_id, "transfer", {**OVER_CRM, **NOTICE})
    assert (await do(party, case_id, "acknowledgement", ACCEPTED))["stage"] == "closed"
    outcomes = [c["outcome"] for c in (await read(ana, case_id, "confirmations"))["confirmations"]]
    assert outcomes == ["refused", "accepted"]


@pytest.mark.clause("HOF-4.2.5")
async def test_an_offer_that_nobody_answers_comes_back_and_is_concluded(
    callers: Callers, desk: Desk
) -> None:
    ana, party = await callers.of(Role.CSR), await callers.of(Role.RECEIVING_PARTY)
    case_id = await offered(callers, "unanswered")
    is_problem(await report(ana, case_id, "conclusion", REASON), "wrong-stage")
    await desk.time_passes(case_id, hours=12, seconds=1)
    await desk.is_paged(case_id, "team_leader")
    # A workflow with a running child skips no time.
    await desk.handle(escalation_id(case_id, "acknowledgement", 1)).cancel()
    await desk.journal_holds(case_id, "escalation.ended")
    await desk.time_passes(case_id, hours=12)
    await desk.journal_holds(case_id, "custody.returned")
    is_problem(await report(party, case_id, "acknowledgement", ACCEPTED), "case-not-found")
    assert (await do(ana, case_id, "conclusion", REASON))["stage"] == "closed"
    shown = await read(ana, case_id)
    assert (shown["custody"], shown["closed_as"]) == ("csr", "returned")


@pytest.mark.clause("HOF-2")
async def test_an_inquiry_waits_for_its_handoff_learns_its_outcome_and_closes_then(
    on_both: Callers,
) -> None:
    ana, party = await on_both.of(Role.CSR), await on_both.of(Role.RECEIVING_PARTY)
    inquiry_id = await ana.open("with a handoff")
    await identify(on_both, inquiry_id)
    case_id = await open_handoff(ana, "from an inquiry", inquiry_id=inquiry_id)
    await ana.do(inquiry_id, "resolution", RESOLVED)
    waiting = await ana.do(inquiry_id, "follow-ups", CONFIRMED)
    assert waiting["stage"] != "closed"
    await prepare(on_both, case_id)
    await do(ana, case_id, "transfer", OVER_CRM)
    (shown,) = (await ana.get(f"/v1/inquiries/{inquiry_id}")).json()["handoffs"]
    assert (shown["case_id"], shown["stage"], shown["custody"]) == (case_id, "offered", "csr")
    assert shown["page"] == f"{HANDOFFS}/{case_id}"
    await do(party, case_id, "acknowledgement", ACCEPTED)

    async def closed() -> bool:
        found = (await ana.get(f"/v1/inquiries/{inquiry_id}")).json()
        return (found["stage"], found["handoffs"][0]["closed_as"]) == ("closed", "accepted")

    await eventually(closed)
    entries = (await ana.get(f"/v1/inquiries/{inquiry_id}/timeline")).json()["entries"]
    told = [e["detail"].get("closed_as") for e in entries if e["kind"] == "handoff.reported"]
    assert told[-1] == "accepted"
    listed = (await ana.get(HANDOFFS, inquiry_id=inquiry_id)).json()["handoffs"]
    assert [each["case_id"] for each in listed] == [case_id]


@pytest.mark.clause("HOF-2")
async def test_a_handoff_that_an_inquiry_opens_takes_steps_at_once(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)

    async def opened_and_noted(number: int) -> int:
        inquiry_id = await ana.open(f"at once {number}")
        case_id = await open_handoff(ana, f"at once {number}", inquiry_id=inquiry_id)
        return (await report(ana, case_id, "notes", {"text": "x"})).status_code

    codes = await asyncio.gather(*(opened_and_noted(number) for number in range(10)))
    assert set(codes) == {200}


@pytest.mark.clause("HOF-2")
async def test_a_handoff_outlives_an_inquiry_that_is_withdrawn(callers: Callers) -> None:
    ana, party = await callers.of(Role.CSR), await callers.of(Role.RECEIVING_PARTY)
    inquiry_id = await ana.open("withdrawn with a handoff")
    case_id = await open_handoff(ana, "outlives", inquiry_id=inquiry_id)
    await ana.do(inquiry_id, "withdrawal", REASON)
    await prepare(callers, case_id)
    await do(ana, case_id, "transfer", OVER_CRM)
    assert (await do(party, case_id, "acknowledgement", ACCEPTED))["stage"] == "closed"


async def test_a_handoff_of_no_or_of_a_closed_inquiry_is_not_opened(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    nobodys = handoff(inquiry_id="inquiry-00000000000000000000")
    is_problem(await ana.post(HANDOFFS, nobodys, "of none"), "case-not-found")
    inquiry_id = await ana.open("closed before the handoff")
    await ana.do(inquiry_id, "withdrawal", REASON)
    answer = await ana.post(HANDOFFS, handoff(inquiry_id=inquiry_id), "of a closed one")
    is_problem(answer, "case-closed")


@pytest.mark.clause("HOF-4.2.1", "HOF-3.3")
async def test_a_handoff_that_cannot_be_is_not_opened(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    twice = handoff(items=[{"item": "card", "description": "x"}] * 2)
    answer = await ana.post(HANDOFFS, twice, "two of a name")
    is_problem(answer, "invalid-value", clause="HOF-4.2.1")
    mine = handoff(receiving={**RECEIVING, "party": "csr"})
    is_problem(await ana.post(HANDOFFS, mine, "to myself"), "invalid-value", clause="HOF-3.3")
    is_problem(await ana.post(HANDOFFS, handoff()), "idempotency-key-missing")
    is_problem(await ana.post(HANDOFFS, handoff(items=[]), "no items"), "invalid-request")


async def test_the_same_key_opens_one_handoff_and_another_body_is_noticed(
    on_both: Callers,
) -> None:
    ana = await on_both.of(Role.CSR)
    answers = await asyncio.gather(
        *(ana.post(HANDOFFS, handoff(), "one handoff") for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {202}
    (case_id,) = {answer.json()["case_id"] for answer in answers}
    await prepare(on_both, case_id)
    assert (await kinds(ana, case_id)).count("handoff.opened") == 1
    other = handoff(subject="Another matter")
    is_problem(await ana.post(HANDOFFS, other, "one handoff"), "idempotency-key-reused")


async def test_a_step_with_the_same_key_is_done_once_even_when_it_ended_the_handoff(
    callers: Callers,
) -> None:
    ana, party = await callers.of(Role.CSR), await callers.of(Role.RECEIVING_PARTY)
    case_id = await offered(callers, "acknowledged twice")
    first = await report(party, case_id, "acknowledgement", ACCEPTED, "yes")
    again = await report(party, case_id, "acknowledgement", ACCEPTED, "yes")
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert (await kinds(ana, case_id)).count("handoff.acknowledged") == 1
    other = {"answer": "refuse", "reason": "No."}
    reused = await report(party, case_id, "acknowledgement", other, "yes")
    is_problem(reused, "idempotency-key-reused")
    is_problem(await report(ana, case_id, "notes", {"text": "x"}), "case-closed")


@pytest.mark.clause("HOF-4.2.3")
async def test_another_receiving_party_is_introduced_anew(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await open_handoff(ana, "another party")
    await prepare(callers, case_id)
    other = {"receiving": {**RECEIVING, "party": "archive", "name": "The archive"}, **REASON}
    assert (await do(ana, case_id, "receiving-party", other))["stage"] == "preparing"
    refused = await report(ana, case_id, "transfer", OVER_CRM)
    is_problem(refused, "behind-gate", clause="HOF-4.2.3")
    await do(ana, case_id, "transfer", {**OVER_CRM, **NOTICE})
    assert (await read(ana, case_id))["receiving_party"] == "archive"


@pytest.mark.clause("HOF-4.3.2", "HOF-8")
async def test_assignment_notes_policy_and_withdrawal_are_steps_of_a_handoff(
    on_both: Callers,
) -> None:
    ana, leader = await on_both.of(Role.CSR), await on_both.of(Role.TEAM_LEADER)
    case_id = await open_handoff(ana, "the other steps")
    await do(ana, case_id, "assignment", {"assignee": "ben"})
    assert (await read(ana, case_id))["custody"] == "ben"
    await do(ana, case_id, "notes", {"text": "Ben knows the customer."})
    await do(leader, case_id, "policy", {"reason": "The channels have changed."})
    assert (await do(ana, case_id, "withdrawal", REASON))["stage"] == "closed"
    assert await kinds(ana, case_id) == [
        "handoff.opened", "handoff.assigned", "custody.passed", "note.added", "policy.adopted",
        "handoff.withdrawn", "handoff.closed",
    ]  # fmt: skip


@pytest.mark.clause("HOF-3.2", "HOF-4.1.4")
async def test_a_discrepancy_is_taken_and_decided_by_a_supervisor(on_both: Callers) -> None:
    ana, leader = await on_both.of(Role.CSR), await on_both.of(Role.TEAM_LEADER)
    case_id = await open_handoff(ana, "discrepancy")
    stages = [(await identify(on_both, case_id, matched=False)).stage for _ in range(3)]
    assert stages == ["identifying", "identifying", "stopped"]
    is_problem(
        await report(ana, case_id, "items", CHECKED), "behind-gate", clause="HOF-4.1.4"
    )  # fmt: skip
    escalations: list[dict[str, Any]] = []

    async def paged() -> bool:
        escalations[:] = (await read(leader, case_id, "escalations"))["escalations"]
        return bool(escalations) and bool(escalations[0]["pages"])

    await eventually(paged)
    rung = escalations[0]
    acknowledged = f"escalations/{rung['rung']}/{rung['occasion']}/acknowledgement"
    assert (await report(leader, case_id, acknowledged, {"level": 1})).status_code == 200
    stale = await report(leader, case_id, acknowledged, {"level": 7})
    is_problem(stale, "stale-acknowledgement")
    decision = {"approve": True, "reason": "Known in person."}
    receipt_of = await do(leader, case_id, "discrepancy-decision", decision)
    assert receipt_of["proved"] == ["HOF-3.2", "HOF-4.1.4"]
    again = await report(leader, case_id, "discrepancy-decision", decision)
    is_problem(again, "wrong-stage", clause="HOF-4.1.4")
    await do(ana, case_id, "items", CHECKED)
    assert (await read(ana, case_id))["identity_level"] == "supervised"
    log = (await read(leader, case_id, "verifications"))["verifications"]
    assert [line["reason"] for line in log][:3] == ["mismatch", "mismatch", "attempts_exhausted"]
    asked = [(form["form"], form["matched"]) for form in log[0]["forms"]]
    assert asked == [("passport", None), ("account_number", None)]
    (told,) = (await read(leader, case_id, "reports"))["reports"]
    assert (told["kind"], told["reason"]) == ("override", "Known in person.")


@pytest.mark.clause("HOF-3.2", "HOF-4.1.4")
async def test_nobody_decides_about_a_handoff_of_their_own(callers: Callers) -> None:
    leader = await callers.of(Role.TEAM_LEADER)
    case_id = await open_handoff(leader, "a leader's own")
    for _ in range(3):
        await identify(callers, case_id, matched=False)
    decision = {"approve": True, "reason": "I know them."}
    own = await report(leader, case_id, "discrepancy-decision", decision)
    is_problem(own, "not-allowed", clause="HOF-3.2")


@pytest.mark.clause("HOF-4.1.4")
async def test_a_discrepancy_of_an_inquiry_is_decided_there(on_both: Callers) -> None:
    ana, manager = await on_both.of(Role.CSR), await on_both.of(Role.DUTY_MANAGER)
    inquiry_id = await ana.open("an inquiry's discrepancy", classification=BILLING)
    for _ in range(3):
        await identify(on_both, inquiry_id, matched=False)
    decision = {"approve": False, "reason": "The photo is somebody else's."}
    receipt = await manager.do(inquiry_id, "discrepancy-decision", decision)
    assert "HOF-4.1.4" in receipt["proved"]
    shown = (await ana.get(f"/v1/inquiries/{inquiry_id}")).json()
    assert (shown["verification"], shown["handoffs"]) == ("not_verified", [])


async def test_the_list_of_handoffs_is_filtered_and_its_pages_follow_one_another(
    on_both: Callers,
) -> None:
    ana = await on_both.of(Role.CSR)
    mine = {
        await open_handoff(
            ana, f"listed {number}", assignee="lister", customer={"customer_id": f"listed-{number}"}
        )
        for number in range(5)
    }
    for case_id in mine:
        await identify(on_both, case_id)
    last = sorted(mine)[-1]
    await do(ana, last, "withdrawal", REASON)
    seen: list[str] = []
    path: str | None = f"{HANDOFFS}?assignee=lister&limit=2"
    while path is not None:
        answer = await ana.get(path)
        assert answer.links.get("next", {}).get("url") == answer.json()["links"]["next"]
        seen += [each["case_id"] for each in answer.json()["handoffs"]]
        path = answer.json()["links"]["next"]
    assert sorted(seen) == sorted(mine)

    async def found(**query: str) -> set[str]:
        answer = await ana.get(HANDOFFS, assignee="lister", **query)
        assert answer.status_code == 200, answer.text
        return {each["case_id"] for each in answer.json()["handoffs"]}

    assert await found(open="true") == mine - {last}
    assert await found(stage="closed") == {last}
    assert len(await found(customer_id="listed-3")) == 1
    assert await found(receiving_party="nobody") == set()
    assert await found(receiving_party=PARTY) == mine
    assert await found(due_before="2020-01-01T00:00:00Z") == set()
    is_problem(await ana.get(HANDOFFS, cursor="AAAA"), "invalid-value")


async def test_the_task_of_a_receiving_party_leads_to_its_handoff(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await offered(callers, "task", receiving={**RECEIVING, "party": "task-party"})
    (task,) = (await ana.get("/v1/tasks", assignee="task-party")).json()["tasks"]
    assert (task["kind"], task["links"]["self"]) == (
        "handoff_acknowledgement", f"{HANDOFFS}/{case_id}",
    )  # fmt: skip


async def test_acknowledging_an_escalation_that_is_none_does_not_deny_the_case(
    callers: Callers,
) -> None:
    ana, leader = await callers.of(Role.CSR), await callers.of(Role.TEAM_LEADER)
    case_id = await open_handoff(ana, "no such rung")
    answer = await report(leader, case_id, "escalations/nothing/1/acknowledgement", {"level": 1})
    is_problem(answer, "case-not-found")
    assert answer.json()["detail"] == "No case has such an escalation."
