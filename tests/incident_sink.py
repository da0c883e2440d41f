"""An incident management system that is really there: HTTP on a port of its own."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, bytes]
"""A status and a body. Status 0: the connection is closed without a word."""


@dataclass
class Received:
    """One request as it came in."""

    key: str | None
    authorization: str | None
    body: dict[str, Any]


@dataclass
class Sink:
    """What came in, and what is answered; repeats its last answer when the script has ended."""

    url: str
    script: list[Answer]
    received: list[Received] = field(default_factory=list)
    filed: dict[str, str] = field(default_factory=dict)

    def take(self, request: Received) -> Answer:
        """Note a request, and return the next answer."""
        self.received.append(request)
        status, body = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if status // 100 == 2 and request.key is not None:
            self.filed.setdefault(request.key, body.decode(errors="replace"))
        return status, body


@contextmanager
def a_sink(*answers: Answer) -> Iterator[Sink]:
    """Run a sink that gives these answers, one after the other."""
    sink = Sink("", list(answers))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(sink.take))
    server.daemon_threads = True
    sink.url = f"http://127.0.0.1:{server.server_address[1]}/reports"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(take: Callable[[Received], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = json.loads(self.rfile.read(length))
            key = self.headers.get("Idempotency-Key")
            status, said = take(Received(key, self.headers.get("Authorization"), body))
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
