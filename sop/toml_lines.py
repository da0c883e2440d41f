"""TOML with the line of every key, and with every syntax error instead of the first only.

`tomllib` does the parsing, and tells neither. So the text is cut into its statements (a table's
header or a key with its value), each of which `tomllib` can read by itself: what it holds, and on
which line, follows. Statements that cannot be read are reported and left out, so that the rest
can still be checked. (No maintained library tells positions.)
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\[^\n]|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*|\n|[\[\]{},]|[^\s\[\]{},\#\"']+|[\"']",
    re.DOTALL,
)
# A line that can only begin a statement: a bracket that is still open there was forgotten.
_BEGINS = re.compile(
    r"[ \t]*(?:[\w-]+(?:[ \t]*\.[ \t]*[\w-]+)*[ \t]*="
    r"|\[{1,2}[ \t]*(?!true|false|inf|nan)[A-Za-z_][\w.-]*[ \t]*\]{1,2}[ \t]*(?:\#[^\n]*)?$)",
    re.MULTILINE,
)
_KEY = re.compile(r"[A-Za-z0-9_-]+(?=[ \t]*=)")
_POSITION = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


@dataclass(frozen=True)
class SyntaxMistake:
    """A statement that is not TOML, or says again what was said before."""

    path: KeyPath
    line: int
    text: str


@dataclass(frozen=True)
class TomlDocument:
    """What a TOML text holds, as far as it can be read, and where each key stands.

    Attributes:
        data: The values of the statements that could be read.
        mistakes: The statements that could not, in order.
    """

    data: dict[str, object]
    mistakes: tuple[SyntaxMistake, ...]
    lines: dict[KeyPath, int]
    lost: frozenset[KeyPath]

    def line(self, path: KeyPath) -> int:
        """Return the line of a key, or of the nearest table around it; the file's is 1."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def is_lost(self, path: KeyPath) -> bool:
        """Tell whether a key may stand in a statement that could not be read."""
        return any(path[:length] in self.lost for length in range(len(path) + 1))


def label(path: KeyPath) -> str:
    """Return a key as people write it: `escalation[2].after`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".") or "the file"


def read_toml(text: str) -> TomlDocument:
    """Read a TOML text; never raises, whatever the text is."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n") + "\n"
    statements = tuple(_statements(text))
    try:
        data = _parse(text)
    except _UnreadableError:
        return _recover(statements)
    return _document(data, statements, {})


class _UnreadableError(Exception):
    """`tomllib` refused; `line` is None where it names none, or the end of the text."""

    def __init__(self, said: str, line: int | None):
        super().__init__(said)
        self.said, self.line = said, line


_LeftOut: TypeAlias = dict[int, _UnreadableError | None]
"""Statements by number, with the reason; None where the header above them is to blame."""


def _parse(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _UnreadableError("nested too deeply", None) from None
    except tomllib.TOMLDecodeError as error:
        position = _POSITION.search(str(error))
        line = int(position["line"]) if position and position["line"] else None
        raise _UnreadableError(_POSITION.sub("", str(error)), line) from None
    except ValueError:
        raise _UnreadableError("a number of too many digits", None) from None


@dataclass
class _Nesting:
    """The brackets that are open, and the lines of the elements of arrays."""

    open: list[int | None] = field(default_factory=list)
    elements: dict[KeyPath, int] = field(default_factory=dict)

    def see(self, token: str, line: int) -> None:
        """Take the next token; an inline table (None) is left to its array's line."""
        indexes = tuple(index for index in self.open if index is not None)
        if indexes and len(indexes) == len(self.open) and token not in {"]", ","}:
            self.elements.setdefault(indexes, line)
        if token in {"[", "{"}:
            self.open.append(0 if token == "[" else None)
        elif token in {"]", "}"}:
            del self.open[-1:]
        elif token == "," and self.open and self.open[-1] is not None:
            self.open[-1] += 1


@dataclass(frozen=True)
class _Statement:
    """A header, a key with its value, or a comment; `elements` are the lines within an array."""

    first: int
    last: int
    text: str
    elements: dict[KeyPath, int]

    @property
    def is_header(self) -> bool:
        return self.text.startswith("[")


def _statements(text: str) -> Iterator[_Statement]:
    """Cut a text, which ends with a line break, into its statements."""
    line, begun, first, nesting = 1, -1, 1, _Nesting()
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == "\n":
            if begun >= 0 and (not nesting.open or _ends_here(text, match.end())):
                yield _Statement(first, line, text[begun : match.start()], nesting.elements)
                begun, nesting = -1, _Nesting()
            line += 1
            continue
        if begun < 0:
            begun, first = match.start(), line
        if not token.startswith("#"):
            nesting.see(token, line)
            line += token.count("\n")


def _ends_here(text: str, position: int) -> bool:
    return position == len(text) or _BEGINS.match(text, position) is not None


@dataclass
class _Index:
    """The line of every key, gathered statement by statement."""

    lines: dict[KeyPath, int] = field(default_factory=dict)
    table: KeyPath = ()
    counts: dict[KeyPath, int] = field(default_factory=dict)

    def add(self, statement: _Statement) -> None:
        content = _parse(statement.text)
        if statement.is_header:
            self._enter(content, statement)
            return
        for key, value in content.items():
            self._place(value, (*self.table, key), statement.first, statement.elements)

    def _enter(self, content: object, statement: _Statement) -> None:
        keys = _header_keys(content)
        self.table = ()
        for number, key in enumerate(keys, start=1):
            self.table = (*self.table, key)
            self.lines.setdefault(self.table, statement.first)
            if number == len(keys) and statement.text.startswith("[["):
                self.counts[self.table] = self.counts.get(self.table, 0) + 1
            if self.table in self.counts:
                self.table = (*self.table, self.counts[self.table] - 1)
        self.lines[self.table] = statement.first

    def _place(
        self, value: object, path: KeyPath, line: int, elements: dict[KeyPath, int], at: KeyPath = ()
    ) -> None:
        self.lines.setdefault(path, line)
        if isinstance(value, dict):
            for key, inner in value.items():
                self._place(inner, (*path, key), line, elements, at)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                place = (*at, index)
                self._place(inner, (*path, index), elements.get(place, line), elements, place)


def _header_keys(content: object) -> tuple[str, ...]:
    keys: list[str] = []
    while content:
        if isinstance(content, dict):
            key, content = next(iter(content.items()))
            keys.append(key)
        elif isinstance(content, list):
            content = content[0]
    return tuple(keys)


def _document(
    data: dict[str, object], statements: tuple[_Statement, ...], left_out: _LeftOut
) -> TomlDocument:
    index, mistakes, lost = _Index(), [], set[KeyPath]()
    for number, statement in enumerate(statements):
        if number not in left_out:
            index.add(statement)
        elif error := left_out[number]:
            path = _guess(statement, index.table)
            if not statement.text.startswith("#"):
                lost.add(path)
            line = error.line or statement.first
            mistakes.append(SyntaxMistake(path, line, _in_words(error.said, statement)))
    return TomlDocument(data, tuple(mistakes), index.lines, frozenset(lost))


def _guess(statement: _Statement, table: KeyPath) -> KeyPath:
    """Return what a statement was about that cannot be read; a header may be that of any table."""
    if statement.is_header:
        try:
            return _header_keys(_parse(statement.text))
        except _UnreadableError:
            return ()
    key = _KEY.match(statement.text)
    return (*table, key[0]) if key else table


def _in_words(said: str, statement: _Statement) -> str:
    if said.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate")):
        return "is set a second time; keep one of the two"
    hint = ""
    if said.startswith(("Invalid value", "Expected newline")) and not statement.is_header:
        hint = '; text and durations stand in quotes, e.g. "12h"'
    return f"is not TOML ({said[:1].lower()}{said[1:]}){hint}"


def _recover(statements: tuple[_Statement, ...]) -> TomlDocument:
    """Leave out what cannot be read until the rest can."""
    left_out: _LeftOut = {}
    for number, statement in enumerate(statements):
        try:
            _parse(statement.text)
        except _UnreadableError as error:
            line = statement.first + (error.line or 1) - 1
            left_out[number] = _UnreadableError(error.said, min(line, statement.last))
    for number in tuple(left_out):
        _leave_out_section(number, statements, left_out)
    while True:
        kept = {n: statement for n, statement in enumerate(statements) if n not in left_out}
        try:
            return _document(_parse(_on_their_lines(kept.values())), statements, left_out)
        except _UnreadableError as error:
            # Each can be read, so together they say something twice: the later one goes.
            said_at = (n for n, statement in kept.items() if statement.last == error.line)
            number = next(said_at, max(kept))
            left_out[number] = error
            _leave_out_section(number, statements, left_out)


def _leave_out_section(
    number: int, statements: tuple[_Statement, ...], left_out: _LeftOut
) -> None:
    """Leave out what stands under a header that was left out: it is not the table's before."""
    if not statements[number].is_header:
        return
    for later in range(number + 1, len(statements)):
        if statements[later].is_header:
            return
        left_out.setdefault(later, None)


def _on_their_lines(statements: Iterable[_Statement]) -> str:
    text, line = "", 1
    for statement in statements:
        text += "\n" * (statement.first - line) + statement.text
        line = statement.last
    return text
