"""The decisions are in one form, numbered, listed, and the dependencies among them complete."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Page, name

ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
HEADINGS = ["Status", "Context", "Decision", "Consequences", "Alternatives"]


@pytest.mark.parametrize("path", ADRS, ids=name)
def test_a_decision_has_its_number_and_the_five_headings(path: Path) -> None:
    title, *rest = Page(path).headings
    assert re.fullmatch(r"\d{4}: .+", title)
    assert title[:4] == path.name[:4]
    assert rest == HEADINGS


def test_the_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in ADRS] == list(range(1, len(ADRS) + 1))


def test_every_decision_is_listed_with_its_title() -> None:
    listed = Page(ROOT / "ARCHITECTURE.md").text
    for path in ADRS:
        number, _, title = Page(path).headings[0].partition(": ")
        assert f"| [{number}]({name(path)}) | {title} |" in listed


def test_every_dependency_has_its_line_and_no_other_has() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    extras = project["project"]["optional-dependencies"].values()
    wanted = [*project["project"]["dependencies"], *groups["build"], *groups["dev"]]
    wanted += [line for extra in extras for line in extra]
    names = {re.split(r"[\[<>=]", line)[0] for line in wanted if isinstance(line, str)}
    page = ROOT / "docs" / "adr" / "0010-dependencies.md"
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(names)
