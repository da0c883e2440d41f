"""Reading the outside of an encrypted message: for whom it is, and how it is encrypted (RFC 5652).

A small strict reader of DER, which knows the few structures that such a message consists of and
refuses everything else. It decrypts nothing.
"""

from dataclasses import dataclass

from cryptography import x509

_INTEGER, _OCTETS, _NULL, _OID, _SEQUENCE, _SET = 0x02, 0x04, 0x05, 0x06, 0x30, 0x31
_CONTENT, _IMPLICIT_CONTENT = 0xA0, 0x80

# The values of the object identifiers, as DER has them.
_ENVELOPED_DATA = bytes.fromhex("2a864886f70d010703")  # 1.2.840.113549.1.7.3
_DATA = bytes.fromhex("2a864886f70d010701")  # 1.2.840.113549.1.7.1
_RSA = bytes.fromhex("2a864886f70d010101")  # 1.2.840.113549.1.1.1
_AES_256_CBC = bytes.fromhex("60864801650304012a")  # 2.16.840.1.101.3.4.1.42
_VERSION = b"\x00"
_BLOCK = 16  # bytes
_HIGH_TAG, _LONG, _LONGEST_LENGTH = 0x1F, 0x80, 4


class CmsError(ValueError):
    """The bytes are no message encrypted as it must be."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of DER.

    Attributes:
        whole: With its tag and length.
    """

    tag: int
    content: bytes
    whole: bytes


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whose certificate a message is encrypted to.

    Attributes:
        issuer: The name of the certificate's issuer, in DER.
        serial: The certificate's number, as DER has it.
    """

    issuer: bytes
    serial: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the outside of an encrypted message says."""

    recipient: Recipient
    encrypted_key: bytes
    ciphertext: bytes


def recipient_of(certificate: x509.Certificate) -> Recipient:
    """Return how a message names a certificate."""
    fields = elements(_only(certificate.tbs_certificate_bytes, _SEQUENCE))
    # The version stands before the number, unless it is the first.
    at = 1 if fields[0].tag == _CONTENT else 0
    return Recipient(issuer=fields[at + 2].whole, serial=fields[at].content)


def read_envelope(der: bytes) -> Envelope:
    """Return what the outside of a message says, if it is EnvelopedData in AES-256-CBC.

    Raises:
        CmsError: It is something else.
    """
    content_type, content = _fields(_only(der, _SEQUENCE), _OID, _CONTENT)
    _require(content_type.content == _ENVELOPED_DATA, "not EnvelopedData")
    version, recipients, encrypted = _fields(
        _only(content.content, _SEQUENCE), _INTEGER, _SET, _SEQUENCE
    )
    infos = elements(recipients.content)
    _require(version.content == _VERSION and len(infos) == 1, "not for one recipient")
    recipient, key = _recipient(infos[0])
    return Envelope(recipient, key, _ciphertext(encrypted.content))


def elements(data: bytes) -> list[Element]:
    """Return the elements that stand side by side in some bytes.

    Raises:
        CmsError: They are not DER.
    """
    found, at = [], 0
    while at < len(data):
        element = _element(data[at:])
        found.append(element)
        at += len(element.whole)
    return found


def _recipient(info: Element) -> tuple[Recipient, bytes]:
    """Return whom a KeyTransRecipientInfo names, and the key that only they can read."""
    _require(info.tag == _SEQUENCE, "not encrypted to a certificate")
    version, name, algorithm, key = _fields(info.content, _INTEGER, _SEQUENCE, _SEQUENCE, _OCTETS)
    _require(version.content == _VERSION, "not named by issuer and number")
    issuer, serial = _fields(name.content, _SEQUENCE, _INTEGER)
    kind, nothing = _fields(algorithm.content, _OID, _NULL)
    _require(kind.content == _RSA and not nothing.content, "not RSA")
    return Recipient(issuer=issuer.whole, serial=serial.content), key.content


def _ciphertext(info: bytes) -> bytes:
    """Return the content of an EncryptedContentInfo."""
    content_type, algorithm, content = _fields(info, _OID, _SEQUENCE, _IMPLICIT_CONTENT)
    _require(content_type.content == _DATA, "not data")
    cipher, start = _fields(algorithm.content, _OID, _OCTETS)
    _require(cipher.content == _AES_256_CBC, "not AES-256-CBC")
    _require(len(start.content) == _BLOCK, "not an initialisation vector")
    length = len(content.content)
    _require(length >= _BLOCK and length % _BLOCK == 0, "not whole blocks")
    return content.content


def _fields(data: bytes, *tags: int) -> list[Element]:
    found = elements(data)
    _require(tuple(element.tag for element in found) == tags, "another structure")
    return found


def _only(data: bytes, tag: int) -> bytes:
    return _fields(data, tag)[0].content


def _element(data: bytes) -> Element:
    """Read the first element: one byte of tag, a definite length in its shortest form."""
    _require(len(data) > 1 and data[0] & _HIGH_TAG != _HIGH_TAG, "not DER")
    length, head = data[1], 2
    if length >= _LONG:
        head += length - _LONG
        octets = data[2:head]
        _require(0 < len(octets) == head - 2 <= _LONGEST_LENGTH, "not DER")
        length = int.from_bytes(octets, "big")
        _require(length >= _LONG and octets[0] != 0, "not DER")
    _require(len(data) >= head + length, "not DER")
    return Element(data[0], data[head : head + length], data[: head + length])


def _require(holds: object, otherwise: str) -> None:
    if not holds:
        raise CmsError(otherwise)
