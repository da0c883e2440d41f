"""The certificates of receiving parties, to which messages are encrypted (HOF-4.2.4)."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, select, true, update

from adapters.certificates import address_of, read_certificate, refused
from adapters.database import Database
from adapters.handoff_tables import recipient_keys
from adapters.registers import columns_of
from sop.handoff.recipients import RecipientKey

LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""Some certificates end in the last second of the year 9999, which no other time zone has."""

_now = partial(datetime.now, UTC)


class RecipientKeys:
    """Adds, lists and revokes certificates; each raises CrmUnavailableError without an answer.

    A party has one certificate at a time: the one that was added last. If that one is revoked or
    has expired, the party has none; an older one does not come back by itself.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = _now) -> None:
        """Keep certificates in a database; `clock` tells which are valid."""
        self._database = database
        self._clock = clock

    def add(self, party: str, pem: str, *, address: str | None, added_by: str) -> RecipientKey:
        """Put a certificate on file; from now on it is the party's.

        Args:
            party: The receiving party's principal.
            pem: An X.509 certificate in PEM; its private key stays with the party.
            address: Where messages go; None: the address that the certificate names.
            added_by: Who vouches for it.

        Raises:
            InvalidValueError: It cannot keep a message secret, is not valid now, or was revoked.
            ValueError: The party or `added_by` is no id.
        """
        now = self._clock()
        certificate = read_certificate(pem, now)
        fingerprint = certificate.fingerprint(SHA256()).hex()
        key = RecipientKey(
            key_id=_key_id(party, fingerprint),
            party=party,
            address=address_of(certificate, address),
            fingerprint=fingerprint,
            material=certificate.public_bytes(Encoding.PEM).decode("ascii"),
            added_at=now,
            added_by=added_by,
            expires_at=min(certificate.not_valid_after_utc, LATEST),
        )
        table = recipient_keys.c
        row = self._database.sealing.seal(recipient_keys, columns_of(key))
        renewed = {name: row[name] for name in ("address", "added_at", "added_by")}
        statement = self._database.insert(recipient_keys).on_conflict_do_update(
            index_elements=[table.key_id], set_=renewed, where=table.revoked_at.is_(None)
        )

        def write(connection: Connection) -> bool:
            return connection.execute(statement.returning(table.key_id), row).first() is not None

        if not self._database.write(write):
            raise refused("The certificate was revoked: the party needs another one.")
        return key

    def current(self, party: str, at: datetime) -> RecipientKey | None:
        """Return the certificate that a message to a party is encrypted to; None: there is none."""
        newest = self.list(party)[:1]
        return newest[0] if newest and newest[0].valid_at(at) else None

    def has_key(self, party: str) -> bool:
        """Return whether a message could be encrypted to a party now."""
        return self.current(party, self._clock()) is not None

    def list(self, party: str | None = None) -> tuple[RecipientKey, ...]:
        """Return a party's certificates, or everybody's, each party's newest first."""
        table = recipient_keys.c
        query = (
            select(recipient_keys)
            .where(table.party == party if party is not None else true())
            .order_by(table.party, table.added_at.desc(), table.key_id)
        )
        return tuple(map(RecipientKey.model_validate, self._database.rows(query)))

    def revoke(self, party: str) -> bool:
        """Let nothing be encrypted to any certificate of a party; False: it has none on file."""
        table = recipient_keys.c
        of_party = update(recipient_keys).where(table.party == party)
        revoked = of_party.where(table.revoked_at.is_(None)).values(revoked_at=self._clock())
        self._database.write(lambda connection: connection.execute(revoked))
        return bool(self.list(party))


def _key_id(party: str, fingerprint: str) -> str:
    """Return the id of a certificate of a party: the same however often it is added."""
    digest = hashlib.sha256(f"{party} {fingerprint}".encode()).hexdigest()
    return f"rk-{digest[:20]}"
