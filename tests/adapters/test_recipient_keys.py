"""Certificates on file: only what keeps a message secret, one at a time, until it is revoked."""

import base64
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from adapters.certificates import address_of, read_certificate
from adapters.database import Database
from adapters.recipient_keys import LATEST, RecipientKeys
from sop.errors import InvalidValueError
from tests.batches import MONDAY, Clock, after
from tests.certificates import ADDRESS, Holder, ec_key, for_purpose, for_use, holder, rsa_key

YEAR = timedelta(days=365)
DER = holder(at=MONDAY).certificate.public_bytes(Encoding.DER)
BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(database: Database, clock: Clock) -> RecipientKeys:
    return RecipientKeys(database, clock)


def add(keys: RecipientKeys, party: Holder, address: str | None = None) -> Any:
    """Put a certificate on file for the archive."""
    return keys.add("archive", party.pem, address=address, added_by="lena")


@pytest.mark.clause("HOF-4.2.4")
def test_a_certificate_is_on_file_with_its_fingerprint_and_its_end(keys: RecipientKeys) -> None:
    party = holder(at=MONDAY)
    added = add(keys, party)
    assert added.fingerprint == party.certificate.fingerprint(SHA256()).hex()
    assert (added.address, added.expires_at) == (ADDRESS, MONDAY + YEAR)
    assert keys.list("archive") == (added,) == keys.list()
    assert keys.current("archive", MONDAY) == added
    assert keys.current("elsewhere", MONDAY) is None


@pytest.mark.clause("HOF-4.2.4")
def test_a_certificate_counts_until_it_expires(keys: RecipientKeys) -> None:
    add(keys, holder(at=MONDAY))
    assert keys.current("archive", MONDAY + YEAR - timedelta(seconds=1)) is not None
    assert keys.current("archive", MONDAY + YEAR) is None


def test_a_certificate_without_an_end_ends_when_every_time_zone_can_say_it(
    keys: RecipientKeys,
) -> None:
    until = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    added = add(keys, holder(at=MONDAY, days=(until - MONDAY) / timedelta(days=1)))
    assert added.expires_at == LATEST
    assert keys.list() == (added,)


@pytest.mark.clause("HOF-4.2.4")
def test_the_certificate_that_was_added_last_is_the_partys(
    keys: RecipientKeys, clock: Clock
) -> None:
    first, second = holder(at=MONDAY, days=30), holder(at=MONDAY, key=rsa_key(number=2), days=10)
    add(keys, first)
    clock.now = after(60)
    newer = add(keys, second)
    assert keys.current("archive", after(60)) == newer
    # The older one would last longer; the party may no longer have its key.
    assert keys.current("archive", MONDAY + timedelta(days=20)) is None
    clock.now = after(120)
    assert keys.current("archive", after(120)) == newer
    again = add(keys, first)
    assert keys.current("archive", after(120)) == again
    assert len(keys.list("archive")) == 2


@pytest.mark.clause("HOF-4.2.4")
def test_a_revoked_certificate_is_the_end_of_it(keys: RecipientKeys, clock: Clock) -> None:
    party, other = holder(at=MONDAY), holder(at=MONDAY, key=rsa_key(number=2))
    add(keys, party)
    clock.now = after(60)
    assert keys.revoke("archive")
    clock.now = after(120)
    assert keys.revoke("archive")
    assert keys.current("archive", after(120)) is None
    assert [key.revoked_at for key in keys.list()] == [after(60)]
    with pytest.raises(InvalidValueError, match="was revoked") as refused:
        add(keys, party)
    assert refused.value.clause == "HOF-4.2.4"
    added = add(keys, other)
    assert keys.current("archive", after(120)) == added


def test_nobodys_certificates_cannot_be_revoked(keys: RecipientKeys) -> None:
    assert not keys.revoke("archive")


def test_the_same_certificate_serves_two_parties(keys: RecipientKeys) -> None:
    party = holder(at=MONDAY)
    add(keys, party)
    keys.add("branch", party.pem, address=None, added_by="lena")
    assert keys.revoke("archive")
    assert keys.current("branch", MONDAY) is not None


@pytest.mark.clause("HOF-4.2.4")
@pytest.mark.parametrize(
    ("party", "why"),
    [
        (lambda: holder(at=MONDAY - YEAR, days=365), "valid from"),
        (lambda: holder(at=MONDAY + timedelta(seconds=1)), "valid from"),
        (lambda: holder(at=MONDAY, key=rsa_key(1024)), "too weak"),
        (lambda: holder(at=MONDAY, key=ec_key()), "not RSA"),
        (lambda: holder(at=MONDAY, extend=for_use(key_encipherment=False)), "key usage"),
        (lambda: holder(at=MONDAY, extend=for_purpose(mail=False)), "extended key usage"),
        (lambda: holder(at=MONDAY, addresses=()), "names no e-mail address"),
    ],
    ids=["expired", "not yet valid", "weak", "other key", "signing", "server", "no address"],
)
def test_a_certificate_that_keeps_nothing_secret_is_refused(
    keys: RecipientKeys, party: Callable[[], Holder], why: str
) -> None:
    with pytest.raises(InvalidValueError, match=why) as refused:
        add(keys, party())
    assert refused.value.clause == "HOF-4.2.4"
    assert keys.list() == ()


@pytest.mark.parametrize(
    "extend", [for_use(key_encipherment=True), for_purpose(mail=True)], ids=["usage", "purpose"]
)
def test_a_certificate_that_says_it_is_for_encrypted_mail_is_taken(
    keys: RecipientKeys, extend: Any
) -> None:
    assert add(keys, holder(at=MONDAY, extend=extend)).party == "archive"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "ä",
        "\x00",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\x00",
    ],
)
def test_what_is_no_certificate_is_refused(keys: RecipientKeys, text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"no X\.509 certificate"):
        keys.add("archive", text, address=None, added_by="lena")


@pytest.mark.clause("HOF-5.2")
def test_a_private_key_is_refused_and_not_kept(keys: RecipientKeys) -> None:
    party = holder(at=MONDAY)
    secret = party.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(InvalidValueError, match="private key"):
        keys.add("archive", party.pem + secret, address=None, added_by="lena")
    assert keys.list() == ()


def test_a_certificate_of_an_unheard_of_version_is_refused() -> None:
    version = bytes.fromhex("a003020102")
    assert DER.count(version) == 1
    der = DER.replace(version, version[:-1] + b"\x39")
    with pytest.raises(InvalidValueError, match="no X"):
        read_certificate(f"{BEGIN}\n{base64.encodebytes(der).decode()}{END}\n", MONDAY)


@given(st.data())
def test_a_certificate_with_a_changed_byte_is_refused_or_read(data: Any) -> None:
    der = bytearray(DER)
    der[data.draw(st.integers(0, len(der) - 1))] ^= data.draw(st.integers(1, 255))
    pem = f"{BEGIN}\n{base64.encodebytes(bytes(der)).decode()}{END}\n"
    with suppress(InvalidValueError), warnings.catch_warnings(action="ignore"):
        address_of(read_certificate(pem, MONDAY), None)


@pytest.mark.parametrize("length", [10, 200, 400, 700])
def test_a_damaged_certificate_is_refused(keys: RecipientKeys, length: int) -> None:
    der = bytearray(holder(at=MONDAY).certificate.public_bytes(Encoding.DER))
    cut = x509.load_der_x509_certificate(bytes(der))
    lines = cut.public_bytes(Encoding.PEM).decode().splitlines()
    damaged = "\n".join([lines[0], "".join(lines[1:-1])[:length], lines[-1]])
    with pytest.raises(InvalidValueError):
        keys.add("archive", damaged, address=None, added_by="lena")


def test_an_address_that_is_given_is_taken_where_the_certificate_names_none(
    keys: RecipientKeys,
) -> None:
    assert add(keys, holder(at=MONDAY, addresses=()), ADDRESS).address == ADDRESS


def test_the_address_of_an_old_certificates_subject_counts(keys: RecipientKeys) -> None:
    def old(made: x509.CertificateBuilder) -> x509.CertificateBuilder:
        return x509.CertificateBuilder(
            issuer_name=x509.Name([]),
            subject_name=x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, ADDRESS)]),
            public_key=rsa_key().public_key(),
            serial_number=7,
            not_valid_before=datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None),
            not_valid_after=datetime(2028, 1, 1, tzinfo=UTC).replace(tzinfo=None),
        )

    assert add(keys, holder(extend=old)).address == ADDRESS


@pytest.mark.parametrize("address", ["other@partner.example", "archive@partner.example.com"])
def test_another_address_than_the_certificates_is_refused(
    keys: RecipientKeys, address: str
) -> None:
    with pytest.raises(InvalidValueError, match="another e-mail address"):
        add(keys, holder(at=MONDAY), address)
    assert add(keys, holder(at=MONDAY), ADDRESS.upper()).address == ADDRESS.upper()


@pytest.mark.parametrize(
    "address",
    ["", "x", "a@b\nBcc: c@d", "ä@partner.example", "a b@c.example", "<a@b>", f"{'x' * 250}@a.b"],
)
def test_what_is_no_address_is_refused(keys: RecipientKeys, address: str) -> None:
    with pytest.raises(InvalidValueError, match="no e-mail address"):
        add(keys, holder(at=MONDAY, addresses=()), address)
