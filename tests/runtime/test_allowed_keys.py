"""What our own log lines say is on the list of what a log line may say: nothing is withheld."""

import ast
import io
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from activities.ports import IncidentsUnavailableError
from adapters.database import Database
from adapters.incident_webhook import WebhookIncidents
from adapters.incidents import FiledReports
from runtime.redaction import ALLOWED_KEYS
from tests import batches
from tests.databases import Fresh, fresh_sqlite
from tests.incident_sink import a_sink
from tests.runtime.test_logging import line

__all__ = ["fresh_sqlite"]

PROJECT = Path(__file__).parents[2]
PACKAGES = ("activities", "adapters", "api", "cli", "runtime", "workers", "workflows")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "tell"}
EVENT = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
NO_VALUE = {"exc_info", "extra"}


def told() -> Iterator[tuple[str, str]]:
    """Yield each event that the project logs, with each key that it bears."""
    for package in PACKAGES:
        for file in (PROJECT / package).rglob("*.py"):
            tree = ast.parse(file.read_text())
            named = {
                target.id: node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and (event := event_of(node)):
                    for key in keys_of(node, named):
                        yield event, key


def event_of(call: ast.Call) -> str | None:
    method = (
        call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    )
    first = call.args[0] if call.args else None
    if method not in LEVELS or not isinstance(first, ast.Constant):
        return None
    return first.value if isinstance(first.value, str) and EVENT.fullmatch(first.value) else None


def keys_of(call: ast.Call, named: dict[str, ast.expr]) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "extra":
            yield from keys_in(keyword.value, named)
        elif keyword.arg is not None and keyword.arg not in NO_VALUE:
            yield keyword.arg


def keys_in(value: ast.expr, named: dict[str, ast.expr]) -> Iterator[str]:
    value = named[value.id] if isinstance(value, ast.Name) else value
    assert isinstance(value, ast.Dict)
    for key, held in zip(value.keys, value.values, strict=True):
        if key is None:
            yield from keys_in(held, named)
        else:
            assert isinstance(key, ast.Constant)
            yield str(key.value)


def test_every_key_of_a_log_line_of_ours_is_shown() -> None:
    lines = set(told())
    assert {("report.not_filed", "kind"), ("retention.failed", "failures")} <= lines
    assert {line for line in lines if line[1] not in ALLOWED_KEYS} == set()


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
