"""What the documents name exists: commands, settings, make targets, files, tests, clauses."""

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import app
from runtime.settings import PREFIX, Settings
from sop.clauses import CLAUSES
from tests.docs.pages import ROOT, Page, name, pages

PAGES = pages()
OURS = [path for path in PAGES if path.parts[len(ROOT.parts)] not in {"cli", "deploy"}]
SETTINGS = {PREFIX + field.upper() for field in Settings.model_fields}
SHELL = {"sh", "bash", "console"}

_HANDRAIL = re.compile(r"(?:^|[\s(])(?:\.venv/bin/)?handrail( [a-z][^|&;)`\n]*)", re.MULTILINE)
_MAKE = re.compile(r"(?:^|[\s(])make((?: [^\s|&;)`]+)+)", re.MULTILINE)
_FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*/?(?:::\w+)?")
# What `make demo` or `make migrate` leaves is no file of the project, wherever the tests run.
_TOP = {path.name for path in ROOT.iterdir()} - {".handrail"}


def code(page: Page) -> list[str]:
    """Return what a page shows as code: its spans, and its blocks for a shell."""
    return [*page.spans, *(block.text for block in page.blocks if block.language in SHELL)]


def is_command(words: list[str]) -> bool:
    """Follow the words down from `handrail`, and look each option up where they end."""
    at, rest = get_command(app), list(words)
    while isinstance(at, TyperGroup) and rest and rest[0] in at.commands:
        at = at.commands[rest.pop(0)]
    if isinstance(at, TyperGroup):
        return rest == ["--help"]
    known = {option for parameter in at.params for option in parameter.opts}
    return {word for word in rest if word.startswith("--")} <= known


def commands(text: str) -> Iterator[str]:
    """Yield what follows `handrail`, as far as it is spelt out."""
    for match in _HANDRAIL.finditer(text):
        yield match[1].partition(" #")[0].partition(" >")[0].partition(" 2>")[0].strip()


@cache
def targets() -> frozenset[str]:
    """Return the targets of the Makefile that people may name."""
    return frozenset(re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def functions(path: Path) -> frozenset[str]:
    """Return the names of a module's functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def is_missing(span: str) -> bool:
    """Tell whether a span names a file of the project, or a test in it, that is not there."""
    file, _, test = span.partition("::")
    if not _FILE.fullmatch(span) or "/" not in file or file.split("/")[0] not in _TOP:
        return False
    path = ROOT / file
    return not path.exists() or (bool(test) and test not in functions(path))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_command_of_handrail_exists_with_its_options(path: Path) -> None:
    said = [command for text in code(Page(path)) for command in commands(text)]
    assert [command for command in said if not is_command(shlex.split(command))] == []


@pytest.mark.parametrize("said", ["serve", "keys make", "keys create --colour red"])
def test_a_command_that_does_not_exist_would_be_noticed(said: str) -> None:
    assert not is_command(shlex.split(said))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_make_target_exists(path: Path) -> None:
    said = [words for text in code(Page(path)) for words in _MAKE.findall(text)]
    named = {word for words in said for word in words.split("#")[0].split()[:1] if "=" not in word}
    assert named - targets() == set()


@pytest.mark.parametrize("path", OURS, ids=name)
def test_every_setting_exists(path: Path) -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", Page(path).text))
    ours = {setting.removesuffix("_FILE") for setting in named} - {"HANDRAIL_TEST_POSTGRES_URL"}
    assert ours - SETTINGS - {"HANDRAIL_POLICY"} == set()


@pytest.mark.parametrize("path", OURS, ids=name)
def test_every_file_and_every_test_exists(path: Path) -> None:
    assert [span for span in Page(path).spans if is_missing(span)] == []


@pytest.mark.parametrize("span", ["tests/nothing.py", "tests/desk.py::test_nothing", "sop/x"])
def test_a_file_or_test_that_does_not_exist_would_be_noticed(span: str) -> None:
    assert is_missing(span)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_clause_exists(path: Path) -> None:
    named = set(re.findall(r"\b(?:INQ|HOF)-\d(?:\.\d)*", Page(path).text))
    sections = {clause.rsplit(".", 1)[0] for clause in CLAUSES} | {"INQ-4.1", "INQ-6"}
    assert named - set(CLAUSES) - sections == set()
