"""`make docs`: writes the parts of the documents that follow from the code.

Such a part stands between `<!-- generated: NAME -->` and `<!-- end -->`; a test compares.
"""

import re
import sys
from collections.abc import Callable, Iterator

from api.app import create_app, parts_from
from api.problems import PROBLEMS
from cli.views import VIEWS
from runtime.places import DEFAULT_UI
from runtime.settings import Settings
from runtime.temporal import ui_list_link
from sop.models import Stage
from sop.stages import TRANSITIONS
from tests.docs.pages import name, pages

EXAMPLE_ASSIGNEE = "ana"

_PART = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def stages() -> Iterator[str]:
    """Draw the stages and the steps between them; what leads both ways has one arrow."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield "    [*] --> open"
    yield "    state open {"
    yield f"        [*] --> {Stage.RECEIVED}"
    drawn: set[frozenset[Stage]] = set()
    for stage in Stage:
        for other in (s for s in Stage if s in TRANSITIONS[stage] - {stage, Stage.CLOSED}):
            pair = frozenset({stage, other})
            both = stage in TRANSITIONS[other]
            if pair not in drawn:
                yield f"        {stage} --> {other}" + (": and back" if both else "")
            drawn |= {pair} if both else set()
    yield "    }"
    open_stages = set(Stage) - {Stage.CLOSED}
    closing = {stage for stage in open_stages if Stage.CLOSED in TRANSITIONS[stage]}
    if closing == open_stages:
        yield "    open --> closed: from every stage"
    else:
        yield from (f"    {stage} --> closed" for stage in Stage if stage in closing)
    yield "    closed --> [*]"
    yield "```"


def problems() -> Iterator[str]:
    """List the kinds of problems."""
    yield "| type | status | what has happened | what to do |"
    yield "|---|---|---|---|"
    for kind in PROBLEMS.values():
        yield f"| `{kind.uri}` | {kind.status} | {kind.meaning} | {kind.remedy} |"


def routes() -> Iterator[str]:
    """List the operations of the API, as its description has them."""
    described = create_app(lambda: parts_from(Settings())).openapi()
    yield "| method and path | what it does |"
    yield "|---|---|"
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            yield f"| `{method.upper()} {path}` | {operation['summary']} |"


def views() -> Iterator[str]:
    """List the views, each with its link for the embedded server's UI."""
    yield "| list | shows | query | link |"
    yield "|---|---|---|---|"
    for view in VIEWS:
        query = view.query.replace("{assignee}", EXAMPLE_ASSIGNEE)
        link = "`handrail views`"
        if "{soon}" not in query:
            link = f"[open]({ui_list_link(DEFAULT_UI, 'default', query)})"
        yield f"| {view.name} | {view.shows} | `{query}` | {link} |"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "stages": stages,
    "problems": problems,
    "routes": routes,
    "views": views,
}


def filled(text: str) -> str:
    """Return a page with its generated parts as the code has them now."""

    def fill(part: re.Match[str]) -> str:
        lines = "\n".join(PARTS[part["name"]]())
        return f"{part[1]}\n{lines}\n\n{part[3]}"

    return _PART.sub(fill, text)


def main() -> int:
    """Write the parts into every page that has any."""
    for path in pages():
        text = path.read_text(encoding="utf-8")
        if filled(text) != text:
            path.write_text(filled(text), encoding="utf-8")
            sys.stderr.write(f"{name(path)}: written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
