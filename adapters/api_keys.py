"""The keys by which callers of the API say who they are. Only a hash of the secret is kept."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from pydantic import AwareDatetime, SecretStr
from sqlalchemy import Connection, func, insert, literal, select, update

from adapters.database import Database
from adapters.registers import columns_of
from adapters.tables import UtcDateTime, api_keys
from sop.models import Payload, Principal, Role

_TOKEN = re.compile(r"hr_(?P<prefix>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")
_NOBODY = {"secret_sha256": "0" * 64}
_now = partial(datetime.now, UTC)


class ApiKey(Payload):
    """A key as it is shown: enough to tell it from the others, too little to use it."""

    key_id: str
    prefix: str
    last_four: str
    principal: Principal
    role: Role
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None

    def valid_at(self, moment: datetime) -> bool:
        """Return whether the key opens anything at a moment."""
        return self.revoked_at is None and (self.expires_at is None or moment < self.expires_at)


class NewApiKey(Payload):
    """A key that was just made: `token` is what the caller sends, and is shown this once."""

    key_id: str
    token: SecretStr


class ApiKeys:
    """Makes, checks, lists and revokes keys; each raises CrmUnavailableError without an answer."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = _now) -> None:
        """Keep keys in a database; `clock` tells which have expired."""
        self._database = database
        self._clock = clock

    def create(self, principal: str, role: Role, expires_at: datetime | None = None) -> NewApiKey:
        """Make a key for a principal, with 256 bits of chance.

        Raises:
            ValueError: The principal is no id, or the moment has no time zone.
        """
        prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        key = ApiKey(
            key_id=f"key-{prefix}",
            prefix=prefix,
            last_four=secret[-4:],
            principal=principal,
            role=role,
            created_at=self._clock(),
            expires_at=expires_at,
        )
        row = {**columns_of(key), "secret_sha256": _sha256(secret)}

        def write(connection: Connection) -> None:
            connection.execute(insert(api_keys), row)

        self._database.write(write)
        return NewApiKey(key_id=key.key_id, token=SecretStr(f"hr_{prefix}_{secret}"))

    def authenticate(self, token: str) -> ApiKey | None:
        """Return the key that a caller has shown; None if it is unknown, expired or revoked."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return None
        query = select(api_keys).where(api_keys.c.prefix == parts["prefix"])
        row = self._database.read(lambda connection: connection.execute(query).mappings().first())
        # Compared even where there is nothing to compare: a caller learns no prefix by the time.
        known = hmac.compare_digest((row or _NOBODY)["secret_sha256"], _sha256(parts["secret"]))
        if row is None or not known:
            return None
        key = ApiKey.model_validate(dict(row))
        return key if key.valid_at(self._clock()) else None

    def find(self, key_id: str) -> ApiKey | None:
        """Return a key by its id; None if it is unknown, expired or revoked."""
        query = select(api_keys).where(api_keys.c.key_id == key_id)
        row = self._database.read(lambda connection: connection.execute(query).mappings().first())
        key = ApiKey.model_validate(dict(row)) if row is not None else None
        return key if key is not None and key.valid_at(self._clock()) else None

    def list(self) -> tuple[ApiKey, ...]:
        """Return every key, the newest first, expired and revoked ones as well."""
        query = select(api_keys).order_by(api_keys.c.created_at.desc(), api_keys.c.key_id)
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return tuple(ApiKey.model_validate(dict(row)) for row in rows)

    def revoke(self, key_id: str) -> bool:
        """Let a key open nothing from now on; again does nothing. False: there is no such key."""
        revoked_at = func.coalesce(api_keys.c.revoked_at, literal(self._clock(), UtcDateTime))
        statement = update(api_keys).where(api_keys.c.key_id == key_id)
        return self._database.write(
            lambda connection: (
                connection.execute(statement.values(revoked_at=revoked_at)).rowcount == 1
            )
        )


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
