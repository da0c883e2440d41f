"""One stream of lines that say which case and where, and hold no customer's words."""

import asyncio
import gc
import io
import json
import logging
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from temporalio.client import Client
from temporalio.worker import Worker

from runtime.devserver import DevServer
from runtime.logging import configure_logging
from runtime.temporal import connect
from tests.keyrings import shared_keyring
from tests.runtime.canary import CANARY, BrokenWorkflow, CanaryWorkflow, Request, fail


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def line(stream: io.StringIO, event: str) -> dict[str, Any]:
    return next(line for line in lines(stream) if line["event"] == event)


async def run_canary(client: Client) -> None:
    queue = f"canary-{uuid.uuid4()}"
    request = Request(case_id="C-17", text=CANARY)
    with ThreadPoolExecutor(1) as threads:
        async with Worker(
            client,
            task_queue=queue,
            workflows=[CanaryWorkflow, BrokenWorkflow],
            activities=[fail],
            activity_executor=threads,
        ):
            await client.execute_workflow(
                CanaryWorkflow.run, request, id=f"inquiry-{queue}", task_queue=queue
            )
            broken = await client.start_workflow(
                BrokenWorkflow.run, request, id=f"broken-{queue}", task_queue=queue
            )
            async for event in broken.fetch_history_events(wait_new_event=True):
                if event.HasField("workflow_task_failed_event_attributes"):
                    break
            await broken.terminate()


async def test_a_failing_activity_leaves_no_customers_words_in_the_log(
    server: DevServer, stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    await run_canary(await connect(shared_keyring(), address=server.address))
    captured = capfd.readouterr()
    for text in (stream.getvalue(), captured.out, captured.err):
        assert CANARY not in text
        assert "Miller" not in text
    failed = line(stream, "Completing activity as failed")
    assert failed["error"] == "ApplicationError[NoAccount]"
    assert failed["frames"][-1].startswith("tests/runtime/canary.py:")
    assert failed["causes"][0].startswith("ValueError tests/runtime/canary.py:")
    assert any("Failed activation on workflow" in line["event"] for line in lines(stream))


async def test_an_activitys_lines_name_case_workflow_activity_and_attempt(
    server: DevServer, stream: io.StringIO
) -> None:
    await run_canary(await connect(shared_keyring(), address=server.address))
    attempts = [line for line in lines(stream) if line["event"] == "crm.refused"]
    assert [line["attempt"] for line in attempts] == [1, 2]
    first = attempts[0]
    assert first["case_id"] == "C-17"
    assert first["workflow_id"].startswith("inquiry-canary-")
    assert first["workflow"] == "CanaryWorkflow"
    assert first["activity"] == "fail"
    assert first["entries"] == 3
    assert first["note"] == "[withheld]"


async def test_a_workflows_lines_name_case_and_workflow(
    server: DevServer, stream: io.StringIO
) -> None:
    await run_canary(await connect(shared_keyring(), address=server.address))
    opened = line(stream, "case.opened")
    assert opened["case_id"] == "C-17"
    assert opened["workflow"] == "CanaryWorkflow"
    assert opened["workflow_id"].startswith("inquiry-canary-")
    assert opened["run_id"]
    assert line(stream, "case.failed")["error"] == "ActivityError"


def test_a_line_has_its_moment_level_and_logger(stream: io.StringIO) -> None:
    structlog.stdlib.get_logger("workers.main").info("worker.started", task_queue="handrail")
    started = line(stream, "worker.started")
    assert datetime.fromisoformat(started["timestamp"]).tzinfo == UTC
    assert started["level"] == "info"
    assert started["logger"] == "workers.main"
    assert started["task_queue"] == "handrail"


def test_a_librarys_line_keeps_its_fixed_text_only(stream: io.StringIO) -> None:
    logging.getLogger("psycopg.pool").warning("could not connect: %s", CANARY)
    logging.getLogger("some.client").error(f"refused: {CANARY}")  # noqa: G004
    logging.getLogger("uvicorn.error").info("Listening on port %d", 8000)
    assert [line["event"] for line in lines(stream)] == [
        "could not connect",
        "refused",
        "Listening on port 8000",
    ]


def test_a_sentence_in_place_of_an_event_is_withheld(stream: io.StringIO) -> None:
    structlog.stdlib.get_logger().info(f"called {CANARY}")
    assert lines(stream)[0]["event"] == "[withheld]"


async def test_an_error_that_nobody_awaited_is_logged_without_its_message(
    stream: io.StringIO,
) -> None:
    async def fail_alone() -> None:
        raise ValueError(CANARY)

    task = asyncio.create_task(fail_alone())
    await asyncio.wait({task})
    del task
    gc.collect()
    assert line(stream, "Task exception was never retrieved")["error"] == "ValueError"
    assert CANARY not in stream.getvalue()


def test_a_crash_is_a_line_of_the_stream(stream: io.StringIO) -> None:
    sys.excepthook(ValueError, ValueError(CANARY), None)
    assert line(stream, "process.crashed")["error"] == "ValueError"
    assert CANARY not in stream.getvalue()


def test_several_errors_at_once_are_all_named(stream: io.StringIO) -> None:
    errors = ExceptionGroup(CANARY, [ValueError(CANARY), KeyError(CANARY)])
    structlog.stdlib.get_logger().error("startup.failed", exc_info=errors)
    failed = line(stream, "startup.failed")
    assert failed["error"] == "ExceptionGroup"
    assert [cause.split()[0] for cause in failed["causes"]] == ["ValueError", "KeyError"]


@pytest.mark.usefixtures("stream")
def test_at_a_terminal_the_lines_are_for_people() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    configure_logging("auto", "INFO", terminal)
    structlog.stdlib.get_logger().info("worker.started", task_queue="handrail")
    assert "worker.started" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
