"""`handrail codec`: the process that shows plain text in the Temporal UI and CLI."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, nullcontext
from datetime import timedelta

import structlog
import uvicorn

from activities.key_ports import KeysUnavailableError
from activities.ports import CrmUnavailableError
from adapters.access_log import AccessLog
from adapters.api_keys import ApiKey, ApiKeys
from adapters.database import Database, Limits
from adapters.key_owners import KeyOwners
from adapters.keyring import SqlKeyring, open_keyring
from adapters.migrate import is_current
from adapters.oidc import BearerTokens
from api.app import bearer_tokens, manner_of
from api.authentication import Credentials, KeyRing
from api.codec.app import create_codec_app
from api.codec.parts import CodecParts, Place
from api.codec.sessions import Sessions
from api.rates import Rates
from api.readiness import Readiness
from api.server import config_of, listen
from runtime.codec_settings import read_origins
from runtime.key_place import key_encryption
from runtime.logging import configure_logging
from runtime.places import locate
from runtime.settings import Settings, load_settings
from runtime.temporal import configured_namespace

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_POOL = 5


def codec() -> None:
    """Show payloads in plain text, in the Temporal UI and CLI, to those who may read their case."""
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    asyncio.run(serve_codec(settings))


async def serve_codec(settings: Settings) -> None:
    """Answer requests until the process is told to stop.

    Raises:
        AddressTakenError: Something listens there already, or the host is not ours.
        OperatorError: Something cannot be opened; the message says what to do.
    """
    with listen(settings.codec_host, settings.codec_port, "HANDRAIL_CODEC") as listening:
        place = _place(settings, listening)
        async with codec_parts(settings, place) as parts:
            manner = manner_of(settings)
            app = create_codec_app(lambda: nullcontext(parts), place, manner)
            server = uvicorn.Server(config_of(app, manner))
            signal.signal(signal.SIGTERM, server.handle_exit)
            log.info("codec.listening", address=place.url)
            await server.serve(sockets=[listening])


@asynccontextmanager
async def codec_parts(settings: Settings, place: Place) -> AsyncIterator[CodecParts]:
    """Open the parts that the settings describe. Temporal itself is not asked for anything.

    Raises:
        OperatorError: Something cannot be opened; the message says what to do.
    """
    with ExitStack() as stack:
        database = Database(settings.database, Limits(pool_size=_POOL))
        stack.callback(database.close)
        keyring = open_keyring(settings.key_database, key_encryption(settings), pool_size=_POOL)
        stack.callback(keyring.close)
        tokens = stack.enter_context(bearer_tokens(settings, settings.codec_audience))
        secret = settings.codec_secret
        yield assemble_codec(
            place,
            database,
            keyring,
            tokens=tokens,
            sessions=Sessions(secret.get_secret_value() if secret is not None else None),
            rates=Rates(
                per_principal=settings.rate_per_principal,
                per_address=settings.rate_per_address,
            ),
        )


def assemble_codec(
    place: Place,
    database: Database,
    keyring: SqlKeyring,
    *,
    tokens: BearerTokens | None = None,
    sessions: Sessions | None = None,
    rates: Rates | None = None,
) -> CodecParts:
    """Put the parts together around one engine and one keyring."""
    keys = ApiKeys(database)
    return CodecParts(
        place=place,
        credentials=Credentials(KeyRing(keys, kept_in_outage=timedelta(0)), tokens),
        login_keys=keys,
        session_keys=KeyRing(_ById(keys), kept_in_outage=timedelta(0)),
        sessions=sessions or Sessions(),
        rates=rates or Rates(),
        keys=keyring,
        owners=KeyOwners(database),
        access_log=AccessLog(database),
        readiness=Readiness(
            {"database": lambda: _database(database), "keys": lambda: _key_store(keyring)}
        ),
    )


class _ById:
    """The store of keys, for who knows a key's id: a session that was signed."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    def authenticate(self, key_id: str) -> ApiKey | None:
        """Return the key of an id; None if it opens nothing."""
        return self._keys.find(key_id)


def _place(settings: Settings, listening: socket.socket) -> Place:
    ui = settings.temporal_ui_url or locate(settings.state_dir).ui_url
    host = f"[{settings.codec_host}]" if ":" in settings.codec_host else settings.codec_host
    return Place(
        url=settings.codec_url or f"http://{host}:{listening.getsockname()[1]}",
        origins=read_origins(settings.codec_origins or _origin_of(ui)),
        namespace=configured_namespace(),
    )


def _origin_of(url: str) -> str:
    """Return the origin of a page: its address without a path."""
    return "/".join(url.split("/")[:3])


async def _database(database: Database) -> str | None:
    try:
        current = await asyncio.to_thread(is_current, database)
    except CrmUnavailableError:
        return "The database does not answer."
    return None if current else "The schema is not up to date."


async def _key_store(keyring: SqlKeyring) -> str | None:
    try:
        current = await asyncio.to_thread(keyring.is_current)
    except KeysUnavailableError:
        return "The key store does not answer."
    return None if current else "The key store's schema is not up to date."
