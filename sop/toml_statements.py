"""Cuts a TOML text into its statements, without understanding them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""A key with the tables and places around it, outermost first."""

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\[^\n]|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*|\n|[\[\]{},]|[^ \t\n\[\]{},\#\"']+|[\"']",
    re.DOTALL,
)
# A line that can only begin a statement: a bracket that is still open there was forgotten.
_BEGINS = re.compile(
    r"[ \t]*(?:[\w-]+(?:[ \t]*\.[ \t]*[\w-]+)*[ \t]*="
    r"|\[{1,2}[ \t]*(?!true|false|inf|nan)[A-Za-z_][\w.-]*[ \t]*\]{1,2}[ \t]*(?:\#[^\n]*)?$)",
    re.MULTILINE,
)


@dataclass
class _Nesting:
    """The brackets that are open, and the lines of the elements of arrays."""

    open: list[int | None] = field(default_factory=list)
    elements: dict[KeyPath, int] = field(default_factory=dict)

    def see(self, mark: str, line: int) -> None:
        """Take the next mark; an inline table (None) is left to its array's line."""
        indexes = tuple(index for index in self.open if index is not None)
        if indexes and len(indexes) == len(self.open) and mark not in {"]", ","}:
            self.elements.setdefault(indexes, line)
        if mark in {"[", "{"}:
            self.open.append(0 if mark == "[" else None)
        elif mark in {"]", "}"}:
            del self.open[-1:]
        elif mark == "," and self.open and self.open[-1] is not None:
            self.open[-1] += 1


@dataclass(frozen=True)
class Statement:
    """A header, a key with its value, or a comment; `elements` are the lines within an array."""

    first: int
    last: int
    text: str
    elements: dict[KeyPath, int]

    @property
    def is_header(self) -> bool:
        """Tell whether it opens a table."""
        return self.text.startswith("[")


def statements(text: str) -> Iterator[Statement]:
    """Cut a text, which ends with a line break, into its statements."""
    line, begun, first, nesting = 1, -1, 1, _Nesting()
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark == "\n":
            if begun >= 0 and (not nesting.open or _ends(text, begun, match.end())):
                yield Statement(first, line, text[begun : match.start()], nesting.elements)
                begun, nesting = -1, _Nesting()
            line += 1
            continue
        if begun < 0:
            begun, first = match.start(), line
        if not mark.startswith("#"):
            nesting.see(mark, line)
            line += mark.count("\n")


def _ends(text: str, begun: int, position: int) -> bool:
    """Tell whether a statement ends before a position although a bracket is open."""
    is_header, is_last = text[begun] == "[", position == len(text)
    return is_header or is_last or _BEGINS.match(text, position) is not None
