"""An e-mail to a receiving party, encrypted to its certificate by S/MIME (HOF-4.2.4, HOF-5.2).

What is outside the encryption holds no personal data of a customer: the subject is the case's id.
Before a message may leave, it is read again, and refused where it is not encrypted.
"""

import base64
import binascii
import hashlib
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import SMTP

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7EnvelopeBuilder,
    PKCS7Options,
)

from activities.ports import NotEncryptedError, SecureMail
from adapters.cms import CmsError, Envelope, read_envelope, recipient_of

KEY_HEADER = "X-Handrail-Recipient-Key"
CIPHER = "AES-256-CBC"

_HEADERS = frozenset({
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type",
    "content-transfer-encoding", "content-disposition", KEY_HEADER.lower(),
})  # fmt: skip
_SHORTEST_TRACE = 12
"""Bytes of the text that are not in a ciphertext by chance."""


def build(
    mail: SecureMail,
    certificate: x509.Certificate,
    *,
    key_id: str,
    sender: str,
    recipient: str,
    at: datetime,
) -> bytes:
    """Return the message, its text encrypted to a certificate.

    Args:
        mail: The text, and the case that it is about.
        certificate: The receiving party's.
        key_id: Under which the certificate is on file.
        sender: The address that it comes from.
        recipient: The address that it goes to.
        at: Its date.

    Raises:
        ValueError: A header cannot hold what it is given.
    """
    envelope = (
        PKCS7EnvelopeBuilder()
        .set_data(_inside(mail))
        .add_recipient(certificate)
        .set_content_encryption_algorithm(algorithms.AES256)
        .encrypt(Encoding.DER, [PKCS7Options.Binary])
    )
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = mail.case_id
    message["Date"] = at
    message["Message-ID"] = message_id_of(mail, sender)
    message[KEY_HEADER] = key_id
    message.set_content(
        envelope,
        maintype="application",
        subtype="pkcs7-mime",
        disposition="attachment",
        filename="smime.p7m",
        params={"smime-type": "enveloped-data"},
    )
    return message.as_bytes()


def message_id_of(mail: SecureMail, sender: str) -> str:
    """Return the Message-ID: the same whenever a mail is sent again."""
    digest = hashlib.sha256(mail.message_id.encode()).hexdigest()
    return f"<{digest[:40]}@{sender.rpartition('@')[2]}>"


def require_encrypted(message: bytes, certificate: x509.Certificate, mail: SecureMail) -> None:
    """Refuse a message that is not really encrypted, or not to this certificate alone.

    Raises:
        NotEncryptedError: It must not be sent.
    """
    read = message_from_bytes(message, policy=SMTP)
    names = [name.lower() for name in read]
    if not set(names) <= _HEADERS or len(set(names)) != len(names):
        raise NotEncryptedError("the headers are others than those of an encrypted message")
    if read["Subject"] != mail.case_id:
        raise NotEncryptedError("the subject is not the case's id alone")
    if (read.get_content_type(), read.get_param("smime-type")) != (
        "application/pkcs7-mime",
        "enveloped-data",
    ):
        raise NotEncryptedError("the content type is not that of an encrypted message")
    der = _payload(read)
    envelope = _envelope(der, certificate)
    # All that is not looked into here is known: the certificate's own name and number.
    hidden = envelope.encrypted_key + envelope.ciphertext
    if any(trace in hidden for trace in _traces(mail)):
        raise NotEncryptedError("the text can be read in it")


def _inside(mail: SecureMail) -> bytes:
    """Return what is encrypted: a message of its own, with its subject and text."""
    inner = EmailMessage(policy=SMTP)
    printable = "".join(c if c.isprintable() else " " for c in mail.subject)
    inner["Subject"] = " ".join(printable.split())
    inner.set_content(mail.body, charset="utf-8", cte="base64")
    return inner.as_bytes()


def _payload(message: Message) -> bytes:
    """Return the DER that a message holds, and nothing besides."""
    text = message.get_payload()
    if not isinstance(text, str) or message["Content-Transfer-Encoding"] != "base64":
        raise NotEncryptedError("the message has other parts")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise NotEncryptedError("there is something besides the encrypted content") from None


def _envelope(der: bytes, certificate: x509.Certificate) -> Envelope:
    """Return the outside of an encrypted message that is for a certificate and no other."""
    try:
        envelope, wanted = read_envelope(der), recipient_of(certificate)
    except CmsError as error:
        raise NotEncryptedError(str(error)) from None
    if envelope.recipient != wanted:
        raise NotEncryptedError("it is encrypted to another certificate")
    key = certificate.public_key()
    size = (key.key_size + 7) // 8 if isinstance(key, rsa.RSAPublicKey) else None
    if len(envelope.encrypted_key) != size:
        raise NotEncryptedError("its key is not encrypted to the certificate's")
    return envelope


def _traces(mail: SecureMail) -> set[bytes]:
    """Return what would be found in a message that is not encrypted, as typed or as mailed."""
    typed = f"{mail.subject}\n{mail.body}".encode()
    lines = (line.strip() for line in (typed + b"\n" + _inside(mail)).splitlines())
    return {line for line in lines if len(line) >= _SHORTEST_TRACE}
