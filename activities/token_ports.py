"""Who a bearer token stands for, as the API and the codec server ask (`adapters/oidc.py`)."""

from typing import Protocol

from activities.ports import PortError
from sop.models import Actor


class TokenRefusedError(Exception):
    """A token stands for nobody.

    Attributes:
        reason: Why, as a code; never anything of the token's own text. For logs: whoever showed
            the token is told no more than that it is not valid.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class IssuerUnavailableError(PortError):
    """The issuer's keys could not be had, and none are kept; trying again may work."""


class TokenVerifier(Protocol):
    """Tells who acts with a token. Blocks: to be called in a thread."""

    def verify(self, token: str) -> Actor:
        """Return whom a token stands for.

        Raises:
            TokenRefusedError: It stands for nobody.
            IssuerUnavailableError: Nobody can tell now.
        """
        ...
