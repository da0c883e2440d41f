"""What people write is nowhere in the clear: not in Temporal, not in the CRM, not in a log.

The story is told twice. The second time the keys seal nothing, which proves that the search finds
what there is to find in Temporal and in the CRM. For the log the proof is beside it: the same calls
are written once as they are logged and once whole, in which the search must find something.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.worker import Worker

from activities.key_ports import DataKey, Keyring, UnknownKeyError
from adapters.keyring import SqlKeyring
from runtime.devserver import dev_server
from runtime.logging import configure_logging
from sop.keys import RecordClass
from sop.policy import Policy
from tests.api.callers import Callers, serve
from tests.desk import Desk, a_desk, eventually, sqlite_url
from tests.keyrings import a_keyring
from tests.proof.canary import MARK, Recorder, Sent, canary, free_texts, hits, needles
from tests.proof.failing import Failing, FailingChild, Words, fail
from tests.proof.reading import read_all
from tests.proof.story import NUMBERS, TRACKING, Teller
from workflows.search_attributes import SEARCH_ATTRIBUTES

COMPARED_AND_FORGOTTEN = {canary("answer"), canary("passport").replace(" ", "")}
"""What customers present is kept nowhere, sealed or not (HOF-4.1)."""

LOG, AS_CALLED = Path("log", "all.log"), Path("as-called", "all.log")

EXPECTED = {
    "adapters.oncall", "api.authentication", "api.codec.login", "api.request_log", "runtime.codec",
    "temporalio.core", "temporalio.worker._activity", "temporalio.worker._workflow",
    "uvicorn.error",
}  # fmt: skip
"""Loggers of ours and of libraries that have something to say of a day at the desk, at DEBUG."""

GIVEN_CANARIES = {
    "temporalio.activity", "temporalio.worker._workflow_instance", "temporalio.workflow",
}  # fmt: skip
"""Loggers whose lines would hold what people write, if nothing withheld it."""

READ = ("text", "note", "handoff text", "incident note", "findings")
"""What an auditor reads through the codec server; its log is searched with the others."""

WRITTEN_OTHERWISE = {
    # A number with a check digit; the search looks for it, too.
    ("POST /v1/handoffs/{case_id}/transfer", ".tracking_number"),
    # The canary is the name in the certificate; the search reads base64.
    ("PUT /v1/receiving-parties/{party}/certificate", ".certificate"),
}


@dataclass(frozen=True)
class ClearKey:
    """A key that seals nothing: for the control."""

    owner: str
    record_class: RecordClass

    @property
    def key_id(self) -> str:
        """Whose key it is: so the control needs no store."""
        return f"{self.owner}|{self.record_class}".encode().hex()

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Return what should be sealed."""
        return plain

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return it again."""
        return sealed


class ClearKeyring:
    """A keyring of such keys."""

    def known(self, owner: str, record_class: RecordClass) -> DataKey:
        """Return a key."""
        return ClearKey(owner, record_class)

    def known_by_id(self, key_id: str) -> DataKey | None:
        """Return a key."""
        try:
            owner, _, record_class = bytes.fromhex(key_id).decode().rpartition("|")
            return ClearKey(owner, RecordClass(record_class))
        except ValueError:
            return None

    def obtain(
        self, owner: str, classes: Collection[RecordClass], *, likely_new: bool = False
    ) -> Mapping[RecordClass, DataKey]:
        """Return keys."""
        return {which: ClearKey(owner, which) for which in classes}

    def find(self, key_ids: Collection[str]) -> Mapping[str, DataKey]:
        """Return keys."""
        return {key_id: key for key_id in key_ids if (key := self.known_by_id(key_id))}

    def destroyed(self, key_ids: Collection[str]) -> frozenset[str]:
        """Return none."""
        return frozenset()

    def is_destroyed(self, owner: str, record_class: RecordClass) -> bool:
        """Say no."""
        return False

    def open_by_id(self, key_id: str) -> DataKey:
        """Return a key."""
        key = self.known_by_id(key_id)
        if key is None:
            raise UnknownKeyError("none")
        return key


@dataclass
class Told:
    """What is left of a story: its directory, and which texts were accepted."""

    directory: Path
    shown: list[str] = field(default_factory=list)
    sent: Sent = field(default_factory=Sent)
    expected: set[tuple[str, str]] = field(default_factory=set)

    def files(self, part: str) -> list[Path]:
        """Return the files of a part: `temporal`, `crm`, `keys`, `log`, `as-called`."""
        return [path for path in (self.directory / part).rglob("*") if path.is_file()]


class Whole(logging.Formatter):
    """A line with all that it was called with: what redaction is given."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the logger's name, and everything else."""
        error = self.formatException(record.exc_info) if record.exc_info else ""
        whole = f"{record.getMessage()} {vars(record)} {error}"
        return json.dumps({"logger": record.name, "whole": whole})


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a log."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@asynccontextmanager
async def logged(directory: Path) -> AsyncIterator[None]:
    """Log everything, at DEBUG, as a process does that was told to; and beside it, whole."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    with (directory / LOG).open("w") as stream, (directory / AS_CALLED).open("w") as unredacted:
        configure_logging("json", "DEBUG", stream)
        whole = logging.StreamHandler(unredacted)
        whole.setFormatter(Whole())
        root.addHandler(whole)
        try:
            yield
        finally:
            root.handlers[:] = before
            root.setLevel(level)
            logging.captureWarnings(capture=False)


async def tell(directory: Path, policy: Policy, keyring: Keyring) -> Told:
    """Tell the story on a server, a CRM and a log of its own."""
    told = Told(directory)
    for part in ("temporal", "crm", "log", "as-called"):
        (directory / part).mkdir()
    async with (
        logged(directory),
        dev_server(
            directory / "temporal", time_skipping=True, search_attributes=SEARCH_ATTRIBUTES
        ) as server,
        a_desk(server, sqlite_url(directory / "crm"), "canary", policy, keyring=keyring) as desk,
        serve(desk) as app,
        Callers(app, desk.database) as callers,
    ):
        openapi = app.openapi()
        told.expected = free_texts(openapi)
        callers.watch = lambda inner: Recorder(inner, openapi, told.sent)
        await Teller(callers, desk).tell()
        await fail_in_every_way(desk)
        if isinstance(keyring, SqlKeyring):
            told.shown = await read_all(desk, keyring)
    return told


async def fail_in_every_way(desk: Desk) -> None:
    """Let workflows and activities fail with canaries in whatever takes words."""
    words, queue = Words(text=canary("failure")), "failing"
    with ThreadPoolExecutor(2) as threads:
        async with Worker(
            desk.client,
            task_queue=queue,
            workflows=[Failing, FailingChild],
            activities=[fail],
            activity_executor=threads,
        ):
            handle = await desk.client.start_workflow(
                Failing.run, words, id="failing", task_queue=queue, memo={"first": words},
                static_summary=words.text, static_details=words.text,
            )  # fmt: skip
            with pytest.raises(WorkflowUpdateFailedError):
                await handle.execute_update(Failing.note, words)
            assert await handle.query(Failing.said, words) == words.text

            async def slept() -> bool:
                return "timer_fired" in await desk.events("failing")

            await eventually(slept)
            await handle.signal(Failing.stick, words)

            async def stuck() -> bool:
                return "workflow_task_failed" in await desk.events("failing")

            await eventually(stuck)
            await handle.terminate(words, reason="an operator ends it")


@pytest.mark.clause("INQ-7.2", "HOF-5.2")
@pytest.mark.timeout(300)
async def test_nothing_that_people_write_stands_anywhere_in_the_clear(
    policy: Policy, tmp_path: Path
) -> None:
    (tmp_path / "keys").mkdir()
    keyring = await asyncio.to_thread(a_keyring, tmp_path / "keys")
    told = await tell(tmp_path, policy, keyring)
    left_out = told.expected - told.sent.fields - WRITTEN_OTHERWISE
    assert left_out == set(), "the story leaves out where one can write"
    for part in ("temporal", "crm", "keys", "log"):
        assert told.files(part), f"there is nothing to search in {part}"
        assert hits(told.files(part), *NUMBERS) == []
    shown = "\n".join(told.shown)
    assert [text for text in READ if canary(text) not in shown] == []
    # What was logged is there to be searched, and had canaries in it before redaction.
    speakers = {line["logger"] for line in lines(tmp_path / LOG)}
    assert speakers >= EXPECTED | GIVEN_CANARIES
    bearing = {line["logger"] for line in lines(tmp_path / AS_CALLED) if MARK in line["whole"]}
    assert bearing >= GIVEN_CANARIES, "redaction was given nothing to withhold"


@pytest.mark.timeout(300)
async def test_the_search_finds_what_is_not_sealed(policy: Policy, tmp_path: Path) -> None:
    told = await tell(tmp_path, policy, ClearKeyring())
    files = [*told.files("temporal"), *told.files("crm")]
    content = b"".join(file.read_bytes() for file in files).lower()
    unseen = {
        text
        for text in told.sent.texts | {canary("failure"), TRACKING}
        if not any(needle.lower() in content for needle in needles(text))
    }
    assert unseen == COMPARED_AND_FORGOTTEN
    for part in ("temporal", "crm"):
        assert hits(told.files(part)), f"the search sees nothing in {part}"
