"""Everything that the demo runs, in one state directory: database, Temporal, and its processes.

Nothing that is configured for earnest use is touched: neither its database nor its Temporal.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr
from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from adapters.api_keys import ApiKeys
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.handoff_reads import HandoffReads
from adapters.holidays import holiday_dates
from adapters.keyring import open_keyring
from adapters.migrate import upgrade, upgrade_keys
from cli.demo.accepted import AcceptedLog
from cli.demo.door import Door
from cli.demo.people import TEAM_LEADER, hand_out_keys, lay_out_key
from cli.demo.processes import Child
from cli.demo.screen import Screen
from runtime.bootstrap import bootstrap
from runtime.devserver import DevServer, dev_server
from runtime.key_place import FILE as KEK_FILE
from runtime.policy import load_policy
from runtime.settings import load_settings
from runtime.temporal import connect
from sop.policy import Policy
from workflows.search_attributes import SEARCH_ATTRIBUTES

HOST = "127.0.0.1"
CODEC_PORT = 8081
LOGIN_KEY = "login.key"
"""The file with the key that logs in at the codec server."""

_READY_WITHIN_S = 60.0
_STOP_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class House:
    """What runs, and how to reach it."""

    state_dir: Path
    policy: Policy
    server: DevServer
    client: Client
    skipper: TimeSkipper
    crm: CrmReads
    handoffs: HandoffReads
    accepted: AcceptedLog
    door: Door
    keys: Mapping[str, SecretStr]
    worker: Child
    api: Child
    codec: Child
    codec_url: str

    @property
    def login_key(self) -> Path:
        """The file with the key that logs in at the codec server."""
        return self.state_dir / LOGIN_KEY


def forget_configuration() -> None:
    """Take what is configured for earnest use out of this process and its children."""
    for name in list(os.environ):
        if name.startswith(("HANDRAIL_", "TEMPORAL_")):
            del os.environ[name]
    os.environ["TEMPORAL_CONFIG_FILE"] = os.devnull


@asynccontextmanager
async def house(state_dir: Path, port: int, screen: Screen) -> AsyncIterator[House]:
    """Start everything, and stop it when the block ends.

    Args:
        state_dir: Holds all state; what an earlier run left is taken up.
        port: Where the API shall listen; another one is taken if it is not free.
        screen: Where each part is announced.

    Raises:
        OperatorError: A part does not start.
        DemoError: The API does not become ready.
    """
    policy = load_policy(None, datetime.now(UTC), holiday_dates)
    async with AsyncExitStack() as cellar:
        codec_port = _free_port(CODEC_PORT)
        server = await cellar.enter_async_context(
            dev_server(
                state_dir,
                time_skipping=True,
                search_attributes=SEARCH_ATTRIBUTES,
                codec_endpoint=f"http://{HOST}:{codec_port}",
            )
        )
        screen.say(f"Temporal server at {server.address}, its state in {state_dir}")
        place = _Place(state_dir, server, _free_port(port), codec_port)
        # They need a moment to start; nothing asks them for anything before the API is ready.
        worker = await _start(cellar, place, "worker")
        api = await _start(cellar, place, "api")
        codec = await _start(cellar, place, "codec")
        screen.say(
            f"worker started as process {worker.pid}, API as process {api.pid}, codec server as "
            f"process {codec.pid}"
        )
        await asyncio.to_thread(upgrade, place.database_url)
        await asyncio.to_thread(upgrade_keys, place.key_database_url)
        screen.say("database migrated")
        keyring = open_keyring(place.key_database_url, f"local:{state_dir / KEK_FILE}")
        cellar.callback(keyring.close)
        database = cellar.enter_context(closing(Database(place.database_url, keyring=keyring)))
        client = await connect(keyring, address=server.address)
        ours = load_settings()
        await bootstrap(
            client, policy, task_queue=ours.task_queue, checkpoint_every=ours.checkpoint_every
        )
        keys = await asyncio.to_thread(hand_out_keys, ApiKeys(database))
        lay_out_key(state_dir / LOGIN_KEY, keys[TEAM_LEADER.principal])
        screen.say(f"API keys made for {len(keys)} people and services")
        accepted = AcceptedLog(state_dir / "accepted.jsonl")
        door = await cellar.enter_async_context(Door(place.api_url, keys, accepted))
        await door.ready(_READY_WITHIN_S)
        server.announce_api(place.api_url)
        screen.say(f"API ready at {place.api_url}")
        skipper = TimeSkipper(client, config=TimeSkippingConfig(disable_propagation=True))
        crm, handoffs = CrmReads(database), HandoffReads(database)
        yield House(
            state_dir, policy, server, client, skipper, crm, handoffs, accepted, door, keys, worker,
            api, codec, place.codec_url,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Place:
    state_dir: Path
    server: DevServer
    port: int
    codec_port: int

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.state_dir / 'handrail.db'}"

    @property
    def key_database_url(self) -> str:
        return f"sqlite:///{self.state_dir / 'keys.db'}"

    @property
    def api_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def codec_url(self) -> str:
        return f"http://{HOST}:{self.codec_port}"

    @property
    def environment(self) -> Mapping[str, str]:
        return os.environ | {
            "HANDRAIL_STATE_DIR": str(self.state_dir),
            "HANDRAIL_DATABASE_URL": self.database_url,
            "HANDRAIL_API_HOST": HOST,
            "HANDRAIL_API_PORT": str(self.port),
            "HANDRAIL_CODEC_HOST": HOST,
            "HANDRAIL_CODEC_PORT": str(self.codec_port),
            "HANDRAIL_LOG_FORMAT": "json",
            "HANDRAIL_GRACEFUL_SHUTDOWN": "2",
            "HANDRAIL_TEMPORAL_UI_URL": self.server.ui_url,
            "TEMPORAL_ADDRESS": self.server.address,
        }


async def _start(cellar: AsyncExitStack, place: _Place, name: str) -> Child:
    child = Child(
        name,
        f"cli.demo.{name}_process",
        environment=place.environment,
        log_file=place.state_dir / f"{name}.log",
    )
    cellar.push_async_callback(child.stop, _STOP_WITHIN_S)
    await child.start()
    return child


def _free_port(preferred: int) -> int:
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no TCP port is free")
