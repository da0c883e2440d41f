"""Reading a receiving party's certificate, and refusing what cannot keep a message secret.

Whether it is the party's own is not seen here: who puts it on file compares the fingerprint.
"""

import re
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sop.errors import InvalidValueError

CLAUSE = "HOF-4.2.4"
LEAST_BITS = 2048
LEAST_EXPONENT = 65537

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_LONGEST_ADDRESS = 254
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


def read_certificate(pem: str, at: datetime) -> x509.Certificate:
    """Return a certificate that a message can be encrypted to at a moment.

    Raises:
        InvalidValueError: It cannot be read, is not valid now, or its key is none for encrypting.
    """
    if "PRIVATE KEY" in pem:
        raise refused("This holds a private key, which nobody else may have: send the certificate.")
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode("ascii"))
        key = certificate.public_key()
        usage, purposes = _usage(certificate), _purposes(certificate)
        _addresses(certificate)  # what cannot be read is found here, not later
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except _UNREADABLE:
        raise refused("This is no X.509 certificate in PEM.") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise refused("The certificate's key is not RSA, which S/MIME needs here.")
    if key.key_size < LEAST_BITS or key.public_numbers().e < LEAST_EXPONENT:
        raise refused(
            f"The certificate's RSA key is too weak: {LEAST_BITS} bits and the exponent "
            f"{LEAST_EXPONENT} are the least."
        )
    if usage is not None and not usage.key_encipherment:
        raise refused("The certificate's key usage does not allow key encipherment.")
    if purposes is not None and not purposes & _MAIL:
        raise refused("The certificate's extended key usage does not allow e-mail.")
    if not begins <= at < ends:
        raise refused(f"The certificate is valid from {begins:%Y-%m-%d} to {ends:%Y-%m-%d} only.")
    return certificate


def address_of(certificate: x509.Certificate, given: str | None) -> str:
    """Return the address that messages go to: the one given, or the certificate's first.

    Raises:
        InvalidValueError: There is none, it is no address, or the certificate names others only.
    """
    named = _addresses(certificate)
    if given is None and not named:
        raise refused("The certificate names no e-mail address: say which one is the party's.")
    address = given if given is not None else named[0]
    if len(address) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
        raise refused("This is no e-mail address that messages can be sent to.")
    if named and address.lower() not in {name.lower() for name in named}:
        raise refused("The certificate is another e-mail address's.")
    return address


def refused(message: str) -> InvalidValueError:
    """Return the refusal of a certificate."""
    return InvalidValueError(message, clause=CLAUSE)


_MAIL = frozenset(
    {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
)


def _usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _purposes(certificate: x509.Certificate) -> frozenset[x509.ObjectIdentifier] | None:
    try:
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return None
    return frozenset(found.value)


def _addresses(certificate: x509.Certificate) -> list[str]:
    """Return the addresses of the alternative names, then those of the subject."""
    names: list[str] = []
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names += found.value.get_values_for_type(x509.RFC822Name)
    except x509.ExtensionNotFound:
        pass  # an old certificate: its subject says it
    subject = certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)
    return [*names, *(str(attribute.value) for attribute in subject)]
