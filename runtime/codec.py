"""What Temporal is given: every payload sealed by its case's key, and none of it anywhere else.

Whoever reads the server's database reads ids, names of types, enums and times. A payload opens
only in the namespace and for the case for which it was sealed.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ActivitySerializationContext,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)
from temporalio.exceptions import ApplicationError

from activities.key_ports import (
    DataKey,
    KeyErasedError,
    Keyring,
    KeysUnavailableError,
    TamperedError,
    UnknownKeyError,
)
from sop.keys import RecordClass, owner_of

ENCODING = b"binary/encrypted"
VERSION = b"1"
KEY_ID = "encryption-key-id"
FORMAT = "encryption-version"
CLASS = "encryption-class"

TOMBSTONE = Payload(metadata={"encoding": b"binary/null", "erased": b"1"})
"""Stands where something should be sealed whose key was destroyed: it holds nothing."""

REFUSED = Payload(metadata={"encoding": b"binary/refused"})
"""Stands where something was not sealed, or altered: no converter reads it.

So the refusal strikes where the payload is used: a step that an intruder sends is turned away, and
the case goes on. An error of the codec itself would fail the case's tasks for ever.
"""

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class CodecError(ApplicationError):
    """A payload cannot be sealed or opened. Its text is a code: it stands in histories."""


def _error(kind: str, *, final: bool = False) -> CodecError:
    return CodecError(kind, type=kind, non_retryable=final)


_MOST_TOLD = 1000
"""Cases and reasons of which is known when they were told."""


class PlainReads:
    """Tells in the log that plain text was read: at once, and then once in a while.

    Whoever can write into Temporal's database can bring plain text in as long as any is read.
    """

    def __init__(
        self, *, every_s: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Tell no more often than every so many seconds."""
        self._every_s = every_s
        self._clock = clock
        self._next = -math.inf
        self._count = 0

    def add(self, case_id: str | None) -> None:
        """Count a payload; the line says how many there were since the last one."""
        self._count += 1
        if self._clock() >= self._next:
            log.info("payload.plain", case_id=case_id, count=self._count)
            self._next, self._count = self._clock() + self._every_s, 0


class Refusals:
    """Gives the alarm that a payload was refused: at once, and then once in a while.

    Temporal tries a case that cannot be read again and again, each payload of it, for as long as
    it takes: the key store may come back from a backup. One line for each attempt would hide the
    next case.
    """

    def __init__(
        self, *, every_s: float = 300.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Tell of one case and reason no more often than every so many seconds."""
        self._every_s = every_s
        self._clock = clock
        self._told: dict[tuple[str | None, str], tuple[float, int]] = {}

    def add(self, case_id: str | None, reason: str) -> None:
        """Count a payload; the line says how many there were since the last one."""
        now, what = self._clock(), (case_id, reason)
        again, count = self._told.get(what, (-math.inf, 0))
        if now < again:
            self._told[what] = (again, count + 1)
            return
        log.critical("payload.refused", reason_code=reason, case_id=case_id, count=count + 1)
        if len(self._told) >= _MOST_TOLD:  # too often is better than not at all
            self._told.clear()
        self._told[what] = (now + self._every_s, 0)


@dataclass(frozen=True)
class CaseCodec(PayloadCodec, WithSerializationContext):
    """Seals with the key of the case that a payload belongs to; refuses what is not sealed.

    Attributes:
        keyring: Where the keys are.
        namespace: Temporal's; what was sealed for another one does not open.
        owner: Whose payloads these are; None where nothing says so: then nothing can be sealed,
            and what is opened is not compared.
        plain_until: Payloads from before there was a codec are read until then; None: never.
        plain_reads: Is told of each; one for all codecs that are made of this one.
        refusals: Gives the alarms, likewise.
    """

    keyring: Keyring
    namespace: str
    owner: str | None = None
    plain_until: datetime | None = None
    plain_reads: PlainReads = field(default_factory=PlainReads, repr=False, compare=False)
    refusals: Refusals = field(default_factory=Refusals, repr=False, compare=False)

    def with_context(self, context: SerializationContext) -> "CaseCodec":
        """Return the codec of one operation, which knows its workflow."""
        match context:
            case (
                WorkflowSerializationContext(workflow_id=str() as workflow_id)
                | ActivitySerializationContext(workflow_id=str() as workflow_id)
            ):
                owner = owner_of(workflow_id)
                if owner == self.owner:
                    return self
                return CaseCodec(
                    self.keyring,
                    self.namespace,
                    owner,
                    self.plain_until,
                    self.plain_reads,
                    self.refusals,
                )
            case _:
                return self

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal payloads; where the key was destroyed, put the tombstone into their place.

        Without it the failure of a workflow whose key is gone could not be written, and the
        workflow would try for ever.

        Raises:
            CodecError: The key store does not answer, the key there was altered (both are tried
                again), or nothing says whose payloads these are.
        """
        if not payloads:
            return []
        if self.owner is None:
            raise _error("PayloadWithoutOwner", final=True)
        key = self.keyring.known(self.owner, RecordClass.HISTORY)
        if key is None:
            try:
                key = await asyncio.to_thread(self._obtain, self.owner)
            except KeyErasedError:
                return [TOMBSTONE for _ in payloads]
            except KeysUnavailableError:
                raise _error("KeysUnavailable") from None
            except TamperedError:  # the keyring has given the alarm
                raise _error("KeyTampered") from None
        return [self._seal(key, payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open payloads.

        What cannot be opened for another reason becomes `REFUSED`, and an alarm. So does a
        tombstone where no key was destroyed: it is not sealed, and whoever writes into Temporal's
        database could put one in any payload's place.

        Raises:
            CodecError: `KeyErased` for good; `KeysUnavailable`: try again.
        """
        missing = {
            key_id
            for payload in payloads
            if (key_id := key_id_of(payload)) and self.keyring.known_by_id(key_id) is None
        }
        keys, refused = await self._load(missing) if missing else ({}, {})
        erased = TOMBSTONE in payloads and await self._is_erased()
        return [
            payload if erased and payload == TOMBSTONE else self._open(payload, keys, refused)
            for payload in payloads
        ]

    async def _is_erased(self) -> bool:
        """Return whether a tombstone is what it says. Where nothing says whose it is, it is not."""
        if self.owner is None:
            return False
        try:
            return await asyncio.to_thread(
                self.keyring.is_destroyed, self.owner, RecordClass.HISTORY
            )
        except KeysUnavailableError:
            raise _error("KeysUnavailable") from None

    def _obtain(self, owner: str) -> DataKey:
        return self.keyring.obtain(owner, (RecordClass.HISTORY,))[RecordClass.HISTORY]

    async def _load(self, key_ids: Iterable[str]) -> tuple[dict[str, DataKey], dict[str, str]]:
        """Return keys by their ids, and of those that open nothing why."""
        keys, refused = {}, {}
        for key_id in key_ids:
            try:
                keys[key_id] = await asyncio.to_thread(self.keyring.open_by_id, key_id)
            except KeyErasedError:
                raise _error("KeyErased", final=True) from None
            except KeysUnavailableError:
                raise _error("KeysUnavailable") from None
            except UnknownKeyError:
                refused[key_id] = "KeyUnknown"
            except TamperedError:
                refused[key_id] = "KeyTampered"
        return keys, refused

    def _seal(self, key: DataKey, payload: Payload) -> Payload:
        sealed = key.seal(payload.SerializeToString(), self._context(key))
        return Payload(
            metadata={
                "encoding": ENCODING,
                FORMAT: VERSION,
                KEY_ID: key.key_id.encode(),
                CLASS: key.record_class.value.encode(),
            },
            data=sealed,
        )

    def _open(self, payload: Payload, keys: dict[str, DataKey], refused: dict[str, str]) -> Payload:
        if payload == TOMBSTONE:
            return self._refuse("TombstoneOfALivingCase")
        key_id = key_id_of(payload)
        if key_id is None:
            return self._plain(payload)
        key = keys.get(key_id) or self.keyring.known_by_id(key_id)
        if key is None:
            return self._refuse(refused.get(key_id, "KeyUnknown"))
        if self.owner not in {None, key.owner}:
            return self._refuse("PayloadOfAnotherCase")
        try:
            return Payload.FromString(key.open(payload.data, self._context(key)))
        except TamperedError:
            return self._refuse("PayloadTampered")

    def _plain(self, payload: Payload) -> Payload:
        until = self.plain_until
        if until is not None and datetime.now(UTC) < until:
            self.plain_reads.add(self.owner)
            return payload
        return self._refuse("PayloadNotSealed")

    def _refuse(self, reason: str) -> Payload:
        """Give the alarm: somebody writes into Temporal's database, or speaks past the gateway."""
        self.refusals.add(self.owner, reason)
        return REFUSED

    def _context(self, key: DataKey) -> bytes:
        """Return what a payload is bound to; a codec server knows all of it, too."""
        said = (VERSION.decode(), self.namespace, key.key_id, key.record_class.value, key.owner)
        return "|".join(said).encode()


def key_id_of(payload: Payload) -> str | None:
    """Return the id of the key that a payload is sealed with; None if it is not sealed."""
    if payload.metadata.get("encoding") != ENCODING:
        return None
    return payload.metadata.get(KEY_ID, b"").decode("ascii", "replace")
