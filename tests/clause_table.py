"""`make clauses`: each clause of both procedures with the tests that prove it.

Fails on a clause without a test, and on a test that names a clause that does not exist.
"""

import contextlib
import io
import sys
from collections import defaultdict

import pytest

from sop.clauses import CLAUSES


class Collector:
    """Notes the clause marks of every collected test."""

    def __init__(self) -> None:
        """Begin with none."""
        self.tests: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note which test bears which clause; a parametrised test counts once."""
        for item in items:
            name = f"{item.path.stem}::{item.name.partition('[')[0]}"
            for mark in item.iter_markers("clause"):
                for clause in mark.args:
                    if name not in self.tests[clause]:
                        self.tests[clause].append(name)


def main() -> int:
    """Print the table; return 1 when a clause lacks a test or a mark names no clause."""
    collector = Collector()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main(["tests", "--collect-only", "-q"], plugins=[collector])
    if code != pytest.ExitCode.OK:
        print(said.getvalue(), file=sys.stderr)
        return 1
    known = CLAUSES.keys()
    unproved = []
    print("| clause | met as | in our words | tests |\n|---|---|---|---|")
    for clause in CLAUSES.values():
        tests = collector.tests.get(clause.clause, [])
        if not tests:
            unproved.append(clause.clause)
        shown = "<br>".join(f"`{test}`" for test in sorted(tests)) or "**none**"
        print(f"| {clause.clause} | {clause.met_as} | {clause.summary} | {shown} |")
    unknown = sorted(collector.tests.keys() - known)
    for name in unproved:
        print(f"{name}: no test bears this clause", file=sys.stderr)
    for name in unknown:
        print(f"{name}: a test names it, and no such clause exists", file=sys.stderr)
    return 1 if unproved or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
