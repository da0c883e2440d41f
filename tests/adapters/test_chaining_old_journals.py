"""The migration that makes the chain takes up the entries that are there already."""

from sqlalchemy import URL, text

from adapters import migrate
from adapters.checkpoint_signing import CheckpointSigner
from adapters.crm import SqlCrm
from adapters.journal_log import SqlJournalLog
from adapters.journal_verify import Kept, verify
from tests.batches import MONDAY, after, entry, flush, opened, paged
from tests.databases import Connect


def test_entries_from_before_the_chain_are_chained_in_the_order_of_their_numbers(
    own_database_url: URL, connect: Connect
) -> None:
    database = connect(own_database_url)
    crm = SqlCrm(database)
    crm.flush(opened())
    crm.flush(
        flush(entry(2, "lost"), entry(3, "ghost", detail={"text": "Žluťoučký"}), at=after(10))
    )
    crm.flush(flush(entry(2, "again"), at=after(20)))
    crm.flush(paged(entry(1, "page/1"), at=after(30)))
    database.close()
    migrate.downgrade(own_database_url, "0002")
    migrate.upgrade(own_database_url)
    report = verify(database, Kept())
    assert (report.findings, report.entries, report.waiting) == ([], 5, 5)
    query = text(
        "SELECT seq, revision, position FROM journal_entries "
        "WHERE stream = 'inquiry-C-1' ORDER BY position"
    )
    with database.engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    assert rows == [(1, 0, 1), (2, 0, 2), (2, 1, 3), (3, 0, 4)]
    crm.flush(flush(entry(3, "later"), at=after(40)))
    log = SqlJournalLog(database, CheckpointSigner("a key of the tests that opens nothing"))
    assert log.advance(MONDAY) == 6
    assert verify(database, Kept()).findings == []
