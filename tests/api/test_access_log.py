"""`GET /v1/access-log`: who was shown what, for auditors and privacy officers (HOF-5.3)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.access_log import AccessLog
from sop.access_log import AccessEntry, Outcome, Via
from sop.models import Role
from tests.api.callers import Callers
from tests.api.test_problems import is_problem

LOG = "/v1/access-log"
BEGINS = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


async def written(callers: Callers, count: int, owner: str) -> list[AccessEntry]:
    """Write entries as the codec server does, an hour apart."""
    entries = [
        AccessEntry(
            entry_id=f"{owner}-{number}",
            at=BEGINS + timedelta(hours=number),
            principal=("ana", "quinn")[number % 2],
            role=Role.CSR,
            via=Via.SESSION,
            action="decode",
            owner=owner,
            key_id="0" * 32,
            count=number + 1,
            outcome=Outcome.OPENED,
        )
        for number in range(count)
    ]
    await asyncio.to_thread(AccessLog(callers.database).record, entries)
    return entries


@pytest.mark.clause("HOF-5.3", "INQ-7.2")
async def test_the_log_is_read_page_by_page_the_oldest_first(on_both: Callers) -> None:
    auditor, owner = await on_both.of(Role.AUDITOR), f"inquiry-pages{on_both.desk}"
    made = await written(on_both, 5, owner)
    paths, seen = [f"{LOG}?case_id={owner}&limit=2"], []
    for path in paths:
        answer = await auditor.get(path)
        page = answer.json()
        seen += page["entries"]
        if following := page["links"]["next"]:
            assert answer.headers["Link"] == f'<{following}>; rel="next"'
            paths.append(following)
    assert len(paths) == 3
    assert [entry["entry_id"] for entry in seen] == [entry.entry_id for entry in made]
    assert [entry["count"] for entry in seen] == [1, 2, 3, 4, 5]


async def test_the_log_is_filtered_by_person_and_time(on_both: Callers) -> None:
    paula, owner = await on_both.of(Role.PRIVACY_OFFICER), f"inquiry-filtered{on_both.desk}"
    await written(on_both, 6, owner)
    asked = f"{LOG}?case_id={owner}&principal=ana&from=2026-11-02T09:00:00Z&to=2026-11-02T12:00:00Z"
    assert [e["count"] for e in (await paula.get(asked)).json()["entries"]] == [3]


async def test_only_auditors_and_privacy_officers_read_it(callers: Callers) -> None:
    for role in (Role.CSR, Role.TEAM_LEADER, Role.DUTY_MANAGER, Role.OPERATOR, Role.SERVICE):
        is_problem(await (await callers.of(role)).get(LOG), "not-allowed")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("limit=0", "invalid-request"),
        ("from=yesterday", "invalid-request"),
        ("case=inquiry-1", "invalid-request"),
        ("cursor=bm9uc2Vuc2U", "invalid-value"),
    ],
)
async def test_what_cannot_be_asked_is_told(callers: Callers, query: str, problem: str) -> None:
    auditor = await callers.of(Role.AUDITOR)
    is_problem(await auditor.get(f"{LOG}?{query}"), problem)
