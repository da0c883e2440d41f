"""Opens what a reader may read, and leaves everything else as it came.

An erased key, an unknown one and one of a case that the reader may not read look alike.
"""

import re
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from starlette.concurrency import run_in_threadpool
from temporalio.api.common.v1 import Payload

from activities.key_ports import DataKey, KeysUnavailableError
from api.codec.parts import AccessRecords, Keys, Owners
from runtime.codec import REFUSED, CaseCodec, key_id_of
from sop.access_log import AccessEntry, Outcome, Via
from sop.decoding import may_decode
from sop.keys import RecordClass
from sop.models import Actor
from sop.object_rules import ObjectFacts

_KEY_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and how they said so."""

    actor: Actor
    via: Via


class Decoder:
    """Decodes for a reader. The access log has it before the reader does."""

    def __init__(
        self, keys: Keys, owners: Owners, access_log: AccessRecords, namespace: str
    ) -> None:
        """Decode the payloads of one namespace."""
        self._keys = keys
        self._owners = owners
        self._access_log = access_log
        self._namespace = namespace

    async def decode(
        self, reader: Reader, namespace: str, payloads: Sequence[Payload]
    ) -> list[Payload]:
        """Return payloads, those that the reader may read in plain text.

        Args:
            reader: Who asks.
            namespace: Where the payloads are from, as the reader says.
            payloads: Sealed or not.

        Raises:
            KeysUnavailableError: The key store does not answer.
            CrmUnavailableError: The CRM or the access log does not answer, and nothing is shown.
        """
        named = [key_id_of(payload) for payload in payloads]
        ours = {name for name in named if name is not None and _KEY_ID.fullmatch(name)}
        found: Mapping[str, DataKey] = {}
        if ours and namespace == self._namespace:
            found = await run_in_threadpool(self._keys.find, ours)
        shown = await self._readable(reader.actor, found)
        answer, outcomes = list(payloads), Counter[tuple[str | None, Outcome]]()
        places = [place for place, name in enumerate(named) if name in shown]
        codec = CaseCodec(_Found(shown), self._namespace)
        opened = await codec.decode([payloads[place] for place in places])
        for place, payload in zip(places, opened, strict=True):
            if payload == REFUSED:
                outcomes[named[place], Outcome.DAMAGED] += 1
            else:
                answer[place] = payload
                outcomes[named[place], Outcome.OPENED] += 1
        for name in named:
            if name is not None and name not in shown:
                denied = name in found
                outcome = Outcome.DENIED if denied else Outcome.UNKNOWN
                outcomes[name if denied else None, outcome] += 1
        await run_in_threadpool(self._access_log.record, _entries(reader, found, outcomes))
        return answer

    async def _readable(self, actor: Actor, found: Mapping[str, DataKey]) -> Mapping[str, DataKey]:
        """Return the keys of histories whose case the actor may read."""
        owners = {key.owner for key in found.values()}
        facts: Mapping[str, ObjectFacts] = {}
        if owners:
            facts = await run_in_threadpool(self._owners.facts, owners)
        return {
            key_id: key
            for key_id, key in found.items()
            if key.record_class is RecordClass.HISTORY
            and may_decode(actor, key.owner, facts.get(key.owner))
        }


class _Found:
    """The keyring of one request: what was found for it, and nothing that could be made."""

    def __init__(self, keys: Mapping[str, DataKey]) -> None:
        self._keys = keys

    def known_by_id(self, key_id: str) -> DataKey | None:
        """Return a key by its id."""
        return self._keys.get(key_id)

    def known(self, *_: object) -> None:
        """Return nothing: nothing is sealed here."""

    def obtain(self, *_: object, **__: object) -> NoReturn:
        """Refuse: nothing is sealed here."""
        raise KeysUnavailableError("the codec server makes no keys")

    find = destroyed = is_destroyed = open_by_id = obtain


def _entries(
    reader: Reader,
    found: Mapping[str, DataKey],
    outcomes: Mapping[tuple[str | None, Outcome], int],
) -> list[AccessEntry]:
    now = datetime.now(UTC)
    return [
        AccessEntry(
            entry_id=secrets.token_hex(16),
            at=now,
            principal=reader.actor.principal,
            role=reader.actor.role,
            via=reader.via,
            action="decode",
            owner=found[key_id].owner if key_id is not None else None,
            key_id=key_id,
            count=count,
            outcome=outcome,
        )
        for (key_id, outcome), count in outcomes.items()
    ]
