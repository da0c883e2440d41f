"""`handrail verify` on a desk's database: all in order, or the first entry that is not."""

import sqlite3
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from typer.testing import CliRunner

from activities.proving import CheckpointOrder, ProofActivities
from adapters.checkpoint_signing import CheckpointSigner
from adapters.checkpoints import CheckpointFiles
from adapters.crm import SqlCrm
from adapters.database import Database
from adapters.journal_log import SqlJournalLog
from adapters.migrate import upgrade
from cli.main import app
from runtime.errors import OperatorError
from runtime.settings import load_settings
from tests.adapters.test_journal_log import a_store
from tests.batches import after, entry, flush, opened
from tests.keyrings import shared_keyring
from workers.main import proof

KEY = "a key of the tests that opens nothing"


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """A desk's directory with a journal of three entries, one case, one checkpoint."""
    url = f"sqlite:///{tmp_path / 'handrail.db'}"
    upgrade(url)
    database = Database(url, keyring=shared_keyring())
    crm, signer = SqlCrm(database), CheckpointSigner(KEY)
    crm.flush(opened())
    crm.flush(flush(entry(2, detail={"text": "the customer's words"}), entry(3), at=after(10)))
    store = CheckpointFiles(tmp_path / "checkpoints", signer.verifier_key)
    proof = ProofActivities(SqlJournalLog(database, signer), store)
    proof.checkpoint(CheckpointOrder(at=datetime.now(UTC)))
    database.close()
    return {"HANDRAIL_STATE_DIR": str(tmp_path), "HANDRAIL_CHECKPOINT_KEY": KEY}


def invoke(place: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return its code, and what it said and warned of."""
    result = CliRunner(env=place).invoke(app, ["verify", *arguments])
    if isinstance(result.exception, OperatorError):
        return 1, result.stdout, str(result.exception)
    return result.exit_code, result.stdout, result.stderr


def change(place: dict[str, str], *statements: str) -> None:
    """Change the file as somebody would who can write it."""
    with closing(sqlite3.connect(f"{place['HANDRAIL_STATE_DIR']}/handrail.db")) as file, file:
        names = file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            file.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            file.execute(statement)


def test_a_journal_as_it_was_written_is_in_order(place: dict[str, str]) -> None:
    code, out, err = invoke(place)
    assert (code, err) == (0, "")
    assert "3 entries in 1 streams; 0 certificates; 3 leaves in the log; 0 wait" in out
    assert "Last signed checkpoint: 3 leaves" in out
    assert out.endswith("All is in order.\n")


def test_the_first_entry_that_was_altered_is_named_and_not_quoted(place: dict[str, str]) -> None:
    change(place, 'UPDATE journal_entries SET detail = \'{"text": "other words"}\' WHERE seq = 2')
    code, out, _ = invoke(place)
    assert code == 1
    assert out.startswith("First: entry inquiry-C-1, position 2 (number 2): altered\n")
    assert "words" not in out
    assert out.endswith("The journal is NOT as it was written.\n")


def test_a_log_that_was_rewritten_is_found_by_the_checkpoints(place: dict[str, str]) -> None:
    change(place, "UPDATE log_leaves SET stream = 'inquiry-C-2' WHERE leaf_index = 2",
           "UPDATE journal_entries SET stream = 'inquiry-C-2' WHERE seq = 3")  # fmt: skip
    code, out, _ = invoke(place)
    assert (code, "checkpoint of 3 leaves: a checkpoint that differs" in out) == (1, True)


def test_one_cases_entries_are_verified_alone(place: dict[str, str]) -> None:
    change(place, "UPDATE journal_entries SET hash = 'x' WHERE seq = 3")
    assert invoke(place, "--case", "C-1")[0] == 1
    code, _, err = invoke(place, "--case", "C-9")
    assert (code, "no entry of that case" in err) == (1, True)


def test_it_needs_no_key_and_says_what_it_could_not_check(
    place: dict[str, str], tmp_path: Path
) -> None:
    keyless = {"HANDRAIL_STATE_DIR": place["HANDRAIL_STATE_DIR"]}
    assert invoke(keyless)[0] == 0
    assert not (tmp_path / "checkpoint.key").exists()
    (tmp_path / "checkpoints").rename(tmp_path / "elsewhere")
    code, out, err = invoke(keyless)
    assert (code, "Last signed" in out) == (0, False)
    assert "no store of checkpoints was looked at" in err
    assert "no signature was checked" in err
    code, out, err = invoke(keyless, "--checkpoints", str(tmp_path / "elsewhere"))
    assert (code, "Last signed" in out, err) == (0, True, "")


def test_the_public_key_is_shown_and_another_one_fits_no_checkpoint(
    place: dict[str, str], tmp_path: Path
) -> None:
    shown = invoke(place, "--show-key")[1]
    assert shown == (tmp_path / "checkpoints" / "public-keys.txt").read_text()
    other = {**place, "HANDRAIL_CHECKPOINT_KEY": "another key of the tests, as long as it"}
    (tmp_path / "keys").write_text(invoke(other, "--show-key")[1])
    assert invoke(place, "--public-key", str(tmp_path / "keys"))[0] == 1
    (tmp_path / "keys").write_text("no key\n")
    code, _, err = invoke(place, "--public-key", str(tmp_path / "keys"))
    assert (code, "cannot be read" in err) == (1, True)


def test_a_key_is_changed_with_a_store_elsewhere_and_both_keys_checkpoints_are_verified(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'handrail.db'}"
    upgrade(url)
    crm = SqlCrm(Database(url, keyring=shared_keyring()))
    old = {"HANDRAIL_STATE_DIR": str(tmp_path), "HANDRAIL_CHECKPOINT_KEY": KEY}
    new = {**old, "HANDRAIL_CHECKPOINT_KEY": "another key of the tests, as long as it"}
    copy = ("--checkpoints", str(tmp_path / "copy"))
    (tmp_path / "copy").mkdir()
    with a_store("t0ken") as (address, kept):
        crm.flush(opened())
        _sign(old, address)
        crm.flush(flush(entry(2), at=after(10)))
        with pytest.raises(ApplicationError, match="LogDamagedError"):
            _sign(new, address)
        new["HANDRAIL_CHECKPOINT_OLDER_KEYS"] = invoke(old, "--show-key")[1]
        _sign(new, address)
        crm.flush(flush(entry(3), at=after(20)))
        _sign(new, address)
    for path, note in kept.items():
        size = int(path.rpartition("/")[2])
        (tmp_path / "copy" / f"{size:012d}.checkpoint").write_bytes(note)
    code, out, err = invoke(new, *copy)
    assert (code, err) == (0, "")
    assert "Last signed checkpoint: 3 leaves" in out
    for one in (old, {**new, "HANDRAIL_CHECKPOINT_OLDER_KEYS": ""}):
        assert invoke(one, *copy)[0] == 1
    shown = [invoke(each, "--show-key")[1] for each in (old, new)]
    assert len(set(shown)) == 2
    (tmp_path / "keys").write_text("".join(shown))
    keyless = {"HANDRAIL_STATE_DIR": str(tmp_path)}
    code, _, err = invoke(keyless, *copy, "--public-key", str(tmp_path / "keys"))
    assert (code, err) == (0, "")


def _sign(place: dict[str, str], address: str) -> None:
    """Sign a checkpoint as a worker does, and hand it to a store: here by http, for want of TLS."""
    with pytest.MonkeyPatch.context() as environment, ExitStack() as stack:
        for name, value in {**place, "HANDRAIL_CHECKPOINT_TOKEN": "t0ken"}.items():
            environment.setenv(name, value)
        settings = load_settings().model_copy(update={"checkpoint_store": address})
        database = Database(settings.database)
        stack.callback(database.close)
        order = CheckpointOrder(at=datetime.now(UTC))
        proof(settings, database, stack).checkpoint(order)


def test_entries_that_wait_too_long_are_warned_of(place: dict[str, str], tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'handrail.db'}", keyring=shared_keyring())
    SqlCrm(database).flush(flush(entry(4, at=datetime.now(UTC)), at=after(20)))
    assert invoke(place)[2] == ""
    waiting = datetime.now(UTC) - timedelta(hours=1)
    SqlCrm(database).flush(flush(entry(5, at=waiting), at=after(30)))
    database.close()
    code, out, err = invoke(place)
    assert (code, "2 wait for a checkpoint" in out) == (0, True)
    assert "entries wait for a checkpoint since" in err
    place["HANDRAIL_CHECKPOINT_EVERY"] = "3600"
    code, _, err = invoke(place)
    assert (code, "entries wait" in err) == (0, False)


def test_texts_that_are_no_text_any_more_are_findings_and_no_crash(place: dict[str, str]) -> None:
    change(place, "UPDATE journal_entries SET principal = CAST(x'ff00fe' AS TEXT), at = x'00', "
           "position = 'x' WHERE seq = 2")  # fmt: skip
    code, out, _ = invoke(place)
    assert code == 1
    assert out.startswith("First: entry inquiry-C-1, position ")
