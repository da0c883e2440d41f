"""Giving a message to a mail server, over an encrypted connection unless it is this machine."""

import smtplib
import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from activities.ports import MailUnavailableError

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS = {"smtp": 587, "smtps": 465}
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """How to reach a mail server.

    Attributes:
        tls_at_once: TLS from the first byte (`smtps`); else by STARTTLS.
    """

    host: str
    port: int
    tls_at_once: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str, password: str | None) -> "MailServer":
        """Return the server that a URL names: `smtp://user@host:port` or `smtps://…`."""
        parts = urlsplit(url)
        return cls(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            tls_at_once=parts.scheme == "smtps",
            user=unquote(parts.username) if parts.username else None,
            password=password,
        )


class SmtpDelivery:
    """Delivers messages to one server."""

    def __init__(self, server: MailServer, trust: ssl.SSLContext | None = None) -> None:
        """Deliver to a server; `trust` says whose certificates count, else the system does."""
        self._server = server
        self._trust = trust

    def deliver(self, message: bytes, *, sender: str, recipient: str) -> None:
        """Give a message to the server.

        Raises:
            MailUnavailableError: The server did not take it, or has no encrypted connection.
        """
        taken = False
        try:
            with self._connection() as connection:
                connection.sendmail(sender, [recipient], message)
                taken = True
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            # What goes wrong while parting does not take back what the server took. The error's
            # text would hold addresses.
            if not taken:
                raise MailUnavailableError(type(error).__name__) from None

    def _connection(self) -> smtplib.SMTP:
        server = self._server
        context = self._trust or ssl.create_default_context()
        connection: smtplib.SMTP
        if server.tls_at_once:
            connection = smtplib.SMTP_SSL(
                server.host, server.port, timeout=_TIMEOUT_S, context=context
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)
        try:
            if not server.tls_at_once and server.host not in _LOCAL:
                connection.starttls(context=context)
            if server.user is not None:
                connection.login(server.user, server.password or "")
        except BaseException:
            connection.close()
            raise
        return connection
