"""What nobody can look up is judged by Temporal or by the case itself (HOF-5.3)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from activities.ports import CrmUnavailableError
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.migrate import upgrade
from api.parts import Parts
from api.sight import chain_of, require_access
from runtime.case_errors import UnknownCaseError
from sop.errors import NotAllowedError
from sop.models import Actor, Role
from sop.object_rules import ObjectFacts, ObjectKind
from sop.policy import Policy
from tests.api.callers import Callers, inquiry
from tests.api.handing import HANDOFFS, handoff
from tests.api.test_health import an_api
from tests.api.test_problems import is_problem
from tests.desk import Desk, sqlite_url

pytestmark = pytest.mark.clause("HOF-5.3", "INQ-7.2")

NOTE = {"text": "x"}
OPENED = {"reception": None, "classification": None, "assignee": "csr"}


@pytest_asyncio.fixture
async def elsewhere(desk: Desk, policy: Policy, tmp_path: Path) -> AsyncIterator[Callers]:
    """Run the API on a CRM that has none of the cases that Temporal has."""
    url = sqlite_url(tmp_path)
    await asyncio.to_thread(upgrade, url)
    async with an_api(policy, url, desk.client) as callers:
        yield callers


async def test_what_the_crm_does_not_have_yet_exists_for_the_service_that_opened_it_alone(
    callers: Callers, elsewhere: Callers
) -> None:
    case_id = await (await callers.of(Role.SERVICE)).open("not recorded", **OPENED)
    page = f"/v1/inquiries/{case_id}"
    service = await elsewhere.of(Role.SERVICE)
    shop = await elsewhere.person("shop", Role.SERVICE)
    for part in ("", "/timeline", "/escalations", "/certificate"):
        assert (await service.get(page + part)).status_code == 200, part
        is_problem(await shop.get(page + part), "case-not-found")
    assert (await service.get(page)).json()["recorded"] is False
    assert (await service.post(f"{page}/notes", NOTE)).status_code == 200
    is_problem(await shop.post(f"{page}/notes", NOTE), "case-not-found")
    is_problem(await shop.post(f"{page}/notes", {}), "case-not-found")


async def test_the_case_itself_refuses_what_the_route_could_not_judge(
    callers: Callers, elsewhere: Callers
) -> None:
    case_id = await (await callers.of(Role.SERVICE)).open("judged by itself", **OPENED)
    page = f"/v1/inquiries/{case_id}"
    csr, ben = await elsewhere.of(Role.CSR), await elsewhere.person("ben", Role.CSR)
    question = {"question": "Which of the two?"}
    is_problem(await ben.post(f"{page}/waits", question), "not-allowed", clause="HOF-5.3")
    assert (await csr.post(f"{page}/waits", question)).status_code == 200
    taken = await ben.post(f"{page}/assignment", {"assignee": "ben"})
    assert taken.status_code == 200
    resumed = {"reason": "The customer called."}
    is_problem(await csr.post(f"{page}/resumption", resumed), "not-allowed", clause="HOF-5.3")
    assert (await ben.post(f"{page}/resumption", resumed)).status_code == 200


async def test_a_handoff_that_its_inquiry_opened_exists_for_a_service_once_the_crm_has_it(
    callers: Callers, elsewhere: Callers
) -> None:
    service = await callers.of(Role.SERVICE)
    case_id = await service.open("with a handoff", **OPENED)
    body = handoff(inquiry_id=case_id, inquiry_waits=False)
    opened = await service.post(HANDOFFS, body, "by a service")
    assert opened.status_code == 202, opened.text
    page = opened.headers["Location"]
    is_problem(await (await elsewhere.of(Role.SERVICE)).get(page), "case-not-found")
    for party in (Role.RECEIVING_PARTY, Role.OPERATOR):
        answer = await (await elsewhere.of(party)).get(page)
        assert answer.status_code == (200 if party is Role.OPERATOR else 404)


async def test_while_the_crm_is_away_the_case_judges_or_nobody_can(
    callers: Callers, tmp_path: Path
) -> None:
    service = await callers.of(Role.SERVICE)
    opened = await service.post("/v1/inquiries", inquiry(**OPENED), "judged while away")
    case_id = opened.json()["case_id"]
    parts: Parts = callers.app.state.parts
    with closing(Database(sqlite_url(tmp_path / "missing"))) as nowhere:
        away = replace(parts, reads=CrmReads(nowhere))
        await require_access(away, Actor(principal="ben", role=Role.CSR), "resolve", case_id)
        theirs = Actor(principal="service", role=Role.SERVICE)
        await require_access(away, theirs, "read", case_id)
        for principal, role, action, named in (
            ("shop", Role.SERVICE, "read", case_id),
            ("ups", Role.SERVICE, "report_courier", case_id),
            ("archive", Role.RECEIVING_PARTY, "identify", case_id),
        ):
            with pytest.raises(CrmUnavailableError):
                await require_access(away, Actor(principal=principal, role=role), action, named)
        with pytest.raises(UnknownCaseError):
            await require_access(away, theirs, "read", "inquiry-00000000000000000000")


@pytest.mark.parametrize("case_id", ["", "x", "inquiry-", "inquiry-\x00", "escalation-inquiry-1"])
async def test_what_is_no_id_is_no_case(callers: Callers, case_id: str) -> None:
    auditor = Actor(principal="auditor", role=Role.AUDITOR)
    with pytest.raises(UnknownCaseError):
        await require_access(callers.app.state.parts, auditor, "read", case_id)


async def test_the_chain_of_a_rung_is_known_under_the_policy_in_force_and_no_other(
    callers: Callers, desk: Desk, policy: Policy
) -> None:
    pinned = ObjectFacts(kind=ObjectKind.INQUIRY, policy_version=policy.case.version)
    leaders = (Role.TEAM_LEADER, Role.DUTY_MANAGER)
    assert chain_of(policy, pinned, "urgent") == leaders
    assert chain_of(policy, pinned, "no_such_rung") is None
    assert chain_of(policy, pinned.model_copy(update={"policy_version": "old"}), "urgent") is None
    assert chain_of(policy, ObjectFacts(), "urgent") is None
    case_id = await (await callers.of(Role.CSR)).open("an expert is not called")
    parts: Parts = callers.app.state.parts
    expert = Actor(principal="emil", role=Role.SUBJECT_MATTER_EXPERT)
    await desk.journal_holds(case_id, "inquiry.opened")
    with pytest.raises(NotAllowedError, match="chain"):
        await _acknowledges(parts, expert, case_id)
    await _acknowledges(parts, Actor(principal="lena", role=Role.TEAM_LEADER), case_id)


async def _acknowledges(parts: Parts, actor: Actor, case_id: str) -> None:
    await require_access(parts, actor, "acknowledge", case_id, rung="urgent")
