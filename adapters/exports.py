"""The documents of exports: each sealed with a key of its own, and gone with it (HOF-5.1)."""

from datetime import datetime

from sqlalchemy import delete, select

from activities.disposal_ports import KeyDisposalPort
from activities.key_ports import KeyErasedError, Keyring, TamperedError, UnknownKeyError
from adapters.database import Database
from adapters.privacy_tables import privacy_exports
from adapters.sealing import refusal
from sop.keys import RecordClass

KEY_CLASS = RecordClass.INQUIRY
"""A privacy request's own records are of another class: so this key seals the document alone."""


class SealedExports:
    """Implements `activities.privacy_ports.ExportPort`."""

    def __init__(
        self, database: Database, keyring: Keyring, keys: KeyDisposalPort | None = None
    ) -> None:
        """Keep documents in the CRM's database.

        Args:
            database: The CRM's.
            keyring: Where the keys are.
            keys: Destroys them; who only fetches documents needs none.
        """
        self._database = database
        self._keyring = keyring
        self._keys = keys

    def keep(self, request_id: str, document: bytes, at: datetime) -> None:
        """Seal a document and keep it; a later one takes its place."""
        key = self._keyring.obtain(request_id, (KEY_CLASS,))[KEY_CLASS]
        insert = self._database.insert(privacy_exports).values(
            request_id=request_id,
            key_id=key.key_id,
            document=key.seal(document, _context(request_id)),
            made_at=at,
        )
        told = ("key_id", "document", "made_at")
        statement = insert.on_conflict_do_update(
            index_elements=[privacy_exports.c.request_id],
            set_={name: insert.excluded[name] for name in told},
        )
        self._database.write(lambda connection: connection.execute(statement))

    def fetch(self, request_id: str) -> bytes | None:
        """Return a document; None where there is none, or none any more.

        Raises:
            CrmUnavailableError: The CRM did not answer.
            KeysUnavailableError: The key store did not answer.
            RecordRefusedError: Document or key was altered, or the key is of another key store.
        """
        query = select(privacy_exports.c.key_id, privacy_exports.c.document).where(
            privacy_exports.c.request_id == request_id
        )
        row = self._database.read(lambda connection: connection.execute(query).first())
        if row is None:
            return None
        try:
            key = self._keyring.open_by_id(row.key_id)
        except KeyErasedError:
            return None
        except UnknownKeyError:
            raise refusal("KeyUnknown", request_id) from None
        except TamperedError:
            raise refusal("KeyTampered", request_id) from None
        try:
            return key.open(row.document, _context(request_id))
        except TamperedError:
            raise refusal("RecordTampered", request_id) from None

    def destroy(self, request_id: str, at: datetime) -> None:
        """Destroy a document's key, then the document."""
        if self._keys is not None:
            certificate = f"export-{request_id}"
            self._keys.destroy(
                request_id, (KEY_CLASS,), customer_id=None, certificate_id=certificate, at=at
            )
        gone = delete(privacy_exports).where(privacy_exports.c.request_id == request_id)
        self._database.write(lambda connection: connection.execute(gone))


def _context(request_id: str) -> bytes:
    return f"privacy_exports|document|{request_id}".encode()
