"""A token issuer that is really there: keys of each kind, and their public halves over HTTP."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64encode

PrivateKey = RSAKey | ECKey | OKPKey
_SIGNING = {**jws.JWSRegistry.algorithms, "EdDSA": jws.JWSRegistry.algorithms["Ed25519"]}

AUDIENCE = "handrail"


def new_keys() -> dict[str, PrivateKey]:
    """Return a key pair for each algorithm, by the id that it bears."""
    return {
        "rsa-1": RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig", "alg": "RS256"}),
        "ec-1": ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"}),
        "ed-1": OKPKey.generate_key("Ed25519", {"kid": "ed-1"}),
    }


@dataclass
class Issuer:
    """Signs tokens, and answers who asks for its keys."""

    keys: dict[str, PrivateKey] = field(default_factory=new_keys)
    url: str = ""
    asked: int = 0
    answer: Callable[[], tuple[int, bytes]] | None = None

    @property
    def name(self) -> str:
        """Its `iss`."""
        return self.url.rpartition("/")[0] + "/"

    def key_set(self) -> dict[str, Any]:
        """Return the public halves."""
        return {"keys": [key.as_dict(private=False) for key in self.keys.values()]}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return what a good token says; None takes a claim away."""
        now = int(time.time())
        said = {
            "iss": self.name,
            "aud": AUDIENCE,
            "sub": "ana",
            "roles": ["csr"],
            "iat": now,
            "exp": now + 300,
            "jti": "1",
            **changes,
        }
        return {name: value for name, value in said.items() if value is not None}

    def header(self, kid: str = "rsa-1", **changes: Any) -> dict[str, Any]:
        """Return the header of a good token; None takes a member away."""
        alg = {"rsa": "RS256", "ec": "ES256", "ed": "Ed25519"}[kid.partition("-")[0]]
        said = {"alg": alg, "kid": kid, "typ": "at+jwt", **changes}
        return {name: value for name, value in said.items() if value is not None}

    def token(
        self, header: dict[str, Any] | None = None, key: PrivateKey | None = None, **claims: Any
    ) -> str:
        """Sign a token, with the key that the header names unless another one is given."""
        header = header or self.header()
        signing = key or self.keys[header["kid"]]
        return sign(header, json.dumps(self.claims(**claims)).encode(), signing)

    def take(self) -> tuple[int, bytes]:
        """Answer who asks for the keys."""
        self.asked += 1
        if self.answer is not None:
            return self.answer()
        return 200, json.dumps(self.key_set()).encode()


def encode(said: object) -> str:
    """Return a segment of a token: bytes as they are, anything else as JSON."""
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    return urlsafe_b64encode(raw).decode()


def sign(header: dict[str, Any], payload: bytes, key: Any) -> str:
    """Sign a payload under any header, also under one that no library would write."""
    text = f"{encode(header)}.{encode(payload)}"
    return f"{text}.{encode(_SIGNING[header['alg']].sign(text.encode(), key))}"


@contextmanager
def an_issuer() -> Iterator[Issuer]:
    """Run an issuer."""
    issuer = Issuer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(issuer))
    server.daemon_threads = True
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}/keys"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, said = issuer.take()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            if status in {301, 302, 307}:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
