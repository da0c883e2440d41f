"""`handrail privacy`: what a privacy officer sees at the terminal, and an export's document."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.schema import DropTable
from typer.testing import CliRunner

from adapters.access_log import AccessLog
from adapters.access_tables import access_log
from adapters.crm import SqlCrm
from adapters.database import Database, StatementRefusedError
from adapters.exports import SealedExports
from cli.main import app
from sop.access_log import AccessFilter
from sop.disposal import Because, Kept
from sop.keys import RecordClass
from sop.models import Actor, Channel, Entry, Role
from sop.outgoing import FlushBatch, Outgoing
from sop.policy_rules import LegalBasis
from sop.privacy.models import Law, PrivacyRow, PrivacyStage, RequestKind
from tests.keyrings import shared_keyring

pytestmark = pytest.mark.clause("HOF-5.1")

NAME = "privacy-5f0c2a9b71d3e84c5f0c"
PAULA = Actor(principal="paula", role=Role.PRIVACY_OFFICER)


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """Return the environment of an installation whose database is migrated."""
    environment = {"HANDRAIL_STATE_DIR": str(tmp_path)}
    assert CliRunner().invoke(app, ["migrate"], env=environment).exit_code == 0
    return environment


def database(place: dict[str, str]) -> Database:
    return Database(
        f"sqlite:///{place['HANDRAIL_STATE_DIR']}/handrail.db", keyring=shared_keyring()
    )


def write(place: dict[str, str], name: str = NAME, **changes: Any) -> None:
    """Put a request into the CRM, as its workflow would."""
    now = datetime.now(UTC)
    fields: dict[str, Any] = {
        "version": 1,
        "kind": RequestKind.ERASURE,
        "law": Law.GDPR,
        "customer_id": "c-1",
        "channel": Channel.EMAIL,
        "stage": PrivacyStage.RECEIVED,
        "opened_by": "anna",
        "received_at": now,
        "due_at": now + timedelta(days=30),
        **changes,
    }
    entry = Entry(
        seq=1, entry_id="open#0", at=now, actor=PAULA, kind="requester.verified",
        detail={"method": "two_forms"},
    )  # fmt: skip
    row = PrivacyRow(request_id=name, **fields)
    batch = FlushBatch(
        stream=name, case_id=name, privacy=row, outgoing=Outgoing(entries=(entry,)), at=now
    )
    with closing(database(place)) as crm:
        SqlCrm(crm).flush(batch)


def test_open_requests_are_listed_and_the_closed_ones_when_asked(place: dict[str, str]) -> None:
    now = datetime.now(UTC)
    write(place)
    write(place, "privacy-over0000", stage=PrivacyStage.CLOSED, closed_at=now, answered_at=now)
    ended = CliRunner().invoke(app, ["privacy", "list"], env=place)
    assert ended.exit_code == 0
    assert NAME in ended.stdout
    assert "privacy-over0000" not in ended.stdout
    assert "1 open" in ended.stderr
    every = CliRunner().invoke(app, ["privacy", "list", "--all"], env=place)
    assert "privacy-over0000" in every.stdout
    assert "answered" in every.stdout


def test_a_request_is_shown_with_what_remains_and_everything_that_happened(
    place: dict[str, str],
) -> None:
    kept = Kept(
        case_id="handoff-0123456789", record_class=RecordClass.HANDOFF,
        because=Because.LEGAL_BASIS, basis=LegalBasis.LEGAL_CLAIMS,
    )  # fmt: skip
    write(place, remaining=(kept,), certificates=("erasure-1",))
    ended = CliRunner().invoke(app, ["privacy", "show", NAME], env=place)
    assert ended.exit_code == 0
    assert "remains: handoff-0123456789, handoff: legal_claims" in ended.stdout
    assert "certificate: erasure-1" in ended.stdout
    assert "paula (privacy officer) verified the requester: two forms." in ended.stdout


def test_a_document_is_written_once_to_a_file_that_only_its_owner_reads(
    place: dict[str, str], tmp_path: Path
) -> None:
    with closing(database(place)) as crm:
        SealedExports(crm, shared_keyring()).keep(NAME, b'{"schema_name": "x"}', datetime.now(UTC))
    file = tmp_path / "person.json"
    arguments = ["privacy", "export", NAME, str(file), "--by", "paula"]
    ended = CliRunner().invoke(app, arguments, env=place)
    assert ended.exit_code == 0, ended.exception
    assert file.read_bytes() == b'{"schema_name": "x"}'
    assert file.stat().st_mode & 0o777 == 0o600
    with closing(database(place)) as crm:
        (seen,) = AccessLog(crm).entries(AccessFilter(owner=NAME))
    assert (seen.principal, seen.via, seen.action) == ("paula", "command", "read_privacy_export")
    again = CliRunner().invoke(app, arguments, env=place)
    assert "there already" in str(again.exception)
    none = CliRunner().invoke(app, ["privacy", "export", "privacy-none", str(file)], env=place)
    assert "no document" in str(none.exception)


def test_without_the_access_log_no_document_is_written(
    place: dict[str, str], tmp_path: Path
) -> None:
    with closing(database(place)) as crm:
        SealedExports(crm, shared_keyring()).keep(NAME, b'{"schema_name": "x"}', datetime.now(UTC))
        crm.write(lambda connection: connection.execute(DropTable(access_log)))
    file = tmp_path / "person.json"
    ended = CliRunner().invoke(app, ["privacy", "export", NAME, str(file)], env=place)
    assert ended.exit_code != 0
    assert isinstance(ended.exception, StatementRefusedError)
    assert not file.exists()


def test_what_is_not_there_is_told_so(place: dict[str, str], tmp_path: Path) -> None:
    missing = CliRunner().invoke(app, ["privacy", "show", NAME], env=place)
    assert "no such privacy request" in str(missing.exception)
    (tmp_path / "fresh").mkdir()
    fresh = {"HANDRAIL_STATE_DIR": str(tmp_path / "fresh")}
    ended = CliRunner().invoke(app, ["privacy", "list"], env=fresh)
    assert "handrail migrate" in str(ended.exception)
