"""What our own log lines say is on the list of what a log line may say: nothing is withheld."""

import ast
import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from activities.key_ports import KeysUnavailableError
from activities.ports import IncidentsUnavailableError
from adapters.database import Database
from adapters.incident_webhook import WebhookIncidents
from adapters.incidents import FiledReports
from adapters.transit import TransitWrapper
from runtime.redaction import ALLOWED_KEYS
from tests import batches
from tests.databases import Fresh, fresh_sqlite
from tests.incident_sink import a_sink
from tests.runtime.test_logging import line

__all__ = ["fresh_sqlite"]

PROJECT = Path(__file__).parents[2]
PACKAGES = ("activities", "adapters", "api", "cli", "runtime", "sop", "workers", "workflows")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
BINDING = {"bound_contextvars", "bind_contextvars", "bind", "new"}
NO_VALUE = {"exc_info", "extra", "stack_info"}


@dataclass(frozen=True)
class Said:
    """A key of a log line, and what it is given; `event` is the code where a variable names it."""

    event: str
    key: str
    value: ast.expr | None


class Lines(ast.NodeVisitor):
    """Collects what the log lines of a module say. What it cannot follow, it refuses."""

    def __init__(self, tree: ast.Module) -> None:
        self.said: list[Said] = []
        self._given = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        self.visit(tree)

    def visit_Call(self, node: ast.Call) -> None:
        """Note the keys of a call that writes or binds a line."""
        if self._writes(node.func):
            assert node.args, f"a line without an event: {ast.unparse(node)}"
            self._note(node, ast.unparse(node.args[0]).strip("'\""))
        elif self._binds(node.func):
            self._note(node, "every line")
        self.generic_visit(node)

    def _writes(self, func: ast.expr) -> bool:
        """Return whether it is a logger's method, or a name that was given one."""
        match func:
            case ast.Attribute(value=logger, attr=method):
                return method in LEVELS and _is_logger(logger)
            case ast.Name(id=name):
                return name in self._given and self._writes(self._given[name])
            case ast.IfExp(body=one, orelse=other):
                return self._writes(one) or self._writes(other)
        return False

    def _binds(self, func: ast.expr) -> bool:
        match func:
            case ast.Attribute(value=of, attr=method):
                return method in BINDING and (_is_logger(of) or "contextvars" in ast.unparse(of))
        return False

    def _note(self, call: ast.Call, event: str) -> None:
        for keyword in call.keywords:
            if keyword.arg in {None, "extra"}:
                self.said += (Said(event, *each) for each in self._items(keyword.value))
            elif keyword.arg not in NO_VALUE:
                self.said.append(Said(event, str(keyword.arg), keyword.value))

    def _items(self, value: ast.expr) -> Iterator[tuple[str, ast.expr | None]]:
        """Yield the keys of a dictionary that the code spells out."""
        match value:
            case ast.Name(id=name):
                yield from self._items(self._given[name])
            case ast.IfExp(body=one, orelse=other):
                yield from self._items(one)
                yield from self._items(other)
            case ast.DictComp(
                generators=[ast.comprehension(iter=ast.Call(func=ast.Attribute(of)))]
            ):
                yield from self._items(of)
            case ast.Dict(keys=keys, values=values):
                for key, held in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant):
                        yield str(key.value), held
                    else:
                        assert key is None, f"a key of chance: {ast.unparse(value)}"
                        yield from self._items(held)
            case _:
                pytest.fail(f"which keys has it? {ast.unparse(value)}")


def _is_logger(value: ast.expr) -> bool:
    said = ast.unparse(value)
    return said.endswith(("log", "logger")) or "get_logger(" in said or "getLogger(" in said


def told() -> Iterator[Said]:
    """Yield what the lines of all modules say."""
    for package in PACKAGES:
        for file in (PROJECT / package).rglob("*.py"):
            yield from Lines(ast.parse(file.read_text("utf-8"))).said


def written(code: str) -> list[tuple[str, str]]:
    """Return events and keys of the lines that code would write."""
    return [(each.event, each.key) for each in Lines(ast.parse(code)).said]


def test_every_key_of_a_log_line_of_ours_is_shown() -> None:
    lines = {(each.event, each.key) for each in told()}
    assert lines >= {
        ("report.not_filed", "kind"), ("keys.unavailable", "why"), ("keys.unavailable", "keeper"),
        ("key.tampered", "key_id"), ("retention.failed", "failures"), ("retention.done", "held"),
        ("codec.not_ready", "failing"), ("privacy.repeated", "work"), ("request.served", "actor"),
        ("written", "rung"), ("every line", "request_id"), ("every line", "workflow_id"),
    }  # fmt: skip
    assert {line for line in lines if line[1] not in ALLOWED_KEYS} == set()


def test_no_line_of_ours_is_given_an_errors_text_or_a_sentence() -> None:
    for each in told():
        for node in ast.walk(each.value) if each.value else ():
            assert not isinstance(node, ast.JoinedStr), f"{each.event} composes {each.key}"
            said = ast.unparse(node)
            assert said not in {"str(error)", "error.args", "repr(error)"}, f"{each.event}: {said}"
            assert not said.endswith((".message", ".text")), f"{each.event}: {said}"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("log.info('a.b', x=1, exc_info=True)", [("a.b", "x")]),
        ("workflow.logger.error('a.b', extra={'x': 1})", [("a.b", "x")]),
        ("f = {'x': 1}\nlog.info('a.b', extra={**f, 'y': 2})", [("a.b", "x"), ("a.b", "y")]),
        ("t = log.info if p else log.error\nt('a.b', x=1)", [("a.b", "x")]),
        ("log.info(event, **({'x': 1} if p else {}))", [("event", "x")]),
        ("structlog.stdlib.get_logger().info('a.b', x=1)", [("a.b", "x")]),
        ("structlog.contextvars.bound_contextvars(x=1)", [("every line", "x")]),
        ("catalog.find('a.b', x=1)", []),
    ],
)
def test_the_search_of_the_code_sees_a_line_however_it_is_written(
    code: str, says: list[tuple[str, str]]
) -> None:
    assert written(code) == says


def test_the_search_of_the_code_refuses_keys_that_it_cannot_follow() -> None:
    with pytest.raises(pytest.fail.Exception):
        written("log.info('a.b', **somewhere())")


@pytest.mark.clause("HOF-7.3")
def test_a_report_that_is_not_filed_is_told_with_its_kind_and_what_was_answered(
    stream: io.StringIO, fresh_sqlite: Fresh
) -> None:
    report = batches.incident_report("C-1/override/1")
    with fresh_sqlite() as url, closing(Database(url)) as database:
        with a_sink((400, b"")) as sink:
            incidents = WebhookIncidents(FiledReports(database), sink.url)
            with closing(incidents), pytest.raises(IncidentsUnavailableError):
                incidents.file(report)
        told = line(stream, "report.not_filed")
    assert (told["level"], told["kind"], told["status"]) == ("error", "override", 400)
    assert report.text not in stream.getvalue()


def test_keys_that_are_away_are_told_with_the_reason_that_the_manual_lists(
    stream: io.StringIO,
) -> None:
    with a_sink((403, b"{}")) as sink:
        wrapper = TransitWrapper(sink.url, "handrail", lambda: "no token")
        with closing(wrapper), pytest.raises(KeysUnavailableError):
            wrapper.rotate()
    told = line(stream, "keys.unavailable")
    assert (told["keeper"], told["why"]) == ("transit", "permission-denied")
    assert f"`{told['why']}`" in (PROJECT / "docs" / "operations.md").read_text("utf-8")
