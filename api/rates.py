"""How many requests a caller, a customer or a stranger may send in a time, counted in memory.

Each process counts for itself: behind a balancer the rates hold per process.
"""

import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import Final

from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from api.problems import ProblemError

OFF = "off"
MOST = 10_000
"""Names counted at a time, of each kind. Beyond that, who has been silent longest starts anew."""

_OF_A_PATH: Final = re.compile(
    r"/v1/(?:customers/(?P<customer>[A-Za-z0-9._-]{1,64})"
    r"|(?:inquiries|handoffs|incidents|duties|privacy-requests)"
    r"/(?P<case>(?:inquiry|handoff|incident|duty|privacy)-[A-Za-z0-9._-]{1,120}))(?:/|$)"
)
_WHOSE: Final = {
    "principal": "of one caller",
    "customer": "about one customer",
    "address": "without a valid credential from one address",
}

Clock = Callable[[], float]


class Counters(Storage):
    """Implements the library's storage: counters, and when each ends; never more than `most`.

    The library's own storage in memory has no bound, and looks through all counters at each hit.
    """

    STORAGE_SCHEME = None

    def __init__(self, most: int = MOST, clock: Clock = time.time) -> None:
        """Count up to a number of names; `clock` tells seconds since 1970."""
        super().__init__()
        self._most = most
        self._clock = clock
        self._counted: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counted)

    @property
    def base_exceptions(self) -> type[Exception]:
        """None is expected."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and return how many there were in the time that the first one began."""
        count, until = self._counted.get(key, (0, 0.0))
        if until <= self._clock():
            count, until = 0, self._clock() + expiry
        self._counted[key] = count + amount, until
        self._counted.move_to_end(key)
        if len(self._counted) > self._most:
            self._counted.popitem(last=False)
        return count + amount

    def get(self, key: str) -> int:
        """Return how many were counted."""
        count, until = self._counted.get(key, (0, 0.0))
        return count if until > self._clock() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the counter ends."""
        return max(self._counted.get(key, (0, 0.0))[1], self._clock())

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget every counter; return how many there were."""
        forgotten = len(self._counted)
        self._counted.clear()
        return forgotten

    def clear(self, key: str) -> None:
        """Forget one counter."""
        self._counted.pop(key, None)


class Rates:
    """The rates of one process. Whoever is beyond one is turned away, and nothing is done."""

    def __init__(
        self,
        *,
        per_principal: str = OFF,
        per_customer: str = OFF,
        per_address: str = OFF,
        clock: Clock = time.time,
    ) -> None:
        """Take the rates, such as `1200/minute`, or `off`."""
        said = {"principal": per_principal, "customer": per_customer, "address": per_address}
        self._clock = clock
        self._customers: OrderedDict[str, str] = OrderedDict()
        self._rates = {kind: parse(rate) for kind, rate in said.items() if rate != OFF}
        self._counting = {
            kind: FixedWindowRateLimiter(Counters(clock=clock)) for kind in self._rates
        }

    def count_caller(self, principal: str, path: str = "") -> None:
        """Count a request of a caller, and for the customer or the case that its path names.

        A case counts for its customer. Nothing is looked up to learn who that is: until this
        process has seen it (`remember_case`, `count_case`), the case has the rate for itself.

        Raises:
            ProblemError: `too-many-requests`.
        """
        self._count("principal", principal)
        if named := _OF_A_PATH.match(path):
            case_id = named["case"]
            customer_id = self._customers.get(case_id) if case_id else named["customer"]
            self._count("customer", f"customer {customer_id}" if customer_id else case_id)

    def remember_case(self, case_id: str, customer_id: str) -> None:
        """Note whose a case is: from now on its requests count for the customer."""
        if "customer" in self._rates:
            self._customers[case_id] = customer_id
            self._customers.move_to_end(case_id)
            if len(self._customers) > MOST:
                self._customers.popitem(last=False)

    def count_case(self, case_id: str, customer_id: str | None) -> None:
        """Count the request in hand for a case's customer, unless `count_caller` has done so.

        Raises:
            ProblemError: `too-many-requests`.
        """
        if customer_id is not None and case_id not in self._customers:
            self.remember_case(case_id, customer_id)
            self.count_customer(customer_id)

    def count_customer(self, customer_id: str) -> None:
        """Count a request for the customer that its body names.

        Raises:
            ProblemError: `too-many-requests`.
        """
        self._count("customer", f"customer {customer_id}")

    def count_stranger(self, address: str | None) -> None:
        """Count a request that came without a valid credential.

        Raises:
            ProblemError: `too-many-requests`.
        """
        if address is not None:
            self._count("address", network(address))

    def require_quiet(self, address: str | None) -> None:
        """Refuse an address from which too much came without a valid credential; count nothing.

        Raises:
            ProblemError: `too-many-requests`.
        """
        rate = self._rates.get("address")
        if rate is None or address is None:
            return
        if not self._counting["address"].test(rate, network(address)):
            raise self._problem("address", rate, network(address))

    def _count(self, kind: str, name: str) -> None:
        rate = self._rates.get(kind)
        if rate is not None and not self._counting[kind].hit(rate, name):
            raise self._problem(kind, rate, name)

    def _problem(self, kind: str, rate: RateLimitItem, name: str) -> ProblemError:
        """Return the problem, with how long to wait (draft-ietf-httpapi-ratelimit-headers)."""
        ends = self._counting[kind].get_window_stats(rate, name).reset_time
        wait, window = max(1, ceil(ends - self._clock())), rate.get_expiry()
        return ProblemError(
            "too-many-requests",
            detail=f"More than {rate.amount} requests {_WHOSE[kind]} in {window} s. Nothing was "
            "done; wait as long as Retry-After says.",
            headers={
                "Retry-After": str(wait),
                "RateLimit-Policy": f'"{kind}";q={rate.amount};w={window}',
                "RateLimit": f'"{kind}";r=0;t={wait}',
            },
        )


def network(address: str) -> str:
    """Return what one stranger holds of addresses: a whole /64 of IPv6."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.IPv6Network((known, 64), strict=False))
