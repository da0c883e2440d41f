"""Tracked couriers: what a tracking number looks like, how a status may change (HOF-4.2.4).

A check digit finds a slip of the hand. It does not prove that the parcel exists, and where a
carrier has none, or none that could be confirmed, only length and characters are checked.
"""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from itertools import cycle

from sop.errors import InvalidValueError

CLAUSE = "HOF-4.2.4"

_SEPARATORS = re.compile(r"[ .\-]")
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check_tracking(carrier: str, number: str, carriers: tuple[str, ...]) -> str:
    """Return a tracking number as it is recorded: capitals and digits, without separators.

    Checked with their check digit are: UPS (1Z and 16 characters), UPU S10 (two letters, nine
    digits, two letters; `postal`, and DHL's parcels abroad), FedEx (12, 15, 20 and 22 digits),
    DHL Express (10 digits), DHL Paket (12 and 20 digits), DPD (14 digits with the check character),
    GLS (12 digits). Checked for their form only are: DHL's piece numbers (`JJD…`), DPD without the
    check character, GLS without the check digit and GLS's Track-ID (8 characters), and the numbers
    of every other carrier that the policy names (6 to 40 letters and digits).

    Args:
        carrier: One of the policy's carriers.
        number: As a person types it: spaces, dots and hyphens do not matter.
        carriers: The policy's.

    Raises:
        InvalidValueError: The carrier is not approved, or the number cannot be one of its numbers.
    """
    if carrier not in carriers:
        approved = ", ".join(carriers) or "none"
        raise InvalidValueError(
            f"The carrier is not approved; approved: {approved}.", clause=CLAUSE
        )
    # Before the capitals: those of some letters from elsewhere are plain ones.
    written = _SEPARATORS.sub("", number).upper() if number.isascii() else ""
    if not any(
        re.fullmatch(form, written) and is_right(written)
        for form, is_right in _FORMS.get(carrier, _OTHERS)
    ):
        raise InvalidValueError(
            f"This is no tracking number of {carrier}: compare it with the receipt, character by "
            "character.",
            clause=CLAUSE,
        )
    return written


def _products(digits: Iterable[int], weights: Iterable[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def _digits(number: str) -> list[int]:
    return [int(digit) for digit in number]


def _any(_number: str) -> bool:
    """Let through what has the form: no check digit is known."""
    return True


def _ups(number: str) -> bool:
    """UPS: modulo 10 over what follows `1Z`, every second place doubled; A counts 2, B counts 3."""
    body = [int(c) if c.isdigit() else (ord(c) - 63) % 10 for c in number[2:]]
    return (_products(body[:-1], cycle((1, 2))) + body[-1]) % 10 == 0


def _s10(number: str) -> bool:
    """UPU S10: modulo 11; where the difference is 10 the digit is 0, where it is 11 it is 5."""
    *body, check = _digits(number[2:11])
    difference = 11 - _products(body, (8, 6, 4, 2, 3, 5, 9, 7)) % 11
    return {10: 0, 11: 5}.get(difference, difference) == check


def _threes(number: str, carry: int = 0) -> bool:
    """Modulo 10, weighted 3 and 1 from the right, as GS1 has it."""
    check, *body = reversed(_digits(number))
    return (_products(body, cycle((3, 1))) + carry + check) % 10 == 0


def _fedex_express(number: str) -> bool:
    """FedEx, 12 digits: modulo 11, weighted 1, 3, 7 from the right; a rest of 10 counts as 0."""
    check, *body = reversed(_digits(number))
    return _products(body, cycle((1, 3, 7))) % 11 % 10 == check


def _fedex_smart_post(number: str) -> bool:
    """FedEx, 20 digits: without the 92 that stands before them in the barcode."""
    return _threes(f"92{number}")


def _fedex_ground_96(number: str) -> bool:
    """FedEx, 22 digits from 96: the last 15 are the tracking number."""
    return _threes(number[7:])


def _dhl_express(number: str) -> bool:
    """DHL Express: the rest of the first nine digits by 7."""
    return int(number[:-1]) % 7 == int(number[-1])


def _dhl_identcode(number: str) -> bool:
    """DHL Paket, 12 digits: modulo 10, weighted 4 and 9 (Identcode)."""
    *body, check = _digits(number)
    return (_products(body, cycle((4, 9))) + check) % 10 == 0


def _gls(number: str) -> bool:
    """GLS: as GS1, and 1 is added; so the carrier's Uni-Box documentation, 3.2.1."""
    return _threes(number, carry=1)


def _dpd(number: str) -> bool:
    """DPD: ISO 7064, MOD 37,36."""
    rest = 36
    for character in number[:-1]:
        rest = (rest + _ALPHABET.index(character)) % 36 or 36
        rest = rest * 2 % 37
    return (rest + _ALPHABET.index(number[-1])) % 36 == 1


_Forms = tuple[tuple[str, Callable[[str], bool]], ...]

_S10 = ("[A-Z]{2}[0-9]{9}[A-Z]{2}", _s10)
_OTHERS: _Forms = (("[0-9A-Z]{6,40}", _any),)
_FORMS: dict[str, _Forms] = {
    "ups": (("1Z[0-9A-Z]{15}[0-9]", _ups),),
    "postal": (_S10,),
    "fedex": (
        ("[0-9]{12}", _fedex_express),
        ("[0-9]{15}", _threes),
        ("[0-9]{20}", _fedex_smart_post),
        ("92[0-9]{20}", _threes),
        ("96[0-9]{20}", _fedex_ground_96),
    ),
    "dhl": (
        ("[0-9]{10}", _dhl_express),
        ("[0-9]{12}", _dhl_identcode),
        ("[0-9]{20}", _threes),
        ("J[A-Z]{2,3}[0-9]{10,20}", _any),
        _S10,
    ),
    "dpd": (("[0-9]{14}", _any), ("[0-9]{14}[0-9A-Z]", _dpd)),
    "gls": (("[0-9]{12}", _gls), ("[0-9]{11}", _any), ("[0-9A-Z]{8}", _any)),
}
"""Per carrier: the form of its numbers, and whether the check digit of one is right."""


class CourierStatus(StrEnum):
    """What a courier says of a parcel."""

    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    RETURNED = "returned"


_UNDER_WAY = frozenset({
    CourierStatus.IN_TRANSIT, CourierStatus.OUT_FOR_DELIVERY, CourierStatus.DELIVERED,
    CourierStatus.EXCEPTION, CourierStatus.RETURNED,
})  # fmt: skip
TRANSITIONS: dict[CourierStatus | None, frozenset[CourierStatus]] = {
    None: frozenset(CourierStatus),
    CourierStatus.PICKED_UP: _UNDER_WAY,
    CourierStatus.IN_TRANSIT: _UNDER_WAY,
    CourierStatus.OUT_FOR_DELIVERY: _UNDER_WAY,
    CourierStatus.EXCEPTION: _UNDER_WAY,
    CourierStatus.DELIVERED: frozenset(),
    CourierStatus.RETURNED: frozenset(),
}
"""From a status (None: none was told yet) to those that may follow. A parcel is picked up once, a
message may be left out, a second exception is news; delivered and returned are the end."""


def check_status(now: CourierStatus | None, told: CourierStatus) -> bool:
    """Return whether a status is news; False: it repeats what is known, and nothing changes.

    Raises:
        InvalidValueError: It cannot follow the status that the parcel has.
    """
    if told in TRANSITIONS[now]:
        return told is not now or told is CourierStatus.EXCEPTION
    if told is now:
        return False
    raise InvalidValueError(
        f"A parcel that is {str(now).replace('_', ' ')} cannot become "
        f"{told.replace('_', ' ')}: check which parcel this is about.",
        clause=CLAUSE,
    )
