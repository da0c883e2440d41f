"""What Temporal is given opens for its case only, and nothing else is read."""

import io
import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from temporalio.api.common.v1 import Payload
from temporalio.converter import ActivitySerializationContext, WorkflowSerializationContext

from adapters.key_tables import data_keys
from adapters.keyring import SqlKeyring
from runtime.codec import REFUSED, TOMBSTONE, CaseCodec, CodecError, PlainReads, Refusals
from sop.keys import RecordClass
from tests.databases import watch
from tests.keyrings import a_keyring

CANARY = b"my card was charged twice"
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=CANARY)
ONE, TWO = "inquiry-00000000000000000001", "inquiry-00000000000000000002"


@pytest.fixture
def keyring(tmp_path: Path) -> SqlKeyring:
    return a_keyring(tmp_path)


def of(keyring: SqlKeyring, case_id: str, namespace: str = "default") -> CaseCodec:
    context = WorkflowSerializationContext(namespace=namespace, workflow_id=case_id)
    return CaseCodec(keyring, namespace).with_context(context)


async def sealed(keyring: SqlKeyring, case_id: str = ONE) -> Payload:
    [payload] = await of(keyring, case_id).encode([PLAIN])
    return payload


@pytest.mark.clause("INQ-7.2", "HOF-5.2")
async def test_a_payload_is_sealed_and_opens_again(keyring: SqlKeyring) -> None:
    payload = await sealed(keyring)
    assert CANARY not in payload.SerializeToString()
    assert payload.metadata["encoding"] == b"binary/encrypted"
    assert await of(keyring, ONE).decode([payload]) == [PLAIN]


async def test_an_escalation_shares_the_key_of_its_case(keyring: SqlKeyring) -> None:
    payload = await sealed(keyring)
    assert await of(keyring, f"escalation-{ONE}-urgent-1").decode([payload]) == [PLAIN]


async def test_an_activity_seals_with_the_key_of_its_workflow(keyring: SqlKeyring) -> None:
    context = ActivitySerializationContext(
        namespace="default",
        activity_id="1",
        activity_type="flush",
        activity_task_queue="q",
        workflow_id=ONE,
        workflow_type="InquiryWorkflow",
        is_local=True,
    )
    [payload] = await CaseCodec(keyring, "default").with_context(context).encode([PLAIN])
    assert await of(keyring, ONE).decode([payload]) == [PLAIN]


async def test_a_payload_is_worthless_in_another_case_or_namespace(keyring: SqlKeyring) -> None:
    payload = await sealed(keyring)
    await sealed(keyring, TWO)
    assert await of(keyring, TWO).decode([payload]) == [REFUSED]
    assert await of(keyring, ONE, "elsewhere").decode([payload]) == [REFUSED]


async def test_a_payload_under_another_keys_name_is_refused(keyring: SqlKeyring) -> None:
    payload, other = await sealed(keyring), await sealed(keyring, TWO)
    payload.metadata["encryption-key-id"] = other.metadata["encryption-key-id"]
    assert await of(keyring, TWO).decode([payload]) == [REFUSED]
    assert await of(keyring, ONE).decode([payload]) == [REFUSED]


async def test_a_thousand_altered_payloads_are_refused(keyring: SqlKeyring) -> None:
    payload, codec = await sealed(keyring), of(keyring, ONE)
    altered = []
    for _ in range(1000):
        data, place = bytearray(payload.data), secrets.randbelow(len(payload.data))
        data[place] ^= 1 << secrets.randbelow(8)
        altered.append(Payload(metadata=payload.metadata, data=bytes(data)))
    assert await codec.decode(altered) == [REFUSED] * 1000


@pytest.mark.parametrize("key_id", [b"", b"0" * 32, b"\xff\xfe", "\u00fc".encode(), b"x" * 10_000])
async def test_a_key_that_there_is_not_opens_nothing(keyring: SqlKeyring, key_id: bytes) -> None:
    payload = await sealed(keyring)
    payload.metadata["encryption-key-id"] = key_id
    assert await of(keyring, ONE).decode([payload]) == [REFUSED]


async def test_plain_text_is_refused(keyring: SqlKeyring) -> None:
    assert await of(keyring, ONE).decode([PLAIN]) == [REFUSED]


async def test_plain_text_of_an_older_release_is_read_until_the_day_that_is_set(
    keyring: SqlKeyring,
) -> None:
    now, codec = datetime.now(UTC), of(keyring, ONE)
    later = replace(codec, plain_until=now + timedelta(days=1))
    assert await later.decode([PLAIN]) == [PLAIN]
    over = replace(codec, plain_until=now - timedelta(seconds=1))
    assert await over.decode([PLAIN]) == [REFUSED]


async def test_the_log_tells_that_plain_text_was_read_once_a_minute_and_how_often(
    keyring: SqlKeyring, stream: io.StringIO
) -> None:
    now, later = [0.0], datetime.now(UTC) + timedelta(days=1)
    root = CaseCodec(
        keyring, "default", plain_until=later, plain_reads=PlainReads(clock=lambda: now[0])
    )
    contexts = [
        WorkflowSerializationContext(namespace="default", workflow_id=case_id)
        for case_id in (ONE, TWO)
    ]
    for seconds in (0.0, 1.0, 59.0, 60.0):
        now[0] = seconds
        for context in contexts:
            assert await root.with_context(context).decode([PLAIN, PLAIN]) == [PLAIN, PLAIN]
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line["case_id"], line["count"]) for line in lines] == [
        ("payload.plain", ONE, 1),
        ("payload.plain", ONE, 12),
    ]
    assert CANARY.decode() not in stream.getvalue()


async def test_the_alarm_of_a_case_and_reason_is_given_once_in_a_while_and_counts(
    keyring: SqlKeyring, stream: io.StringIO
) -> None:
    now, foreign = [0.0], await sealed(keyring, TWO)
    root = CaseCodec(keyring, "default", refusals=Refusals(clock=lambda: now[0]))
    context = WorkflowSerializationContext(namespace="default", workflow_id=ONE)
    for seconds in (0.0, 10.0, 299.0, 300.0):
        now[0] = seconds
        codec = root.with_context(context)
        assert await codec.decode([PLAIN, foreign, PLAIN]) == [REFUSED] * 3
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["reason_code"], line["count"]) for line in lines] == [
        ("PayloadNotSealed", 1), ("PayloadOfAnotherCase", 1),
        ("PayloadNotSealed", 6), ("PayloadOfAnotherCase", 3),
    ]  # fmt: skip
    assert {line["level"] for line in lines} == {"critical"}


async def test_what_belongs_to_nobody_is_not_sealed(keyring: SqlKeyring) -> None:
    with pytest.raises(CodecError, match="PayloadWithoutOwner"):
        await CaseCodec(keyring, "default").encode([PLAIN])


@pytest.mark.clause("HOF-5.1")
async def test_an_erased_key_is_told_once_and_for_all_and_the_tombstone_takes_its_place(
    keyring: SqlKeyring,
) -> None:
    payload = await sealed(keyring)
    _erase(keyring, ONE)
    codec = of(keyring, ONE)
    with pytest.raises(CodecError, match="KeyErased") as told:
        await codec.decode([payload])
    assert told.value.non_retryable
    assert await codec.encode([PLAIN, PLAIN]) == [TOMBSTONE, TOMBSTONE]
    assert await codec.decode([TOMBSTONE]) == [TOMBSTONE]


async def test_an_outage_of_the_key_store_is_an_ordinary_error(
    keyring: SqlKeyring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    payload = await sealed(keyring)
    away = tmp_path / "away"
    (tmp_path / "keys.db").rename(away)
    (tmp_path / "keys.db").mkdir()
    keyring.close()
    for attempt in (of(keyring, ONE).decode([payload]), of(keyring, TWO).encode([PLAIN])):
        with pytest.raises(CodecError, match="KeysUnavailable") as told:
            await attempt
        assert not told.value.non_retryable
    (tmp_path / "keys.db").rmdir()
    away.rename(tmp_path / "keys.db")
    assert await of(keyring, ONE).decode([payload]) == [PLAIN]


async def test_no_error_and_no_alarm_holds_a_value(
    keyring: SqlKeyring, stream: io.StringIO
) -> None:
    payload = await sealed(keyring)
    payload.data = payload.data[:-1]
    assert await of(keyring, ONE).decode([payload, PLAIN]) == [REFUSED, REFUSED]
    said = stream.getvalue()
    assert said.count("payload.refused") == 2
    assert CANARY.decode() not in said


async def test_a_tombstone_in_a_living_case_is_refused(
    keyring: SqlKeyring, stream: io.StringIO
) -> None:
    """Else whoever writes into Temporal's database could blank out any payload unseen."""
    payload = await sealed(keyring)
    living = of(keyring, ONE)
    assert await living.decode([TOMBSTONE, payload]) == [REFUSED, PLAIN]
    keyring.forget([ONE])
    assert await living.decode([TOMBSTONE]) == [REFUSED]
    assert await of(keyring, TWO).decode([TOMBSTONE]) == [REFUSED]
    assert keyring.known(TWO, RecordClass.HISTORY) is None, "reading makes no key"
    assert await CaseCodec(keyring, "default").decode([TOMBSTONE]) == [REFUSED]
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["reason_code"], line["case_id"]) for line in lines] == [
        ("TombstoneOfALivingCase", case_id) for case_id in (ONE, TWO, None)
    ]  # of the second one in the first case the next alarm tells


@pytest.mark.clause("HOF-5.1")
async def test_a_tombstone_is_read_where_another_process_destroyed_the_key_a_moment_ago(
    keyring: SqlKeyring, stream: io.StringIO
) -> None:
    await sealed(keyring)
    gone = update(data_keys).where(data_keys.c.owner == ONE).values(wrapped=None)
    keyring._database.write(lambda connection: connection.execute(gone))
    assert keyring.known(ONE, RecordClass.HISTORY) is not None, "it is still at hand here"
    with watch(keyring._database) as asked:
        for _ in range(3):
            assert await of(keyring, ONE).decode([TOMBSTONE]) == [TOMBSTONE]
    assert len(asked.statements) == 1, "it is looked up once"
    assert "payload.refused" not in stream.getvalue()


async def test_what_is_sealed_asks_for_no_tombstone(keyring: SqlKeyring) -> None:
    payload = await sealed(keyring)
    with watch(keyring._database) as asked:
        assert await of(keyring, ONE).decode([payload]) == [PLAIN]
    assert asked.statements == []


async def test_a_key_that_was_altered_is_tried_again_and_alarms(
    keyring: SqlKeyring, stream: io.StringIO
) -> None:
    payload = await sealed(keyring)
    key_id = payload.metadata["encryption-key-id"].decode()
    altered = update(data_keys).where(data_keys.c.key_id == key_id).values(wrapped="QUJD")
    keyring._database.write(lambda connection: connection.execute(altered))
    keyring.forget([ONE])
    with pytest.raises(CodecError, match="KeyTampered") as told:
        await of(keyring, ONE).encode([PLAIN])
    assert not told.value.non_retryable
    assert await of(keyring, ONE).decode([payload]) == [REFUSED]
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines].count("key.tampered") == 2
    assert [line["reason_code"] for line in lines if line["event"] == "payload.refused"] == [
        "KeyTampered"
    ]


def _erase(keyring: SqlKeyring, owner: str) -> None:
    gone = update(data_keys).where(data_keys.c.owner == owner).values(wrapped=None)
    keyring._database.write(lambda connection: connection.execute(gone))
    keyring.forget([owner])
