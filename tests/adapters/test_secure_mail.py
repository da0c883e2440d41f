"""Mail to a receiving party: encrypted or not at all, and one message however often it is tried."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

import pytest
import structlog
from cryptography.hazmat.primitives.serialization.pkcs7 import pkcs7_decrypt_der
from sqlalchemy import select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.ports import (
    MailReceipt,
    MailUnavailableError,
    NoRecipientKeyError,
    NotEncryptedError,
    SecureMail,
)
from activities.transferring import TransferActivities
from adapters import secure_mail
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.recipient_keys import RecipientKeys
from adapters.secure_mail import OutboxSecureMail
from adapters.smtp import MailServer, SmtpDelivery
from adapters.tables import outbox
from runtime.redaction import ALLOWED_KEYS
from tests.batches import MONDAY, Clock, after
from tests.certificates import ADDRESS, Holder, holder, rsa_key
from tests.databases import Connect
from tests.mail_sink import MailSink, mail_sink

CANARY = "CANARY-4711 Carla Client"
SENDER = "desk@example.org"
MAIL = SecureMail(
    message_id="handoff-1/offer/1",
    case_id="handoff-1",
    party="archive",
    subject=f"For {CANARY}",
    body=f"Asked:\n{CANARY}, account 99887766\n",
)
PARTY = holder(at=MONDAY)
OTHER = holder(at=MONDAY, key=rsa_key(number=2))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(database: Database, clock: Clock) -> RecipientKeys:
    return RecipientKeys(database, clock)


@pytest.fixture
def mailer(database: Database, clock: Clock) -> OutboxSecureMail:
    """Writes to the outbox only."""
    return OutboxSecureMail(database, sender=SENDER, clock=clock)


@pytest.fixture
def sink() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


@pytest.fixture
def post(database: Database, clock: Clock, sink: MailSink) -> OutboxSecureMail:
    """Delivers to the sink."""
    delivery = SmtpDelivery(MailServer("127.0.0.1", sink.port))
    return OutboxSecureMail(database, sender=SENDER, delivery=delivery, clock=clock)


def on_file(keys: RecipientKeys, party: Holder = PARTY) -> str:
    """Put a party's certificate on file; return its id."""
    return keys.add("archive", party.pem, address=None, added_by="lena").key_id


def text_of(message: bytes, party: Holder = PARTY) -> str:
    """Return what the party reads."""
    der = message_from_bytes(message, policy=SMTP).get_payload(decode=True)
    assert isinstance(der, bytes)
    inside = pkcs7_decrypt_der(der, party.certificate, party.key, [])
    return str(message_from_bytes(inside, policy=SMTP).get_content())


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2")
def test_a_mail_is_written_once_and_encrypted(
    mailer: OutboxSecureMail, keys: RecipientKeys, database: Database
) -> None:
    key_id = on_file(keys)
    receipts = [mailer.send(MAIL) for _ in range(2)]
    assert (
        receipts
        == [MailReceipt(message_id=MAIL.message_id, key_id=key_id, cipher="AES-256-CBC")] * 2
    )
    (row,) = CrmReads(database).outbox()
    assert (row.topic, row.recipient, row.case_id) == (
        "handoff.encrypted",
        "principal:archive",
        "handoff-1",
    )
    assert CANARY in text_of(row.body.encode())


@pytest.mark.clause("HOF-5.2")
def test_no_row_of_the_outbox_holds_what_the_mail_says(
    mailer: OutboxSecureMail, keys: RecipientKeys, database: Database
) -> None:
    on_file(keys)
    with structlog.testing.capture_logs() as lines:
        mailer.send(MAIL)
    rows = database.rows(select(outbox))
    for personal in ("CANARY", "Carla", "Client", "99887766"):
        assert personal not in repr(rows)
        assert personal not in repr(lines)
    assert [line["event"] for line in lines] == ["mail.written"]
    assert set().union(*lines) <= ALLOWED_KEYS | {"log_level"}


@pytest.mark.clause("HOF-4.2.4")
def test_without_a_certificate_nothing_is_sent(
    post: OutboxSecureMail, database: Database, sink: MailSink
) -> None:
    assert not post.has_key("archive")
    with pytest.raises(NoRecipientKeyError):
        post.send(MAIL)
    assert (CrmReads(database).outbox(), sink.messages) == ((), [])


@pytest.mark.clause("HOF-4.2.4")
def test_an_expired_certificate_is_none(
    post: OutboxSecureMail, keys: RecipientKeys, clock: Clock, sink: MailSink
) -> None:
    on_file(keys)
    assert post.has_key("archive")
    clock.now = MONDAY + timedelta(days=365)
    assert not post.has_key("archive")
    with pytest.raises(NoRecipientKeyError):
        post.send(MAIL)
    assert sink.messages == []


@pytest.mark.clause("HOF-4.2.4")
def test_a_revoked_certificate_is_none(
    post: OutboxSecureMail, keys: RecipientKeys, sink: MailSink
) -> None:
    on_file(keys)
    keys.revoke("archive")
    assert not post.has_key("archive")
    with pytest.raises(NoRecipientKeyError):
        post.send(MAIL)
    assert sink.messages == []


@pytest.mark.clause("HOF-4.2.4")
def test_what_is_not_really_encrypted_is_not_sent(
    post: OutboxSecureMail,
    keys: RecipientKeys,
    database: Database,
    sink: MailSink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_file(keys)
    # As if the library, or its use, were broken.
    broken = f"Subject: handoff-1\r\nTo: {ADDRESS}\r\n\r\n{MAIL.body}".encode()
    monkeypatch.setattr(secure_mail, "build", lambda *_, **__: broken)
    with pytest.raises(NotEncryptedError):
        post.send(MAIL)
    assert (CrmReads(database).outbox(), sink.messages) == ((), [])


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2")
def test_a_mail_server_gets_the_encrypted_message_once(
    post: OutboxSecureMail, keys: RecipientKeys, sink: MailSink
) -> None:
    key_id = on_file(keys)
    receipts = [post.send(MAIL) for _ in range(2)]
    assert {(receipt.delivered, receipt.key_id) for receipt in receipts} == {(True, key_id)}
    ((sender, recipient, message),) = sink.messages
    assert (sender, recipient) == (SENDER, ADDRESS)
    assert b"CANARY" not in message
    assert CANARY in text_of(message)


@pytest.mark.clause("HOF-4.2.4")
def test_a_mail_that_fails_at_first_is_one_message_with_one_id(
    post: OutboxSecureMail, keys: RecipientKeys, database: Database, sink: MailSink
) -> None:
    on_file(keys)
    sink.refusals = 1
    with pytest.raises(MailUnavailableError):
        post.send(MAIL)
    (written,) = CrmReads(database).outbox()
    assert post.send(MAIL).delivered
    assert CrmReads(database).outbox() == (written,)
    ((_, _, message),) = sink.messages
    assert message == written.body.encode()


@pytest.mark.clause("HOF-4.2.4")
def test_a_mail_that_was_taken_before_the_answer_was_lost_comes_again_under_its_id(
    post: OutboxSecureMail, keys: RecipientKeys, sink: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_file(keys)
    with monkeypatch.context() as patch:
        # The worker dies between the server's answer and the note of it.
        patch.setattr(OutboxSecureMail, "_update", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            post.send(MAIL)
    post.send(MAIL)
    (_, _, first), (_, _, second) = sink.messages
    assert first == second


def test_a_server_that_hangs_up_after_taking_a_mail_has_taken_it(
    post: OutboxSecureMail, keys: RecipientKeys, sink: MailSink
) -> None:
    on_file(keys)
    sink.hang_up = True
    assert post.send(MAIL).delivered
    assert len(sink.messages) == 1


@pytest.mark.clause("HOF-4.2.4")
def test_a_certificate_that_is_replaced_between_two_attempts_gets_the_message_anew(
    post: OutboxSecureMail,
    keys: RecipientKeys,
    clock: Clock,
    database: Database,
    sink: MailSink,
) -> None:
    on_file(keys)
    sink.refusals = 1
    with pytest.raises(MailUnavailableError):
        post.send(MAIL)
    clock.now = after(60)
    newer = on_file(keys, OTHER)
    assert post.send(MAIL).key_id == newer
    ((_, _, message),) = sink.messages
    assert CANARY in text_of(message, OTHER)
    assert len(CrmReads(database).outbox()) == 1


@pytest.mark.clause("HOF-4.2.4")
def test_a_certificate_that_is_revoked_between_two_attempts_stops_the_mail(
    post: OutboxSecureMail, keys: RecipientKeys, sink: MailSink
) -> None:
    on_file(keys)
    sink.refusals = 1
    with pytest.raises(MailUnavailableError):
        post.send(MAIL)
    keys.revoke("archive")
    with pytest.raises(NoRecipientKeyError):
        post.send(MAIL)
    assert sink.messages == []


def test_a_mail_that_was_sent_stays_so_when_its_certificate_ends(
    post: OutboxSecureMail, keys: RecipientKeys
) -> None:
    on_file(keys)
    sent = post.send(MAIL)
    keys.revoke("archive")
    assert post.send(MAIL) == sent


def test_a_database_that_is_not_there_is_unavailable(connect: Connect) -> None:
    mailer = OutboxSecureMail(connect("sqlite:////nowhere/at/all/crm.db"), sender=SENDER)
    with pytest.raises(MailUnavailableError):
        mailer.send(MAIL)
    with pytest.raises(MailUnavailableError):
        mailer.has_key("archive")


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2")
def test_the_activity_says_whether_trying_again_helps_and_nothing_of_the_mail(
    post: OutboxSecureMail, keys: RecipientKeys, sink: MailSink
) -> None:
    activity = TransferActivities(post)
    environment = ActivityEnvironment()
    with pytest.raises(ApplicationError) as refused:
        environment.run(activity.send_encrypted, MAIL)
    assert (refused.value.type, refused.value.non_retryable) == ("NoRecipientKeyError", True)
    on_file(keys)
    sink.refusals = 1
    with pytest.raises(ApplicationError) as failed:
        environment.run(activity.send_encrypted, MAIL)
    assert (failed.value.type, failed.value.non_retryable) == ("MailUnavailableError", False)
    assert "CANARY" not in repr(refused.value) + repr(failed.value)
    assert environment.run(activity.send_encrypted, MAIL).delivered
