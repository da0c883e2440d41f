"""`handrail migrate` seals what version 0.2 wrote; `handrail keys seal` looks again."""

from contextlib import closing
from pathlib import Path

import pytest

from adapters.database import Database
from adapters.migrate import upgrade
from tests.adapters import records
from tests.adapters.records import INQUIRY, MARK
from tests.cli.test_commands import invoke
from tests.keyrings import shared_keyring


@pytest.mark.clause("INQ-7.2")
def test_migrating_seals_what_version_0_2_wrote(tmp_path: Path) -> None:
    url, scratch = (f"sqlite:///{tmp_path / name}" for name in ("handrail.db", "scratch.db"))
    for each in (url, scratch):
        upgrade(each)
    with closing(Database(scratch, keyring=shared_keyring())) as new:
        counts = records.write_old(url, new)
    place = {"HANDRAIL_STATE_DIR": str(tmp_path)}
    code, _, said = invoke(place, "migrate")
    assert code == 0
    assert f"{counts['journal_entries']} of journal_entries" in said
    code, _, said = invoke(place, "keys", "seal")
    assert (code, "none, all were" in said) == (0, True)
    code, told, _ = invoke(place, "explain", INQUIRY)
    assert code == 0
    assert f"{MARK} said" in told


def test_sealing_before_the_migration_is_refused_with_what_to_do(tmp_path: Path) -> None:
    code, _, said = invoke({"HANDRAIL_STATE_DIR": str(tmp_path)}, "keys", "seal")
    assert code == 1
    assert "handrail migrate" in said
