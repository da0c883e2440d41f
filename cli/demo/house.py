"""Everything that the demo runs: database, Temporal, worker and API, in one state directory.

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

from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from adapters.api_keys import ApiKeys
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.holidays import holiday_dates
from adapters.migrate import upgrade
from cli.demo.accepted import AcceptedLog
from cli.demo.door import Door
from cli.demo.people import hand_out_keys
from cli.demo.processes import Child
from cli.demo.screen import Screen
from runtime.bootstrap import bootstrap
from runtime.devserver import DevServer, dev_server
from runtime.policy import load_policy
from runtime.temporal import connect
from sop.policy import Policy
from workflows.search_attributes import SEARCH_ATTRIBUTES

HOST = "127.0.0.1"
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
    accepted: AcceptedLog
    door: Door
    keys: Mapping[str, str]
    worker: Child
    api: Child


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
    policy = load_policy(None, datetime.now(UTC).date(), holiday_dates)
    database_url = f"sqlite:///{state_dir / 'handrail.db'}"
    async with AsyncExitStack() as cellar:
        server = await cellar.enter_async_context(
            dev_server(state_dir, time_skipping=True, search_attributes=SEARCH_ATTRIBUTES)
        )
        screen.say(f"Temporal server at {server.address}, its state in {state_dir}")
        await asyncio.to_thread(upgrade, database_url)
        screen.say("database migrated")
        database = cellar.enter_context(closing(Database(database_url)))
        free = _free_port(port)
        url = f"http://{HOST}:{free}"
        environment = _environment(state_dir, database_url, server, free)
        worker, api = await _start_children(cellar, state_dir, environment)
        screen.say(f"worker started as process {worker.pid}, API as process {api.pid}")
        client = await connect(address=server.address)
        await bootstrap(client)
        tokens = await asyncio.to_thread(hand_out_keys, ApiKeys(database))
        screen.say(f"API keys made for {len(tokens)} people and services")
        accepted = AcceptedLog(state_dir / "accepted.jsonl")
        door = await cellar.enter_async_context(Door(url, tokens, accepted))
        await door.ready(_READY_WITHIN_S)
        server.announce_api(url)
        screen.say(f"API ready at {url}")
        yield House(
            state_dir=state_dir,
            policy=policy,
            server=server,
            client=client,
            skipper=TimeSkipper(client, config=TimeSkippingConfig(disable_propagation=True)),
            crm=CrmReads(database),
            accepted=accepted,
            door=door,
            keys={name: token.get_secret_value() for name, token in tokens.items()},
            worker=worker,
            api=api,
        )


def _environment(
    state_dir: Path, database_url: str, server: DevServer, port: int
) -> Mapping[str, str]:
    return os.environ | {
        "HANDRAIL_STATE_DIR": str(state_dir),
        "HANDRAIL_DATABASE_URL": database_url,
        "HANDRAIL_API_HOST": HOST,
        "HANDRAIL_API_PORT": str(port),
        "HANDRAIL_LOG_FORMAT": "json",
        "HANDRAIL_GRACEFUL_SHUTDOWN": "2",
        "HANDRAIL_TEMPORAL_UI_URL": server.ui_url,
        "TEMPORAL_ADDRESS": server.address,
    }


async def _start_children(
    cellar: AsyncExitStack, state_dir: Path, environment: Mapping[str, str]
) -> tuple[Child, Child]:
    children = [
        Child(name, module, environment=environment, log_file=state_dir / f"{name}.log")
        for name, module in (
            ("worker", "cli.demo.worker_process"),
            ("api", "cli.demo.api_process"),
        )
    ]
    for child in children:
        cellar.push_async_callback(child.stop, _STOP_WITHIN_S)
        await child.start()
    return children[0], children[1]


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
