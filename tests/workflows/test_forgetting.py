"""An erasure waits until Temporal shows nothing more of its cases, without a history that grows."""

import logging
from collections.abc import AsyncIterator, Collection
from dataclasses import replace

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.disposing import ALARM_AT_ATTEMPT, CaseIds, DisposalActivities
from adapters.disposal import SqlRecords
from adapters.key_disposal import KeyDisposal
from runtime.devserver import DevServer
from runtime.histories import TemporalHistories
from sop.policy import Policy
from sop.privacy.models import RequestKind
from tests.databases import Fresh
from tests.desk import CONFIRMED, RESOLVED, VERIFIED, Desk, a_desk, a_worker, eventually
from tests.keyrings import shared_key_store, shared_keyring
from tests.privacy import APPROVED, RELEASED, asked
from tests.privacy import VERIFIED as REQUESTER_VERIFIED

pytestmark = pytest.mark.clause("HOF-5.1")


class Lingering(TemporalHistories):
    """Temporal's lists still show what was deleted, as long as the test says so."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.shows = True

    async def remembered(self, case_ids: Collection[str]) -> frozenset[str]:
        """Return all, then what the server really shows."""
        return frozenset(case_ids) if self.shows else await super().remembered(case_ids)


@pytest_asyncio.fixture
async def house(
    server: DevServer, policy: Policy, fresh_sqlite: Fresh
) -> AsyncIterator[tuple[Desk, DisposalActivities, Lingering]]:
    with fresh_sqlite() as url:
        async with a_desk(server, str(url), "forgetting", policy, staffed=False) as desk:
            histories = Lingering(desk.client)
            keys = KeyDisposal(shared_key_store(), shared_keyring())
            disposal = DisposalActivities(keys, SqlRecords(desk.database), histories)
            async with a_worker(desk, disposal=disposal):
                yield desk, disposal, histories


@pytest.mark.timeout(300)
async def test_what_temporal_still_shows_is_asked_again_and_adds_no_event(
    house: tuple[Desk, DisposalActivities, Lingering],
) -> None:
    desk, _, histories = house
    case_id = await desk.open("lingers", customer_id="c-lingers")
    await desk.do(case_id, VERIFIED, RESOLVED, CONFIRMED)
    await desk.handle(case_id).result()
    request_id = await asked(desk, "erase what lingers", RequestKind.ERASURE, "c-lingers")
    await desk.do(request_id, REQUESTER_VERIFIED, APPROVED, RELEASED)
    await eventually(lambda: _attempts(desk, request_id, 2), within=60)
    before = await desk.events(request_id)
    await eventually(lambda: _attempts(desk, request_id, 4), within=60)
    assert await desk.events(request_id) == before
    histories.shows = False
    await desk.journal_holds(request_id, "erasure.done")


async def _attempts(desk: Desk, request_id: str, number: int) -> bool:
    """Return whether the look at the histories was tried so often."""
    described = await desk.handle(request_id).describe()
    pending = described.raw_description.pending_activities
    return any(
        each.activity_type.name == "forget_histories" and each.attempt >= number for each in pending
    )


async def test_half_an_hour_later_it_is_an_alarm(
    house: tuple[Desk, DisposalActivities, Lingering], caplog: pytest.LogCaptureFixture
) -> None:
    _, disposal, _ = house
    environment = ActivityEnvironment()
    for attempt, alarms in ((ALARM_AT_ATTEMPT - 1, 0), (ALARM_AT_ATTEMPT, 1)):
        environment.info = replace(environment.info, attempt=attempt)
        with pytest.raises(ApplicationError) as waits:
            await environment.run(disposal.forget_histories, CaseIds(case_ids=("inquiry-1",)))
        assert (waits.value.type, waits.value.non_retryable) == ("HistoriesStillShownError", False)
        told = [r for r in caplog.records if r.getMessage().startswith("erasure.histories_left")]
        assert [record.levelno for record in told] == [logging.ERROR] * alarms
