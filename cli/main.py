"""`handrail`: the operator's door. Each group of commands is a module beside this one."""

import os
from typing import NoReturn

import typer

from activities.key_ports import KeysUnavailableError
from activities.ports import CrmUnavailableError
from adapters.database import StatementRefusedError
from cli import (
    access_log,
    brief,
    codec,
    describing,
    duties,
    identity,
    incidents,
    keys,
    policy,
    privacy,
    proof,
    recipients,
    reconciling,
    retention,
    rotating,
    sealing,
    serving,
    setting_up,
    training,
    verifying,
    views,
)
from cli.demo.command import demo
from runtime.errors import OperatorError
from runtime.process import run_and_leave
from sop.errors import PolicyError

app = typer.Typer(
    name="handrail",
    help="Customer inquiries and handoffs as durable Temporal workflows.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(serving.api)
app.command()(serving.worker)
app.command()(codec.codec)
app.command(name="access-log")(access_log.access_log)
app.command()(setting_up.migrate)
app.command()(setting_up.bootstrap)
app.command()(views.views)
app.command()(duties.duties)
app.command()(duties.schedules)
app.command(name="explain")(proof.explain_case)
app.command()(proof.certificate)
app.command()(verifying.verify)
app.command()(retention.certificates)
app.command()(brief.brief)
app.command()(incidents.incidents)
app.command()(describing.openapi)
app.command()(describing.version)
app.add_typer(identity.app, name="identity")
keys.app.command()(rotating.init)
keys.app.command()(rotating.rotate)
keys.app.command()(rotating.status)
keys.app.command()(sealing.seal)
keys.app.command()(reconciling.reconcile)
app.add_typer(keys.app, name="keys")
app.add_typer(policy.app, name="policy")
app.add_typer(privacy.app, name="privacy")
app.add_typer(training.app, name="training")
app.add_typer(recipients.app, name="recipients")
app.add_typer(retention.app, name="retention")


def main() -> NoReturn:
    """Run the command that the arguments name, and end the process with its code.

    What it and its children write, databases and logs included, only their user reads.
    """
    os.umask(0o077)
    run_and_leave(_command)


def _command() -> int:
    try:
        app()
    except CrmUnavailableError as error:
        raise OperatorError(
            f"The database cannot be used now ({error}): see that it runs and that "
            "HANDRAIL_DATABASE_URL names it, then try again."
        ) from None
    except StatementRefusedError as error:
        raise OperatorError(
            f"The database does not do this ({error}): run `handrail migrate` with this version."
        ) from None
    except KeysUnavailableError as error:
        raise OperatorError(
            f"The data keys cannot be used now ({error}): see that the key store runs, and what"
            " HANDRAIL_KEY_ENCRYPTION names, then try again. docs/operations.md lists the reasons."
        ) from None
    except PolicyError as error:
        raise OperatorError(f"The policy cannot be used:\n{error}") from None
    return 0
