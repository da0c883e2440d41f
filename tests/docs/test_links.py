"""Every link within the project leads somewhere."""

from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.pages import ROOT, Page, name, pages

PAGES = pages()
MOST_BYTES = 200 * 1024


def missing(page: Page, target: str) -> bool:
    """Tell whether a link within the project leads nowhere."""
    path, _, fragment = unquote(target).partition("#")
    file = (page.path.parent / path).resolve() if path else page.path
    if not file.is_relative_to(ROOT) or not file.exists():
        return True
    return bool(fragment) and (file.suffix != ".md" or fragment not in Page(file).anchors)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(path: Path) -> None:
    page = Page(path)
    ours = [target for target in page.links if "://" not in target]
    assert [target for target in ours if missing(page, target)] == []


@pytest.mark.parametrize("target", ["nowhere.md", "README.md#nowhere", "#nowhere", "../README.md"])
def test_a_link_that_leads_nowhere_would_be_noticed(target: str) -> None:
    assert missing(Page(ROOT / "README.md"), target)


def test_the_readers_ways_start_at_the_readme() -> None:
    linked = {target.partition("#")[0] for target in Page(ROOT / "README.md").links}
    ours = {name(path) for path in PAGES if path.parent in {ROOT, ROOT / "docs"}}
    assert ours - linked == {"README.md"}


def test_pictures_are_small_and_each_is_shown() -> None:
    pictures = [path for path in (ROOT / "docs" / "images").iterdir() if path.is_file()]
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > MOST_BYTES] == []
    shown = {target for path in PAGES for target in Page(path).links}
    assert [name(path) for path in pictures if name(path) not in shown] == []
