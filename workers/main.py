"""The worker process: settings in, a running worker out, an orderly stop on SIGTERM."""

import asyncio
import signal
from contextlib import ExitStack
from pathlib import Path

import structlog

from activities.ports import IncidentPort
from activities.proving import ProofActivities
from adapters.checkpoint_signing import CheckpointSigner
from adapters.checkpoints import CheckpointFiles, HttpCheckpoints
from adapters.crm import SqlCrm
from adapters.database import Database, Limits
from adapters.duty_reads import SqlDutySource
from adapters.incident_webhook import WebhookIncidents
from adapters.incidents import FiledReports, SqlIncidents
from adapters.journal_log import SqlJournalLog
from adapters.keyring import open_keyring
from adapters.oncall import OutboxOnCall
from adapters.secure_mail import OutboxSecureMail
from adapters.smtp import MailServer, SmtpDelivery
from runtime.bootstrap import require_bootstrapped
from runtime.checkpoint_key import checkpoint_key
from runtime.key_place import key_encryption
from runtime.process import spare_the_collector
from runtime.settings import Settings
from runtime.temporal import connect
from workers.destruction import destruction
from workers.worker import Outside, WorkerLimits, make_worker

KEY_CONNECTIONS = 3  # beside the keyring's own: one run of retention, an erasure, a hold

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


async def run_worker(settings: Settings, address: str | None = None) -> int:
    """Run until SIGTERM or SIGINT, then let running activities end.

    Args:
        settings: This process's surroundings.
        address: Of the embedded server; None connects by Temporal's own configuration.

    Raises:
        TemporalUnavailableError: Temporal does not answer.
        BootstrapError: The namespace is not prepared.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    with ExitStack() as stack:
        limits = Limits(pool_size=settings.database_pool_size)
        keyring = open_keyring(
            settings.key_database, key_encryption(settings), pool_size=limits.pool_size
        )
        stack.callback(keyring.close)
        database = Database(settings.database, limits, keyring)
        stack.callback(database.close)
        client = await connect(keyring, address=address, plain_until=settings.plaintext_until)
        await require_bootstrapped(client)
        key_store = Database(settings.key_database, Limits(pool_size=KEY_CONNECTIONS))
        stack.callback(key_store.close)
        privacy, disposal = destruction(database, key_store, keyring, client)
        worker = make_worker(
            client,
            Outside(
                crm=SqlCrm(database),
                on_call=OutboxOnCall(database),
                incidents=incident_system(settings, database, stack),
                mail=secure_mail(settings, database),
                duties=SqlDutySource(database),
                privacy=privacy,
                disposal=disposal,
                proof=proof(settings, database, stack),
            ),
            task_queue=settings.task_queue,
            limits=limits_of(settings),
        )
        async with worker:
            spare_the_collector()
            log.info("worker.started", task_queue=settings.task_queue)
            await stop.wait()
            log.info("worker.stopping")
    log.info("worker.stopped")
    return 0


def incident_system(settings: Settings, database: Database, stack: ExitStack) -> IncidentPort:
    """Return the company's incident management system, where the settings name one, else ours."""
    if settings.incident_url is None:
        return SqlIncidents(database)
    secret = settings.incident_secret
    webhook = WebhookIncidents(
        FiledReports(database),
        settings.incident_url,
        secret.get_secret_value() if secret is not None else None,
    )
    stack.callback(webhook.close)
    return webhook


def proof(settings: Settings, database: Database, stack: ExitStack) -> ProofActivities:
    """Return what signs checkpoints of the journal, and hands them to the settings' store.

    Raises:
        CheckpointKeyError: There is no key, or it cannot be used.
    """
    signer = CheckpointSigner(checkpoint_key(settings).get_secret_value())
    older = tuple(settings.checkpoint_older_keys.split())
    address = settings.checkpoint_store
    if "://" not in address:
        files = CheckpointFiles(Path(address), signer.verifier_key)
        older += files.verifier_keys()
        return ProofActivities(SqlJournalLog(database, signer, older_keys=older), files)
    token = settings.checkpoint_token
    store = HttpCheckpoints(address, token.get_secret_value() if token is not None else None)
    stack.callback(store.close)
    return ProofActivities(SqlJournalLog(database, signer, older_keys=older), store)


def secure_mail(settings: Settings, database: Database) -> OutboxSecureMail:
    """Return what sends encrypted mail: by the mail server, where the settings name one."""
    delivery = None
    if settings.smtp_url is not None:
        password = settings.smtp_password
        secret = password.get_secret_value() if password is not None else None
        delivery = SmtpDelivery(MailServer.from_url(settings.smtp_url, secret))
    return OutboxSecureMail(database, sender=settings.mail_sender, delivery=delivery)


def limits_of(settings: Settings) -> WorkerLimits:
    """Return the worker's limits from the settings."""
    return WorkerLimits(
        workflow_task_slots=settings.workflow_task_slots,
        activity_slots=settings.activity_slots,
        local_activity_slots=settings.local_activity_slots,
        graceful_shutdown=settings.graceful_shutdown,
        sticky_timeout=settings.sticky_timeout,
    )
