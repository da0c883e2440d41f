"""A running case and its keys: outages, erasure, and what an intruder sends past the gateway."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Connection, delete, insert, select, update
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError

from adapters.key_tables import data_keys
from adapters.keyring import SqlKeyring, open_keyring
from runtime.cases import Cases
from runtime.devserver import DevServer
from runtime.temporal import CodecMissingError, NoKeys, connect
from sop import messages as m
from sop.keys import classes_at_start
from sop.policy import Policy
from tests.desk import ANNA, Desk, a_desk, a_worker, eventually, sqlite_url
from tests.keyrings import a_keyring


@pytest_asyncio.fixture
async def guarded(server: DevServer, policy: Policy, tmp_path: Path) -> AsyncIterator[Desk]:
    """Run a desk with a key store of its own, which a test may take away."""
    keyring = a_keyring(tmp_path)
    async with a_desk(server, sqlite_url(tmp_path), "guarded", policy, keyring=keyring) as desk:
        yield desk


@pytest.mark.clause("HOF-5.1")
async def test_a_case_whose_key_is_erased_ends_with_a_tombstone_and_tries_no_more(
    guarded: Desk,
) -> None:
    case_id = await guarded.open("erased in flight")
    _erase(guarded, case_id)
    # Whatever wakes the case: here a step, which nobody can read any more.
    await guarded.client.get_workflow_handle(case_id).signal("escalation_reported")

    async def failed() -> bool:
        described = await guarded.client.get_workflow_handle(case_id).describe()
        return described.status is WorkflowExecutionStatus.FAILED

    await eventually(failed, within=60)
    with pytest.raises(WorkflowFailureError):
        await guarded.client.get_workflow_handle(case_id).result()


@pytest.mark.clause("INQ-4.5.1")
async def test_a_case_whose_key_is_unknown_waits_and_goes_on_when_the_key_store_is_restored(
    server: DevServer, policy: Policy, tmp_path: Path
) -> None:
    """The server asks again after 10 s, then less and less often; nothing fails the case."""
    keyring = a_keyring(tmp_path)
    url = sqlite_url(tmp_path)
    async with a_desk(server, url, "lost", policy, staffed=False, keyring=keyring) as desk:
        case_id = await desk.open("key lost and restored")
        mine = data_keys.c.owner == case_id
        lost = keyring._database.rows(select(data_keys).where(mine))

        def put(rows: list[dict[str, Any]]) -> None:
            def write(connection: Connection) -> None:
                connection.execute(delete(data_keys).where(mine))
                if rows:
                    connection.execute(insert(data_keys), rows)

            keyring._database.write(write)
            keyring.forget([case_id])

        async def is_tried_again() -> bool:
            described = await desk.handle(case_id).describe()
            return described.raw_description.pending_workflow_task.attempt > 1

        await asyncio.to_thread(put, [])
        async with a_worker(desk):
            await eventually(is_tried_again, within=60)
            assert "workflow_task_failed" in await desk.events(case_id)
            await asyncio.to_thread(put, lost)
            await eventually(lambda: _is_recorded(desk, case_id), within=120)


async def _is_recorded(desk: Desk, case_id: str) -> bool:
    return "inquiry.opened" in await desk.kinds(case_id)


@pytest.mark.clause("INQ-4.5.1")
async def test_an_outage_of_the_key_store_holds_a_case_up_and_loses_nothing(
    guarded: Desk, server: DevServer, tmp_path: Path
) -> None:
    case_id = await guarded.open("keys away")
    elsewhere = open_keyring(f"sqlite:///{tmp_path / 'keys.db'}", f"local:{tmp_path / 'kek.json'}")
    elsewhere.obtain(case_id, classes_at_start(case_id))  # another process has the keys at hand
    caller = await connect(elsewhere, address=server.address)
    async with _keys_away(guarded, elsewhere, tmp_path):
        note = m.AddNote(actor=ANNA, text="Called back.")
        step = asyncio.create_task(
            caller.get_workflow_handle(case_id).execute_update("add_note", note, id="note-1")
        )
        await eventually(lambda: _task_failed(guarded, case_id))
        assert not step.done()
    await asyncio.wait_for(step, 60)
    assert (await guarded.kinds(case_id)).count("note.added") == 1


async def test_a_step_in_clear_is_turned_away_and_the_case_goes_on(
    guarded: Desk, server: DevServer
) -> None:
    case_id = await guarded.open("intruder")
    intruder = await Client.connect(server.address)
    with pytest.raises(WorkflowUpdateFailedError):
        await intruder.get_workflow_handle(case_id).execute_update(
            "add_note", {"actor": {"principal": "anna", "role": "csr"}, "text": "Hello."}
        )
    receipt = await guarded.do(case_id, m.AddNote(actor=ANNA, text="Still here."))
    assert receipt.recorded


async def test_a_signal_in_clear_is_dropped_and_the_case_goes_on(
    guarded: Desk, server: DevServer
) -> None:
    case_id = await guarded.open("intruder by signal")
    intruder = await Client.connect(server.address)
    await intruder.get_workflow_handle(case_id).signal("escalation_reported", {"rung": "urgent"})
    receipt = await guarded.do(case_id, m.AddNote(actor=ANNA, text="Still here."))
    assert receipt.recorded


async def test_a_worker_or_a_gateway_without_the_codec_does_not_start(
    guarded: Desk, server: DevServer, policy: Policy
) -> None:
    for client in (
        await Client.connect(server.address),
        await connect(NoKeys(), address=server.address),
    ):
        desk = Desk(client, guarded.cases, guarded.database, guarded.reads, "guarded")
        with pytest.raises(CodecMissingError, match="in clear"):
            a_worker(desk)
        with pytest.raises(CodecMissingError):
            Cases(
                client,
                policy,
                task_queue="guarded",
                records=guarded.reads,
                theirs=lambda *_: frozenset(),
                training=guarded.cases._training,
                ui="",
            )


async def test_a_refusal_still_reaches_its_caller_with_its_details(guarded: Desk) -> None:
    case_id = await guarded.open("guarded and refused", reception=None)
    with pytest.raises(WorkflowUpdateFailedError) as told:
        await guarded.handle(case_id).execute_update(
            "resolve", m.Resolve(actor=ANNA, resolution="Paid back.", customer_confirmed=True)
        )
    cause = told.value.cause
    assert isinstance(cause, ApplicationError)
    [detail] = cause.details
    assert cause.type == detail["code"]


def _keyring(desk: Desk) -> SqlKeyring:
    codec = desk.client.data_converter.payload_codec
    return codec.keyring  # type: ignore[union-attr,no-any-return]


def _erase(desk: Desk, owner: str) -> None:
    keyring = _keyring(desk)
    gone = update(data_keys).where(data_keys.c.owner == owner).values(wrapped=None)
    keyring._database.write(lambda connection: connection.execute(gone))
    keyring.forget([owner])


@asynccontextmanager
async def _keys_away(desk: Desk, elsewhere: SqlKeyring, directory: Path) -> AsyncIterator[None]:
    """Take the key store away; the desk has no key at hand, and another process has."""
    store = directory / "keys.db"
    _keyring(desk).close()
    elsewhere._database.close()
    store.rename(directory / "away")
    store.mkdir()
    yield
    store.rmdir()
    (directory / "away").rename(store)


async def _task_failed(desk: Desk, case_id: str) -> bool:
    return "workflow_task_failed" in await desk.events(case_id)
