"""`handrail brief`: what the receiving party of a handoff must know, as text."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from adapters.crm_reads import CrmReads
from adapters.handoff_reads import HandoffReads
from adapters.holidays import holiday_dates
from cli.records import open_records
from runtime.briefing import collect_brief
from runtime.errors import OperatorError
from runtime.policy import load_policy
from runtime.settings import load_settings
from sop.handoff.brief_text import brief_text


def brief(
    case: Annotated[str, typer.Argument(metavar="CASE", help="The handoff's id: handoff-...")],
) -> None:
    """Print the brief of a handoff for its receiving party. It holds the customer's words."""
    settings = load_settings()
    desk = load_policy(settings.policy_file, datetime.now(UTC), holiday_dates).case.desk
    with open_records(settings) as database:
        made = collect_brief(HandoffReads(database), CrmReads(database), desk, case)
    if made is None:
        raise OperatorError(
            f"The CRM has no handoff {case}. See that the id is whole and begins with `handoff-`, "
            "and that HANDRAIL_DATABASE_URL or HANDRAIL_STATE_DIR names the right database."
        )
    typer.echo(brief_text(made, desk))
