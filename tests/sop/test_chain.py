"""What an entry's commitment and hash cover, and that no two entries pack alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sop.chain import (
    Content,
    Place,
    certificate_digest,
    chain,
    commit,
    link_hash,
    moment,
    start_of,
)

CONTENT = Content("update-1#0", "anna", "csr", "note.added", "[]", '{"text": "x"}')
PLACE = Place("inquiry-1", 2, 3, 0, "inquiry-1", "2026-11-23 09:00:00.000000")
COMMITMENT = "b9f709595c8915623794bc5a9ed06c084cb1410f6105220defafe333ebcd0a84"
HASH = "32198c3eafb8609d225f37e81c2f2e7e1e042b775d5625b460fe47de2b83f964"


@pytest.mark.parametrize("name", ["entry_id", "principal", "role", "kind", "clauses", "detail"])
def test_the_commitment_covers_every_part_of_the_content(name: str) -> None:
    changed = replace(CONTENT, **{name: getattr(CONTENT, name) + "x"})
    assert commit("salt", changed) != commit("salt", CONTENT)
    assert commit("other", CONTENT) != commit("salt", CONTENT)


@pytest.mark.parametrize(
    "changes",
    [{"stream": "x"}, {"position": 3}, {"seq": 4}, {"revision": 1}, {"case_id": "x"}, {"at": "x"}],
)
def test_the_hash_covers_the_place_the_commitment_and_the_entry_before(
    changes: Any,
) -> None:
    whole = link_hash("before", PLACE, "c")
    assert link_hash("before", replace(PLACE, **changes), "c") != whole
    assert link_hash("other", PLACE, "c") != whole
    assert link_hash("before", PLACE, "d") != whole


@given(st.lists(st.text(max_size=4), min_size=6, max_size=6), st.data())
def test_no_two_contents_are_packed_alike(parts: list[str], data: st.DataObject) -> None:
    others = data.draw(st.lists(st.text(max_size=4), min_size=6, max_size=6))
    same = commit("s", Content(*parts)) == commit("s", Content(*others))
    assert same == (parts == others)


def test_the_format_stays_as_it_was_stored() -> None:
    """A change of the format would break every chain that was written."""
    link = chain(start_of("inquiry-1"), PLACE, CONTENT, "00" * 16)
    assert link.commitment == COMMITMENT
    assert link.hash == HASH


def test_a_moment_is_written_in_utc_whatever_its_zone() -> None:
    at = datetime(2026, 11, 23, 10, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))
    assert moment(at) == moment(at.astimezone(UTC)) == "2026-11-23 09:00:00.000005"


def test_a_certificate_s_digest_covers_its_cases() -> None:
    def digest(*case_ids: str) -> str:
        return certificate_digest("c", "retention", "now", "Due.", frozenset(case_ids))

    assert digest("a", "b") == digest("b", "a")
    assert len({digest(), digest("a"), digest("a", "b"), digest("ab")}) == 4
