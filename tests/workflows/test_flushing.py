"""What is flushed at once stays within what Temporal carries."""

from datetime import UTC, datetime

import pytest

from sop.models import Customer, Entry, Opening, OutboxMessage, VerificationOutcome
from sop.outgoing import Outgoing
from sop.registers import VerificationRecord
from tests.desk import ANNA
from workflows.flushing import in_parts

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PAYLOAD_LIMIT = 2 * 1024 * 1024
LONGEST = "x" * 64 * 1024


def outgoing(entries: int) -> Outgoing:
    return Outgoing(
        entries=tuple(
            Entry(
                seq=n, entry_id=f"e{n}", at=NOW, actor=ANNA, kind="note.added",
                detail={"text": LONGEST},
            )
            for n in range(1, entries + 1)
        ),
        messages=(
            OutboxMessage(
                message_id="m", case_id="c", recipient="role:csr", topic="warning", body="b",
                created_at=NOW,
            ),
        ),
        opening=Opening(customer=Customer(customer_id="c"), subject="s", text=LONGEST),
    )  # fmt: skip


@pytest.mark.clause("INQ-4.5.1")
@pytest.mark.parametrize("entries", [0, 1, 16, 17, 32, 50])
def test_what_an_outage_piled_up_is_flushed_in_order_and_in_parts_that_temporal_carries(
    entries: int,
) -> None:
    whole = outgoing(entries)
    parts = list(in_parts(whole))
    assert all(len(part.model_dump_json()) < PAYLOAD_LIMIT for part in parts)
    assert tuple(entry for part in parts for entry in part.entries) == whole.entries
    assert [part.opening for part in parts] == [whole.opening, *[None] * (len(parts) - 1)]
    assert [part.messages for part in parts] == [*[()] * (len(parts) - 1), whole.messages]


@pytest.mark.clause("HOF-7.1", "HOF-7.3")
def test_a_record_of_a_register_goes_out_in_the_part_that_has_its_entry() -> None:
    logged = tuple(
        VerificationRecord(
            verification_id=f"v{entry}", case_id="c", customer_id="c", at=NOW, entry=entry,
            representative="anna", role=ANNA.role, attempt=1, reason="matched",
            outcome=VerificationOutcome.VERIFIED,
        )
        for entry in (1, 16, 17, 40)
    )  # fmt: skip
    parts = list(in_parts(outgoing(50).model_copy(update={"verifications": logged})))
    assert [[record.entry for record in part.verifications] for part in parts] == [
        [1, 16], [17], [40], [],
    ]  # fmt: skip
    for part in parts:
        numbers = [entry.seq for entry in part.entries]
        assert all(record.entry in numbers for record in part.verifications)
