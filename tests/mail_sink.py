"""A mail server that keeps what it is given: as much of SMTP as `smtplib` speaks."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.certificates import Holder


@dataclass
class MailSink:
    """What arrived, and what goes wrong next.

    Attributes:
        port: Where it listens.
        messages: The sender, recipient and content of each mail that was taken.
        logins: User and password of each login, and whether it came over TLS.
        refusals: So many mails are turned away first.
        hang_up: The connection ends as soon as a mail is taken, before QUIT.
        context: With it STARTTLS is offered.
        at_once: TLS from the first byte instead.
    """

    port: int = 0
    messages: list[tuple[str, str, bytes]] = field(default_factory=list)
    logins: list[tuple[str, str, bool]] = field(default_factory=list)
    refusals: int = 0
    hang_up: bool = False
    context: ssl.SSLContext | None = None
    at_once: bool = False


class _Session(socketserver.StreamRequestHandler):
    sink: MailSink

    def handle(self) -> None:
        self.secure = False
        self.sender = self.recipient = ""
        if self.sink.at_once:
            self._secure()
        self._say("220 sink")
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            if not self._answer(verb.upper(), rest):
                return

    def _answer(self, verb: str, rest: str) -> bool:
        """Answer a command; return whether the session goes on."""
        match verb:
            case "EHLO":
                offers_tls = self.sink.context is not None and not self.secure
                self._say("250-sink", *("250-STARTTLS",) * offers_tls, "250 AUTH PLAIN")
            case "STARTTLS":
                self._say("220 go")
                self._secure()
            case "AUTH":
                secret = base64.b64decode(rest.partition(" ")[2]).decode()
                _, user, password = secret.split("\0")
                self.sink.logins.append((user, password, self.secure))
                self._say("235 welcome" if password == "right" else "535 no")
            case "MAIL":
                self.sender = rest.partition("<")[2].partition(">")[0]
                self._say("250 yes")
            case "RCPT":
                self.recipient = rest.partition("<")[2].partition(">")[0]
                self._say("250 yes")
            case "DATA":
                return self._take()
            case "QUIT":
                self._say("221 bye")
                return False
            case _:
                self._say("250 yes")
        return True

    def _take(self) -> bool:
        self._say("354 go")
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.sink.refusals:
            self.sink.refusals -= 1
            self._say("451 later")
            return True
        self.sink.messages.append((self.sender, self.recipient, b"".join(lines)))
        self._say("250 taken")
        return not self.sink.hang_up

    def _secure(self) -> None:
        assert self.sink.context is not None
        self.connection = self.sink.context.wrap_socket(self.request, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.secure = True

    def _say(self, *lines: str) -> None:
        self.connection.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def finish(self) -> None:
        self.rfile.close()
        self.connection.close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that leaves in the middle is what some tests are about."""


@contextmanager
def mail_sink(host: str = "127.0.0.1") -> Iterator[MailSink]:
    """Run a mail server."""
    sink = MailSink()
    session = type("Session", (_Session,), {"sink": sink})
    with _Server((host, 0), session) as server:
        sink.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()


def tls(owner: Holder, directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's TLS with a certificate, and a client's that trusts it."""
    path = directory / "server.pem"
    key = owner.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(owner.pem.encode() + key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=owner.pem)


def for_host(address: str) -> x509.SubjectAlternativeName:
    """Return the name of a server that is reached by its address."""
    return x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
