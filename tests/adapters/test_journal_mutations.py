"""A thousand mutations of a journal by somebody who owns its database: a thousand are found."""

import random
import shutil
from pathlib import Path

import pytest
from sqlalchemy import URL

from adapters.checkpoints import CheckpointFiles
from adapters.database import Database
from adapters.journal_verify import Report
from tests.adapters import tampering
from tests.adapters.tampering import Expected, Journal, Mutation
from tests.databases import Connect, Fresh

BATCHES, OF_EACH = 10, 100
ON_POSTGRESQL = 52
MUTATIONS = (*tampering.NAMED, *tampering.NAMED, *tampering.OTHERS)


def names(report: Report, expected: Expected) -> bool:
    """Tell whether the first finding is what was done, where it was done."""
    if not report.findings:
        return False
    first = report.findings[0]
    where = not expected.places or (first.stream, first.position) in expected.places
    return where and (not expected.wrong or first.wrong in expected.wrong)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_thousand_mutations_are_a_thousand_findings(
    fresh_sqlite: Fresh, tmp_path: Path, connect: Connect, batch: int
) -> None:
    with fresh_sqlite() as url:
        database = connect(url)
        tampering.fill(database, CheckpointFiles(tmp_path / "kept", tampering.KEY))
        database.write(tampering.unguard_sqlite)
        database.close()
        template = Path(str(url.database))
        missed = [
            found
            for number in range(batch * OF_EACH, (batch + 1) * OF_EACH)
            if (found := _missed(template, tmp_path / "kept", tmp_path / "copy", number))
        ]
    assert missed == []


def _missed(template: Path, kept: Path, place: Path, number: int) -> str | None:
    """Mutate a copy; return what was done if it was not found, or not where it was done."""
    place.mkdir()
    shutil.copy(template, place / "crm.db")
    shutil.copytree(kept, place / "kept")
    database = Database(f"sqlite:///{place / 'crm.db'}")
    try:
        journal = Journal(database, CheckpointFiles(place / "kept"))
        return _mutate(journal, number)
    finally:
        database.close()
        shutil.rmtree(place)


def _mutate(journal: Journal, number: int) -> str | None:
    mutation: Mutation = MUTATIONS[number % len(MUTATIONS)]
    expected = mutation(journal, random.Random(number))  # noqa: S311 - no secret: a seed
    report = journal.verify()
    if names(report, expected):
        return None
    return f"{number} {mutation.__name__}: {expected}, found {report.findings[:3]}"


@pytest.mark.parametrize("number", range(ON_POSTGRESQL))
def test_the_same_on_postgresql(
    emptied_postgres: URL, tmp_path: Path, connect: Connect, number: int
) -> None:
    database = connect(emptied_postgres)
    journal = tampering.fill(database, CheckpointFiles(tmp_path / "kept", tampering.KEY))
    assert _mutate(journal, number) is None
