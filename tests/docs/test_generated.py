"""What follows from the code is in the documents as the code has it."""

from pathlib import Path

import pytest

from tests.docs.generated import PARTS, filled
from tests.docs.pages import ROOT, Page, name, pages
from workflows.search_attributes import SEARCH_ATTRIBUTES


@pytest.mark.parametrize("path", pages(), ids=name)
def test_a_page_holds_what_the_code_says(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert filled(text) == text, "run `make docs`"


def test_every_part_stands_in_some_page() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in pages())
    assert [part for part in PARTS if f"<!-- generated: {part} -->" not in text] == []


def test_every_search_attribute_is_explained_with_its_type() -> None:
    rows = Page(ROOT / "docs" / "operations.md").rows("attribute")
    explained = {(row[0].strip("`"), row[1].upper()) for row in rows}
    assert explained == {(key.name, key.indexed_value_type.name) for key in SEARCH_ATTRIBUTES}
