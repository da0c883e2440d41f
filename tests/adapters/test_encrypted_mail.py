"""What leaves by e-mail is encrypted to the receiving party, and the software looks (HOF-4.2.4)."""

import base64
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7EnvelopeBuilder,
    PKCS7Options,
    PKCS7SignatureBuilder,
    pkcs7_decrypt_der,
    pkcs7_decrypt_smime,
)
from hypothesis import given
from hypothesis import strategies as st

from activities.ports import NotEncryptedError, SecureMail
from adapters.cms import CmsError, elements, read_envelope
from adapters.encrypted_mail import build, message_id_of, require_encrypted
from tests.batches import MONDAY
from tests.certificates import ADDRESS, Holder, holder, rsa_key

CANARY = "CANARY-4711 Carla Client, account 99887766"
MAIL = SecureMail(
    message_id="handoff-1/offer/1",
    case_id="handoff-1",
    party="archive",
    subject="Handoff of Carla Client's contract",
    body=f"Asked:\n{CANARY}\nÄnderung des Vertrags — größer.\n",
)
PARTY = holder(at=MONDAY)
STRANGER = holder(at=MONDAY, key=rsa_key(number=2))


def built(mail: SecureMail = MAIL, party: Holder = PARTY) -> bytes:
    """Return a message as the adapter builds it."""
    return build(
        mail,
        party.certificate,
        key_id="rk-1",
        sender="desk@example.org",
        recipient=ADDRESS,
        at=MONDAY,
    )


def opened(message: bytes, party: Holder = PARTY) -> EmailMessage:
    """Return what the party's mail program reads."""
    der = message_from_bytes(message, policy=SMTP).get_payload(decode=True)
    assert isinstance(der, bytes)
    inside = pkcs7_decrypt_der(der, party.certificate, party.key, [])
    return message_from_bytes(inside, policy=SMTP)


def around(der: bytes, **headers: str) -> bytes:
    """Return a message that calls anything encrypted."""
    said = {"Subject": MAIL.case_id, "From": "a@b.c", "To": ADDRESS, **headers}
    lines = [f"{name}: {value}" for name, value in said.items()]
    lines += [
        'Content-Type: application/pkcs7-mime; smime-type="enveloped-data"',
        "Content-Transfer-Encoding: base64",
        "",
        base64.encodebytes(der).decode(),
    ]
    return "\r\n".join(lines).encode()


def enveloped(data: bytes, *parties: Holder, cipher: Any = algorithms.AES256) -> bytes:
    """Return an envelope with any content for any parties."""
    made = PKCS7EnvelopeBuilder().set_data(data).set_content_encryption_algorithm(cipher)
    for party in parties:
        made = made.add_recipient(party.certificate)
    return made.encrypt(Encoding.DER, [PKCS7Options.Binary])


def signed() -> bytes:
    """Return a message that anybody can read, with a signature."""
    made = PKCS7SignatureBuilder().set_data(MAIL.body.encode())
    made = made.add_signer(STRANGER.certificate, STRANGER.key, SHA256())
    return made.sign(Encoding.DER, [PKCS7Options.Binary])


def data_only() -> bytes:
    """Return ContentInfo with plain data."""
    return bytes.fromhex("301006092a864886f70d010701a0030401") + b"x"


def message_inside() -> bytes:
    """Return the text as it stands inside a message."""
    der = message_from_bytes(built(), policy=SMTP).get_payload(decode=True)
    assert isinstance(der, bytes)
    return pkcs7_decrypt_der(der, PARTY.certificate, PARTY.key, [])


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2")
def test_only_the_partys_key_opens_a_message() -> None:
    message = built()
    require_encrypted(message, PARTY.certificate, MAIL)
    inner = opened(message)
    assert inner["Subject"] == MAIL.subject
    assert inner.get_content() == MAIL.body.replace("\n", "\r\n")
    with pytest.raises(ValueError, match=r"."):
        opened(message, STRANGER)


@pytest.mark.clause("HOF-4.2.4")
def test_a_mail_program_reads_the_message_as_s_mime() -> None:
    plain = built()
    inside = pkcs7_decrypt_smime(plain, PARTY.certificate, PARTY.key, [])
    assert CANARY in message_from_bytes(inside, policy=SMTP).get_content()


@pytest.mark.clause("HOF-5.2")
def test_the_outside_of_a_message_names_the_case_and_nobody() -> None:
    message = built()
    read = message_from_bytes(message, policy=SMTP)
    assert read["Subject"] == "handoff-1"
    assert read["Message-ID"] == message_id_of(MAIL, "desk@example.org")
    assert read["Date"].datetime == MONDAY
    for personal in ("Carla", "Client", "CANARY", "99887766", "größer"):
        assert personal.encode() not in message
        assert base64.b64encode(personal.encode() * 3)[4:12] not in message


@pytest.mark.clause("HOF-4.2.4")
def test_a_message_to_another_key_is_refused() -> None:
    with pytest.raises(NotEncryptedError, match="another certificate"):
        require_encrypted(built(party=STRANGER), PARTY.certificate, MAIL)


@pytest.mark.clause("HOF-4.2.4")
def test_a_message_that_a_second_key_opens_as_well_is_refused() -> None:
    with pytest.raises(NotEncryptedError, match="one recipient"):
        require_encrypted(around(enveloped(b"x", PARTY, STRANGER)), PARTY.certificate, MAIL)


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2")
@pytest.mark.parametrize(
    ("der", "why"),
    [
        (MAIL.body.encode, "another structure|not DER"),
        (bytes, "another structure"),
        (lambda: enveloped(b"x", PARTY, cipher=algorithms.AES128), "not AES-256-CBC"),
        (signed, "not EnvelopedData"),
        (lambda: enveloped(b"x", PARTY) + b"\x05\x00", "another structure"),
        (lambda: enveloped(b"x", PARTY)[:-1], "not DER"),
        (data_only, "not EnvelopedData"),
    ],
    ids=["plain", "empty", "weaker", "signed only", "more behind", "cut", "data"],
)
def test_what_is_only_called_encrypted_is_refused(der: Any, why: str) -> None:
    with pytest.raises(NotEncryptedError, match=why):
        require_encrypted(around(der()), PARTY.certificate, MAIL)


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2")
def test_an_envelope_with_the_text_in_place_of_the_cipher_is_refused() -> None:
    honest = enveloped(b"x" * 4000, PARTY)
    cipher = read_envelope(honest).ciphertext
    for text in (MAIL.body.encode(), message_inside()):
        forged = honest.replace(cipher, text.ljust(len(cipher), b" "))
        assert read_envelope(forged).ciphertext != cipher
        with pytest.raises(NotEncryptedError, match="can be read"):
            require_encrypted(around(forged), PARTY.certificate, MAIL)


@pytest.mark.clause("HOF-4.2.4", "HOF-5.2")
@pytest.mark.parametrize(
    "change",
    [
        lambda message: message.replace(b"enveloped-data", b"signed-data"),
        lambda message: message.replace(b"application/pkcs7-mime", b"text/plain"),
        lambda message: message.replace(b"Subject: handoff-1", b"Subject: Carla Client"),
        lambda message: message.replace(b"Subject:", b"Comments: Carla\r\nSubject:"),
        lambda message: message.replace(b"Subject:", b"Subject: handoff-1\r\nSubject:"),
        lambda message: message + b"\r\nCarla Client\r\n",
        lambda message: message.replace(b"base64", b"8bit"),
    ],
    ids=["signed", "text", "subject", "header", "twice", "text behind", "encoding"],
)
def test_a_message_with_anything_outside_the_encryption_is_refused(change: Any) -> None:
    changed = change(built())
    assert changed != built()
    with pytest.raises(NotEncryptedError):
        require_encrypted(changed, PARTY.certificate, MAIL)


@pytest.mark.clause("HOF-4.2.4")
def test_an_unencrypted_mail_is_refused() -> None:
    plain = EmailMessage(policy=SMTP)
    plain["From"], plain["To"], plain["Subject"] = "a@b.c", ADDRESS, MAIL.case_id
    plain.set_content(MAIL.body)
    with pytest.raises(NotEncryptedError):
        require_encrypted(plain.as_bytes(), PARTY.certificate, MAIL)


def test_the_message_id_is_the_same_for_the_same_mail_only() -> None:
    assert message_id_of(MAIL, "desk@example.org").endswith("@example.org>")
    assert message_id_of(MAIL, "d@e.f") == message_id_of(MAIL, "d@e.f")
    other = MAIL.model_copy(update={"message_id": "handoff-1/offer/2"})
    assert message_id_of(MAIL, "d@e.f") != message_id_of(other, "d@e.f")


def test_an_issuers_name_that_the_text_also_names_is_no_trace() -> None:
    name = "The Archive of the Partner Company"
    party = holder(at=MONDAY, name=name)
    mail = MAIL.model_copy(update={"body": f"Items for\n{name}\n"})
    require_encrypted(built(mail, party), party.certificate, mail)


@pytest.mark.clause("HOF-5.2")
@given(subject=st.text(max_size=80), body=st.text(min_size=1, max_size=500))
def test_whatever_the_text_is_it_arrives_and_passes_the_check(subject: str, body: str) -> None:
    mail = MAIL.model_copy(update={"subject": subject, "body": body})
    message = built(mail)
    require_encrypted(message, PARTY.certificate, mail)
    inner = opened(message)
    # Ends of lines are those of mail; whatever parts lines elsewhere is a character as any other.
    assert "".join(inner.get_content().split()) == "".join(body.split())
    assert not set(str(inner["Subject"])) & set("\r\n\0")


@given(st.binary(max_size=300))
def test_bytes_that_are_no_message_are_refused_and_break_nothing(data: bytes) -> None:
    with pytest.raises(CmsError):
        read_envelope(data)
    with pytest.raises(NotEncryptedError):
        require_encrypted(data, PARTY.certificate, MAIL)


@given(st.data())
def test_an_envelope_with_a_changed_byte_is_refused_or_still_looks_encrypted(data: Any) -> None:
    der = bytearray(HONEST)
    at = data.draw(st.integers(0, len(der) - 1))
    der[at] ^= data.draw(st.integers(1, 255))
    try:
        read = read_envelope(bytes(der))
    except CmsError:
        return
    assert len(read.ciphertext) % 16 == 0


@pytest.mark.parametrize(
    "data",
    ["30", "3080", "30810100", "3082000100", "1f0100", "3085000000000100", "0401"],
    ids=["short", "indefinite", "long form", "zeros", "high tag", "too long", "cut"],
)
def test_only_the_one_way_of_writing_der_is_read(data: str) -> None:
    with pytest.raises(CmsError, match="not DER"):
        elements(bytes.fromhex(data))


HONEST = enveloped(b"x", PARTY)
