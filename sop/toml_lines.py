"""TOML with the line of every key, and with every syntax error instead of the first only.

`tomllib` does the parsing, and tells neither. So the text is cut into its statements (a table's
header or a key with its value), each of which `tomllib` can read by itself: what it holds, and on
which line, follows. Statements that cannot be read are reported and left out, so that the rest
can still be checked. (No maintained library tells positions.)
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sop.toml_statements import KeyPath, Statement, statements

_KEY = re.compile(r"[A-Za-z0-9_-]+(?=[ \t]*=)")
_HEADER = re.compile(
    r"\[{1,2}[ \t]*(?P<keys>[\w-]+(?:\.[\w-]+)*)[ \t]*\]{0,2}[ \t]*(?:#.*)?", re.ASCII
)
_SHOWN = 60
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
    headers: frozenset[KeyPath]
    lost: frozenset[KeyPath]

    def line(self, path: KeyPath) -> int:
        """Return the line of a key, or of the nearest table around it; the file's is 1."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def is_lost(self, path: KeyPath) -> bool:
        """Tell whether a key may stand in a statement that could not be read.

        Below a header that could not be read (its path is unknown) there may be any table, but
        nothing of a table that has its header elsewhere.
        """
        if () in self.lost and path[:-1] not in self.headers:
            return True
        return any(path[:length] in self.lost for length in range(1, len(path) + 1))


def label(path: KeyPath) -> str:
    """Return a key as people write it: `escalation[2].after`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


def read_toml(text: str) -> TomlDocument:
    """Read a TOML text; never raises, whatever the text is."""
    text = text.removeprefix("\ufeff") + "\n"
    cut = list(statements(text.replace("\r\n", "\n")))
    try:
        data = _parse(text)
    except _UnreadableError:
        return _recover(cut)
    return _document(data, cut, _Damage())


class _UnreadableError(Exception):
    """`tomllib` refused; `line` is None where it names none, or the end of the text."""

    def __init__(self, said: str, line: int | None) -> None:
        super().__init__(said)
        self.said, self.line = said, line


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
class _Index:
    """The line of every key, gathered statement by statement."""

    lines: dict[KeyPath, int] = field(default_factory=dict)
    headers: set[KeyPath] = field(default_factory=set)
    table: KeyPath = ()
    counts: dict[KeyPath, int] = field(default_factory=dict)

    def add(self, statement: Statement) -> None:
        content = _parse(statement.text)
        if statement.is_header:
            self._enter(content, statement)
            return
        for key, value in content.items():
            self._place(value, (*self.table, key), statement.first, statement.elements)

    def _enter(self, content: object, statement: Statement) -> None:
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
        self.headers.add(self.table)

    def _place(
        self,
        value: object,
        path: KeyPath,
        line: int,
        elements: dict[KeyPath, int],
        at: KeyPath = (),
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


@dataclass
class _Damage:
    """What is wrong with statements, by number, and which ones are left out."""

    errors: dict[int, _UnreadableError] = field(default_factory=dict)
    left_out: set[int] = field(default_factory=set)

    def leave_out(self, number: int, cut: Sequence[Statement]) -> None:
        """Leave a statement out; with a header all below it, which is not the table's before."""
        self.left_out.add(number)
        later = number + 1
        while cut[number].is_header and later < len(cut) and not cut[later].is_header:
            self.left_out.add(later)
            later += 1


def _document(data: dict[str, object], cut: Sequence[Statement], damage: _Damage) -> TomlDocument:
    index, mistakes, lost = _Index(), [], set[KeyPath]()
    for number, statement in enumerate(cut):
        if number not in damage.left_out:
            index.add(statement)
        elif statement.is_header:
            index.table = ()
        if error := damage.errors.get(number):
            path = _guess(statement, index.table)
            line = error.line or statement.first
            mistakes.append(SyntaxMistake(path, line, _in_words(error.said, statement, path)))
            if number in damage.left_out and not statement.text.startswith("#"):
                lost.add(path)
    return TomlDocument(
        data, tuple(mistakes), index.lines, frozenset(index.headers), frozenset(lost)
    )


def _guess(statement: Statement, table: KeyPath) -> KeyPath:
    """Return what a statement was about that cannot be read; a header may be that of any table."""
    if statement.is_header:
        try:
            return _header_keys(_parse(statement.text))
        except _UnreadableError:
            return ()
    key = _KEY.match(statement.text)
    return (*table, key[0]) if key else table


def _in_words(said: str, statement: Statement, path: KeyPath) -> str:
    if said.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate")):
        return "is set a second time; keep one of the two"
    hint = ""
    if said.startswith(("Invalid value", "Expected newline")) and not statement.is_header:
        hint = '; text and durations stand in quotes, e.g. "12h"'
    begun = statement.text.split("\n")[0][:_SHOWN]
    return f"{'' if path else f'`{begun}` '}is not TOML ({said[:1].lower()}{said[1:]}){hint}"


def _recover(cut: list[Statement]) -> TomlDocument:
    """Leave out what cannot be read until the rest can."""
    damage = _Damage()
    for number, statement in enumerate(cut):
        try:
            _parse(statement.text)
        except _UnreadableError as error:
            line = min(statement.first + (error.line or 1) - 1, statement.last)
            damage.errors[number] = _UnreadableError(error.said, line)
            cut[number] = _repaired(statement)
            if cut[number] is statement:
                damage.leave_out(number, cut)
    while True:
        kept = {n: statement for n, statement in enumerate(cut) if n not in damage.left_out}
        try:
            return _document(_parse(_on_their_lines(kept.values())), cut, damage)
        except _UnreadableError as error:
            # Each can be read, so together they say something twice: the later one goes.
            said_at = (n for n, statement in kept.items() if statement.last == error.line)
            number = next(said_at, max(kept))
            damage.errors.setdefault(number, error)
            damage.leave_out(number, cut)


def _repaired(statement: Statement) -> Statement:
    """Return a header with its brackets put right, so that what is below it can be checked."""
    header = _HEADER.fullmatch(statement.text)
    if header is None:
        return statement
    is_array = "[[" in statement.text or "]]" in statement.text
    keys = f"[{header['keys']}]"
    return replace(statement, text=f"[{keys}]" if is_array else keys)


def _on_their_lines(statements: Iterable[Statement]) -> str:
    text, line = "", 1
    for statement in statements:
        text += "\n" * (statement.first - line) + statement.text
        line = statement.last
    return text
