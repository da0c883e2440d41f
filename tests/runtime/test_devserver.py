"""The embedded server: one to a state directory, and nothing lost when its process is killed."""

import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from temporalio.testing import TimeSkipper
from temporalio.worker import Worker

from runtime.devserver import DevServer, DevServerError, dev_server
from runtime.run_file import AlreadyRunningError, find_running
from runtime.temporal import connect
from tests.keyrings import shared_keyring
from tests.runtime.nap import NapWorkflow

ROOT = Path(__file__).parents[2]
HOLD = """
import asyncio, pathlib, sys
from runtime.devserver import dev_server
from runtime.logging import configure_logging

async def main():
    configure_logging()
    async with dev_server(pathlib.Path(sys.argv[1])) as server:
        server.announce_api("http://127.0.0.1:8000")
        print(server.address, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process whose embedded server runs in `tmp_path`, and answers."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("127.0.0.1:")
            yield process
        finally:
            process.kill()


async def test_it_answers_and_shows_its_pages(server: DevServer) -> None:
    client = await connect(shared_keyring(), address=server.address)
    assert await client.service_client.check_health()
    async with httpx2.AsyncClient() as browser:
        assert (await browser.get(server.ui_url)).status_code == 200


async def test_it_skips_the_time_of_cases(server: DevServer) -> None:
    client = TimeSkipper(await connect(shared_keyring(), address=server.address)).client
    async with Worker(client, task_queue="nap", workflows=[NapWorkflow]):
        slept = await client.execute_workflow(
            NapWorkflow.run, id=f"nap-{uuid.uuid4()}", task_queue="nap"
        )
    assert slept >= timedelta(hours=24).total_seconds()


async def test_a_second_process_is_told_where_the_first_one_runs(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    with pytest.raises(AlreadyRunningError) as told:
        async with dev_server(tmp_path):
            pytest.fail("two servers on one SQLite file")
    assert f"kill {holder.pid}" in str(told.value)
    assert "http://127.0.0.1:8000" in str(told.value)
    running = find_running(tmp_path)
    assert running is not None
    assert running.pid == holder.pid


async def test_a_killed_process_takes_its_server_along_and_loses_no_case(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    running = find_running(tmp_path)
    assert running is not None
    client = await connect(shared_keyring(), address=running.temporal_address)
    await client.start_workflow("Inquiry", id="inquiry-1", task_queue="nobody")
    holder.kill()
    holder.wait()
    async with dev_server(tmp_path) as server:
        client = await connect(shared_keyring(), address=server.address)
        described = await client.get_workflow_handle("inquiry-1").describe()
    assert described.workflow_type == "Inquiry"


async def test_nothing_is_said_to_run_after_the_end(tmp_path: Path) -> None:
    assert find_running(tmp_path) is None
    async with dev_server(tmp_path) as server:
        assert find_running(tmp_path) == server.running
    assert find_running(tmp_path) is None


async def test_it_takes_other_ports_where_the_usual_ones_are_taken(tmp_path: Path) -> None:
    with socket.socket() as usual, socket.socket() as usual_ui:
        for listener, port in ((usual, 7233), (usual_ui, 8233)):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
                listener.listen()
            except OSError:
                pass  # taken by somebody else: as good
        async with dev_server(tmp_path) as server:
            assert not server.address.endswith(":7233")
            assert not server.ui_url.endswith(":8233")


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "temporal.db").write_bytes(b"this is no database" * 1000)
    with pytest.raises(DevServerError, match="file is not a database"):
        async with dev_server(tmp_path):
            pytest.fail("it started")
    assert find_running(tmp_path) is None
