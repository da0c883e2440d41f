"""Encrypted mail to receiving parties: into the outbox, and to a mail server where there is one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_string
from functools import partial
from typing import Any, Protocol

import structlog
from cryptography import x509
from sqlalchemy import select, update

from activities.ports import (
    CrmUnavailableError,
    MailReceipt,
    MailUnavailableError,
    NoRecipientKeyError,
    NotEncryptedError,
    SecureMail,
)
from adapters.database import Database
from adapters.encrypted_mail import CIPHER, KEY_HEADER, build, require_encrypted
from adapters.recipient_keys import RecipientKeys
from adapters.registers import columns_of
from adapters.tables import outbox
from sop.handoff.recipients import RecipientKey
from sop.models import OutboxMessage

TOPIC = "handoff.encrypted"

Row = Mapping[str, Any]

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)
_now = partial(datetime.now, UTC)


class Delivery(Protocol):
    """Takes messages to where they go."""

    def deliver(self, message: bytes, *, sender: str, recipient: str) -> None:
        """Deliver a message.

        Raises:
            MailUnavailableError: Not delivered; trying again may work.
        """
        ...


class OutboxSecureMail:
    """Implements `activities.ports.SecureMailPort`.

    The outbox is written before anything is delivered, and holds only what is encrypted. Where a
    delivery ends without an answer, the next attempt sends the same message under the same
    Message-ID: the mail server may get it twice, the party's mail program sees one.
    """

    def __init__(
        self,
        database: Database,
        *,
        sender: str,
        delivery: Delivery | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """Write to a database.

        Args:
            database: With the outbox and the certificates on file.
            sender: The address that mails come from.
            delivery: Where mails go; None: whoever reads the outbox carries them.
            clock: Tells which certificates are valid.
        """
        self._database = database
        self._keys = RecipientKeys(database, clock)
        self._sender = sender
        self._delivery = delivery
        self._clock = clock

    def has_key(self, party: str) -> bool:
        """Return whether a party has a valid certificate on file.

        Raises:
            MailUnavailableError: The database did not answer.
        """
        with _unavailable():
            return self._keys.has_key(party)

    def send(self, mail: SecureMail) -> MailReceipt:
        """Encrypt a mail to the party's certificate and send it, once per `message_id`.

        Raises:
            NoRecipientKeyError: The party has no valid certificate on file.
            NotEncryptedError: The message was not encrypted as it must be; it was not sent.
            MailUnavailableError: Not sent; trying again may work.
        """
        with _unavailable():
            row = self._row(mail.message_id)
            if row is None or (self._delivery is not None and row["delivered_at"] is None):
                row = self._send(mail, row)
        return MailReceipt(
            message_id=mail.message_id,
            key_id=message_from_string(row["body"])[KEY_HEADER],
            cipher=CIPHER,
            delivered=row["delivered_at"] is not None,
        )

    def _send(self, mail: SecureMail, row: Row | None) -> Row:
        key = self._keys.current(mail.party, self._clock())
        if key is None:
            raise NoRecipientKeyError(mail.message_id)
        certificate = x509.load_pem_x509_certificate(key.material.encode("ascii"))
        if row is None or not _is_encrypted(row["body"], certificate, mail):
            self._write(mail, self._encrypted(mail, certificate, key), anew=row is not None)
        if self._delivery is not None:
            body = self._known(mail)["body"]
            require_encrypted(body.encode("ascii"), certificate, mail)
            self._delivery.deliver(body.encode("ascii"), sender=self._sender, recipient=key.address)
            self._update(mail, delivered_at=self._clock())
            log.info("mail.delivered", case_id=mail.case_id)
        return self._known(mail)

    def _encrypted(self, mail: SecureMail, certificate: x509.Certificate, key: RecipientKey) -> str:
        message = build(
            mail,
            certificate,
            key_id=key.key_id,
            sender=self._sender,
            recipient=key.address,
            at=self._clock(),
        )
        require_encrypted(message, certificate, mail)
        return message.decode("ascii")

    def _write(self, mail: SecureMail, body: str, *, anew: bool) -> None:
        """Write a message once; anew where the party's certificate has changed since."""
        if anew:
            named = {"message_id": mail.message_id, "case_id": mail.case_id}
            row = self._database.sealing.seal(outbox, {**named, "body": body})
            self._update(mail, body=row["body"])
            return
        message = OutboxMessage(
            message_id=mail.message_id,
            case_id=mail.case_id,
            recipient=f"principal:{mail.party}",
            topic=TOPIC,
            body=body,
            created_at=self._clock(),
        )
        once = self._database.insert(outbox).on_conflict_do_nothing()
        row = self._database.sealing.seal(outbox, columns_of(message))
        self._database.write(lambda connection: connection.execute(once, row))
        log.info("mail.written", case_id=mail.case_id)

    def _update(self, mail: SecureMail, **values: str | datetime) -> None:
        statement = update(outbox).where(outbox.c.message_id == mail.message_id).values(**values)
        self._database.write(lambda connection: connection.execute(statement))

    def _known(self, mail: SecureMail) -> Row:
        row = self._row(mail.message_id)
        if row is None:
            raise MailUnavailableError("the outbox has lost the message")
        return row

    def _row(self, message_id: str) -> Row | None:
        query = select(outbox).where(outbox.c.message_id == message_id)
        return next(iter(self._database.rows(query)), None)


def _is_encrypted(body: str, certificate: x509.Certificate, mail: SecureMail) -> bool:
    try:
        require_encrypted(body.encode("ascii"), certificate, mail)
    except (NotEncryptedError, UnicodeError):
        return False
    return True


@contextmanager
def _unavailable() -> Iterator[None]:
    """Let a database that does not answer be mail that is not sent."""
    try:
        yield
    except CrmUnavailableError as error:
        raise MailUnavailableError(str(error)) from None
