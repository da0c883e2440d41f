"""The application: puts the parts of the API together, and opens them for as long as it runs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.key_ports import KeysUnavailableError
from activities.ports import CrmUnavailableError
from adapters.api_keys import ApiKeys
from adapters.crm_reads import CrmReads
from adapters.database import Database, Limits
from adapters.duty_reads import DutyReads
from adapters.exports import SealedExports
from adapters.handoff_reads import HandoffReads
from adapters.holidays import holiday_dates
from adapters.identity import IdentityRecords
from adapters.identity_hashes import IdentityHashes
from adapters.incident_reads import IncidentReads
from adapters.keyring import SqlKeyring, open_keyring
from adapters.migrate import current, head
from adapters.privacy_reads import PrivacyReads
from adapters.recipient_keys import RecipientKeys
from adapters.restrictions import Restrictions
from adapters.staff import TrainingRecords
from api import handlers
from api.authentication import BearerKeys, KeyRing, turn_away
from api.identifying import Identity
from api.limits import Limits as RequestLimits
from api.openapi import DescribedApi
from api.parts import Parts, parts_of
from api.readiness import Readiness
from api.request_log import RequestLog
from api.restricted import UNRESTRICTED
from api.routes import (
    briefs,
    cases,
    customers,
    desk,
    duties,
    handoff_steps,
    handoffs,
    incident_steps,
    incidents,
    privacy,
    privacy_steps,
    proof,
    recipients,
    service,
    staff,
    steps,
)
from runtime.cases import Cases
from runtime.identity_key import identity_key
from runtime.key_place import key_encryption
from runtime.places import locate
from runtime.policy import load_policy
from runtime.settings import Settings
from runtime.temporal import connect
from runtime.training import TrainingRing
from sop.policy import Policy

DATABASE_AWAY = "The database does not answer."
KEYS_AWAY = "The key store does not answer."
TEMPORAL_AWAY = "Temporal does not answer."

_ROUTES = (
    cases, proof, steps, handoffs, briefs, handoff_steps, incidents, incident_steps, privacy,
    privacy_steps, customers, desk, staff, duties, recipients, service,
)  # fmt: skip

OpenParts = Callable[[], AbstractAsyncContextManager[Parts]]


def create_app(open_parts: OpenParts) -> FastAPI:
    """Return the application.

    Args:
        open_parts: Opens what the routes work with, when the application starts.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts() as parts:
            app.state.parts = parts
            yield

    app = DescribedApi(
        lifespan=lifespan,
        middleware=[
            Middleware(RequestLog),
            Middleware(RequestLimits),
            Middleware(
                AuthenticationMiddleware,
                backend=BearerKeys(lambda conn: parts_of(conn).keys),
                on_error=turn_away,
            ),
        ],
    )
    handlers.install(app)
    for routes in _ROUTES:
        app.include_router(routes.router, dependencies=[UNRESTRICTED])
    return app


@asynccontextmanager
async def parts_from(settings: Settings) -> AsyncIterator[Parts]:
    """Open the parts that the settings describe: one engine and one Temporal client.

    Raises:
        OperatorError: Something cannot be opened; the message says what to do.
        PolicyError: The policy file cannot be used.
    """
    policy = load_policy(settings.policy_file, datetime.now(UTC), holiday_dates)
    key = identity_key(settings)
    with ExitStack() as stack:
        database = Database(settings.database, Limits(pool_size=settings.database_pool_size))
        stack.callback(database.close)
        place = locate(settings.state_dir)
        keyring = open_keyring(
            settings.key_database, key_encryption(settings), pool_size=settings.database_pool_size
        )
        stack.callback(keyring.close)
        client = await connect(keyring, address=place.address, plain_until=settings.plaintext_until)
        ui = settings.temporal_ui_url or place.ui_url
        yield assemble(
            policy,
            database,
            client,
            keyring=keyring,
            identity_key=key,
            task_queue=settings.task_queue,
            ui=ui,
        )


def assemble(
    policy: Policy,
    database: Database,
    client: Client,
    *,
    keyring: SqlKeyring,
    identity_key: SecretStr,
    task_queue: str,
    ui: str,
) -> Parts:
    """Put the parts together around one engine and one Temporal client."""
    reads, training = CrmReads(database), TrainingRecords(database)
    return Parts(
        cases=Cases(
            client,
            policy,
            task_queue=task_queue,
            digest_of=reads.find_case_digest,
            training=TrainingRing(training, policy),
            ui=ui,
        ),
        reads=reads,
        handoffs=HandoffReads(database),
        duties=DutyReads(database),
        incidents=IncidentReads(database),
        privacy=PrivacyReads(database),
        exports=SealedExports(database, keyring),
        restricted=Restrictions(database),
        training=training,
        keys=KeyRing(ApiKeys(database)),
        recipients=RecipientKeys(database),
        readiness=Readiness({
            "database": lambda: _database_answers(reads),
            "migrations": lambda: _schema_is_current(database),
            "keys": lambda: _keys_are_current(keyring),
            "temporal": lambda: _temporal_answers(client),
        }),
        identity=Identity(IdentityRecords(database, IdentityHashes(identity_key))),
    )  # fmt: skip


async def _database_answers(reads: CrmReads) -> str | None:
    try:
        await asyncio.to_thread(reads.ping)
    except CrmUnavailableError:
        return DATABASE_AWAY
    return None


async def _schema_is_current(database: Database) -> str | None:
    try:
        revision = await asyncio.to_thread(current, database)
    except CrmUnavailableError:
        return DATABASE_AWAY
    if revision == head():
        return None
    return (
        f"The schema is at {revision or 'none'}, this version needs {head()}: `handrail migrate`."
    )


async def _keys_are_current(keyring: SqlKeyring) -> str | None:
    try:
        current = await asyncio.to_thread(keyring.is_current)
    except KeysUnavailableError:
        return KEYS_AWAY
    return None if current else "The key store's schema is not up to date: `handrail migrate`."


async def _temporal_answers(client: Client) -> str | None:
    wanted = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        await client.workflow_service.describe_namespace(wanted)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return (
                f"The namespace {client.namespace} does not exist: run `handrail bootstrap`, or "
                "name another one in TEMPORAL_NAMESPACE."
            )
        # Who may not look at the namespace may still work in it.
        if error.status != RPCStatusCode.PERMISSION_DENIED:
            return TEMPORAL_AWAY
    return None
