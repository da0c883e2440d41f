"""The application: puts the parts of the API together, and opens them for as long as it runs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from dataclasses import replace
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
from adapters.access_log import AccessLog
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
from adapters.jwks import FetchedKeys, GivenKeys, KeySource, NotAKeySetError
from adapters.keyring import SqlKeyring, open_keyring
from adapters.migrate import current, head
from adapters.oidc import TOKEN_TYPES, BearerTokens, Trust
from adapters.person import PersonRecords
from adapters.privacy_reads import PrivacyReads
from adapters.recipient_keys import RecipientKeys
from adapters.staff import TrainingRecords
from api import handlers
from api.authentication import Credentials, KeyRing
from api.door import Door, turn_away
from api.identifying import Identity
from api.limits import Limits as RequestLimits
from api.openapi import DescribedApi
from api.parts import Parts, parts_of
from api.patience import Manner, Patience
from api.rates import Rates
from api.readiness import Readiness
from api.request_log import RequestLog
from api.routes import (
    access_log,
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
from runtime.access_settings import read_roles
from runtime.cases import Cases
from runtime.identity_key import identity_key
from runtime.key_place import key_encryption
from runtime.places import locate
from runtime.policy import load_policy
from runtime.settings import Settings, SettingsError
from runtime.temporal import connect
from runtime.training import TrainingRing
from sop.policy import Policy

DATABASE_AWAY = "The database does not answer."
KEYS_AWAY = "The key store does not answer."
TEMPORAL_AWAY = "Temporal does not answer."

_ROUTES = (
    cases, proof, steps, handoffs, briefs, handoff_steps, incidents, incident_steps, privacy,
    privacy_steps, customers, desk, staff, duties, recipients, access_log,
    service,
)  # fmt: skip

OpenParts = Callable[[], AbstractAsyncContextManager[Parts]]


def create_app(open_parts: OpenParts, manner: Manner | None = None) -> FastAPI:
    """Return the application.

    Args:
        open_parts: Opens what the routes work with, when the application starts.
        manner: How long it waits, and whether it serves its description: by default it does not.
    """
    manner = manner or Manner()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts() as parts:
            app.state.parts = parts
            yield

    app = DescribedApi(
        lifespan=lifespan,
        served=manner.docs,
        middleware=[
            Middleware(RequestLog),
            Middleware(RequestLimits),
            Middleware(Patience, manner=manner),
            Middleware(AuthenticationMiddleware, backend=Door(parts_of), on_error=turn_away),
        ],
    )
    handlers.install(app)
    for routes in _ROUTES:
        app.include_router(routes.router)
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
        place, limits = locate(settings.state_dir), Limits(pool_size=settings.database_pool_size)
        keyring = open_keyring(
            settings.key_database, key_encryption(settings), pool_size=settings.database_pool_size
        )
        stack.callback(keyring.close)
        database = Database(settings.database, limits, keyring)
        stack.callback(database.close)
        client = await connect(keyring, address=place.address, plain_until=settings.plaintext_until)
        parts = assemble(
            policy,
            database,
            client,
            keyring=keyring,
            identity_key=key,
            task_queue=settings.task_queue,
            ui=settings.temporal_ui_url or place.ui_url,
        )
        tokens = stack.enter_context(bearer_tokens(settings, settings.oidc_audience))
        yield replace(
            parts,
            credentials=Credentials(KeyRing(ApiKeys(database)), tokens),
            rates=Rates(
                per_principal=settings.rate_per_principal,
                per_customer=settings.rate_per_customer,
                per_address=settings.rate_per_address,
            ),
        )


@contextmanager
def bearer_tokens(settings: Settings, audience: str | None) -> Iterator[BearerTokens | None]:
    """Open what checks the tokens of the settings' issuer for an audience; None: there is none.

    Raises:
        SettingsError: The key set that was given is none.
    """
    if settings.oidc_issuer is None or audience is None:
        yield None
        return
    roles = {} if settings.oidc_roles is None else {"roles": read_roles(settings.oidc_roles)}
    trust = Trust(
        issuer=settings.oidc_issuer,
        audience=audience,
        types=TOKEN_TYPES[settings.oidc_token_type],
        principal_claim=settings.oidc_principal_claim,
        role_claim=settings.oidc_role_claim,
        leeway=settings.oidc_leeway,
        **roles,
    )
    with ExitStack() as stack:
        if settings.oidc_jwks_url is not None:
            keys: KeySource = stack.enter_context(closing(FetchedKeys(settings.oidc_jwks_url)))
        else:
            try:
                keys = GivenKeys(settings.oidc_jwks or "")
            except NotAKeySetError as error:
                raise SettingsError(f"HANDRAIL_OIDC_JWKS cannot be used: {error}.") from None
        yield BearerTokens(trust, keys)


def manner_of(settings: Settings) -> Manner:
    """Return how the API of these settings behaves at its door."""
    return Manner(
        arrival_s=settings.request_timeout.total_seconds(),
        answer_s=settings.answer_timeout.total_seconds(),
        docs=settings.shows_docs(settings.api_host),
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
    """Put the parts together around one engine and one Temporal client.

    They know API keys only, and no rates: those come from the settings.
    """
    reads, training = CrmReads(database), TrainingRecords(database)
    return Parts(
        cases=Cases(
            client,
            policy,
            task_queue=task_queue,
            records=reads,
            theirs=PersonRecords(database).theirs,
            training=TrainingRing(training, policy),
            ui=ui,
        ),
        reads=reads,
        handoffs=HandoffReads(database),
        duties=DutyReads(database),
        incidents=IncidentReads(database),
        privacy=PrivacyReads(database),
        exports=SealedExports(database, keyring),
        access_log=AccessLog(database),
        training=training,
        credentials=Credentials(KeyRing(ApiKeys(database))),
        rates=Rates(),
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
