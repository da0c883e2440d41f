"""Certificates of receiving parties, with the private keys that only a test has."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ADDRESS = "archive@partner.example"


@dataclass(frozen=True)
class Holder:
    """A party with its certificate and the key to it."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        """Return the certificate as it is sent."""
        return self.certificate.public_bytes(Encoding.PEM).decode()


@cache
def rsa_key(bits: int = 2048, number: int = 1) -> rsa.RSAPrivateKey:
    """Return a key; the same for the same number, since making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    """Return a key that is not RSA."""
    return ec.generate_private_key(ec.SECP256R1())


def holder(
    *,
    key: Any = None,
    name: str = "Archive of the Partner",
    addresses: tuple[str, ...] = (ADDRESS,),
    at: datetime | None = None,
    days: float = 365,
    extend: Callable[[x509.CertificateBuilder], x509.CertificateBuilder] = lambda made: made,
) -> Holder:
    """Return a party whose certificate is valid from a moment, for some days."""
    own = key or rsa_key()
    begins = at or datetime.now(UTC) - timedelta(minutes=5)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
    )
    if addresses:
        names = x509.SubjectAlternativeName([x509.RFC822Name(address) for address in addresses])
        made = made.add_extension(names, critical=False)
    return Holder(extend(made).sign(own, SHA256()), own)


def for_use(*, key_encipherment: bool) -> Callable[[Any], x509.CertificateBuilder]:
    """Return what says what the key may be used for."""
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return lambda made: made.add_extension(usage, critical=True)


def for_purpose(*, mail: bool) -> Callable[[Any], x509.CertificateBuilder]:
    """Return what says what the certificate is for."""
    purpose = ExtendedKeyUsageOID.EMAIL_PROTECTION if mail else ExtendedKeyUsageOID.SERVER_AUTH
    return lambda made: made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
