"""Cases that began under an earlier release go on under this one."""

import asyncio
import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from runtime.temporal import HandrailPlugin
from sop import steps as inquiry
from sop.duty import duty
from sop.handoff import handoff
from sop.incident import incident
from sop.messages import Acknowledge, Command
from sop.privacy import request
from tests.keyrings import shared_keyring
from workers.worker import WORKFLOWS

LATER = datetime(9000, 1, 1, tzinfo=UTC)
RECORDED = sorted((Path(__file__).parent / "histories").rglob("*.json"))


@pytest.mark.clause("HOF-8")
@pytest.mark.parametrize("file", RECORDED, ids=lambda file: f"{file.parent.name}/{file.stem}")
async def test_a_recorded_history_replays(file: Path) -> None:
    history = WorkflowHistory.from_json(file.stem, await asyncio.to_thread(file.read_text))
    # Recorded in clear, so that a change of them can be read.
    plugin = HandrailPlugin(shared_keyring(), namespace="default", plain_until=LATER)
    await Replayer(workflows=WORKFLOWS, plugins=[plugin]).replay_workflow(history)


def test_every_outcome_and_every_step_is_among_the_histories() -> None:
    recorded = "".join(file.read_text() for file in RECORDED)
    procedures = (inquiry.STEPS, handoff.STEPS, incident.STEPS, duty.STEPS, request.STEPS)
    commands: list[type[Command]] = [Acknowledge, *(step for steps in procedures for step in steps)]
    names = {command.step for command in commands}
    assert {name for name in names if f'"name": "{name}"' not in recorded} == set()


def test_every_workflow_has_a_history_of_this_version() -> None:
    recorded = {_type(file) for file in RECORDED if file.parent.name == version("handrail")}
    assert {each.__name__ for each in WORKFLOWS} - recorded == set()


def _type(file: Path) -> str:
    began = json.loads(file.read_text())["events"][0]["workflowExecutionStartedEventAttributes"]
    name: str = began["workflowType"]["name"]
    return name
