"""Deadlines on a business calendar are computed within workflows, in the sandbox."""

import zoneinfo
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from temporalio.worker import Replayer, Worker

from runtime.devserver import DevServer
from runtime.temporal import connect
from sop.calendar import WEEKDAYS, Calendar, Pause, _zone, add_working
from tests.keyrings import shared_keyring
from tests.workflows.deadline_workflow import DeadlineWorkflow

# The night in which Berlin's clocks go back; a pause that covers one reading of 02:30 to the other.
START = datetime.fromisoformat("2026-10-24T21:00+02:00")
PAUSE = Pause(start=START + timedelta(hours=5.5), end=START + timedelta(hours=6.5))
NIGHTS = Calendar.model_validate(
    {
        "name": "nights",
        "time_zone": "Europe/Berlin",
        "weekly": dict.fromkeys(WEEKDAYS, ("22:00-06:00", "09:00-12:30")),
        "holidays": ["2026-10-25"],
    }
)


@pytest.fixture(params=["system", "wheel"])
def unread_time_zones(request: pytest.FixtureRequest) -> Iterator[str]:
    """Forget all time zones: the workflow must read them, from the system or from the wheel."""
    source: str = request.param
    if source == "wheel":
        zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    _zone.cache_clear()
    yield source
    zoneinfo.reset_tzpath()


async def test_a_workflow_computes_and_replays_a_deadline_over_a_night_on_which_clocks_change(
    server: DevServer, unread_time_zones: str
) -> None:
    client = await connect(shared_keyring(), address=server.address)
    amount = timedelta(hours=12)
    queue = f"deadlines by {unread_time_zones}"
    async with Worker(client, task_queue=queue, workflows=[DeadlineWorkflow]):
        handle = await client.start_workflow(
            DeadlineWorkflow.run,
            args=[NIGHTS, START, amount, PAUSE],
            id=f"deadline-{unread_time_zones}",
            task_queue=queue,
            execution_timeout=timedelta(seconds=60),
        )
        due, in_sandbox = await handle.result()

    assert in_sandbox
    # Saturday's night has nine hours, less the paused one; Sunday is a holiday; Monday morning
    # has three and a half; half an hour is left for the evening.
    assert due == datetime.fromisoformat("2026-10-26T22:30+01:00")
    assert due == add_working(NIGHTS, START, amount, [PAUSE])

    replayer = Replayer(workflows=[DeadlineWorkflow], data_converter=client.data_converter)
    await replayer.replay_workflow(await handle.fetch_history())
