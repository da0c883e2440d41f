import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sop.toml_lines import label, read_toml

EVERY_FORM = '''\
# a comment = 1
title = "one" # another
"quoted key" = 1
a.b.c = 2

[table]
list = [
    "x", # first
    # nothing
    ["y",
     "z"],
    { k = [1,
           2], m = "]" },
]
text = """
[not.a.table]
x = "no key" """
raw = \'\'\'
it's [
\'\'\'
after = 1979-05-27

[[rows]]
inline = { p = 1, q.r = 2 }

[[rows.cells]]
v = 1

[[rows.cells]]
v = 2

[rows.note]
t = "]" # [

[[rows]]
[rows."odd.name"]
v = 3
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("quoted key",), 3),
        (("a",), 4),
        (("a", "b", "c"), 4),
        (("table",), 6),
        (("table", "list"), 7),
        (("table", "list", 0), 8),
        (("table", "list", 1), 10),
        (("table", "list", 1, 0), 10),
        (("table", "list", 1, 1), 11),
        (("table", "list", 2), 12),
        (("table", "list", 2, "k", 1), 12),
        (("table", "list", 2, "m"), 12),
        (("table", "text"), 15),
        (("table", "raw"), 18),
        (("table", "after"), 21),
        (("rows",), 23),
        (("rows", 0), 23),
        (("rows", 0, "inline", "q", "r"), 24),
        (("rows", 0, "cells", 0, "v"), 27),
        (("rows", 0, "cells", 1), 29),
        (("rows", 0, "cells", 1, "v"), 30),
        (("rows", 0, "note", "t"), 33),
        (("rows", 1), 35),
        (("rows", 1, "odd.name", "v"), 37),
    ],
    ids=lambda value: label(value) if isinstance(value, tuple) else "",
)
def test_each_key_has_the_line_on_which_it_stands(path: tuple[str | int, ...], line: int) -> None:
    assert read_toml(EVERY_FORM).line(path) == line


def test_a_key_that_is_not_there_has_the_line_of_its_table() -> None:
    document = read_toml(EVERY_FORM)

    assert document.line(("rows", 0, "cells", 1, "missing")) == 29
    assert document.line(("missing",)) == 1


def test_a_sound_text_reads_as_tomllib_reads_it() -> None:
    document = read_toml(EVERY_FORM)

    assert document.data == tomllib.loads(EVERY_FORM)
    assert document.mistakes == ()


def test_a_text_from_windows_has_the_same_lines() -> None:
    windows = read_toml("\ufeff" + EVERY_FORM.replace("\n", "\r\n"))

    assert windows == read_toml(EVERY_FORM)


@pytest.mark.parametrize(
    ("text", "mistakes", "data"),
    [
        ("x = 12h\ny = 5h\nz = 1", [(1, "x"), (2, "y")], {"z": 1}),
        ("x = [1, 2\ny = 3", [(1, "x")], {"y": 3}),
        ("x = [\n 1,\n 2\n[t]\ny = 3", [(1, "x")], {"t": {"y": 3}}),
        ('x = "open\ny = 3', [(1, "x")], {"y": 3}),
        ("x = [\n 1,\n oops,\n]\ny = 3", [(3, "x")], {"y": 3}),
        ("[t\nx = 1\n[u]\ny =", [(1, "t"), (4, "u.y")], {"t": {"x": 1}, "u": {}}),
        ("[t t]\nx = 1\n[u]\ny = 2", [(1, "")], {"u": {"y": 2}}),
        ("[[t]\nx = 1\n[[t]]\nx = 2", [(1, "t")], {"t": [{"x": 1}, {"x": 2}]}),
        ("x = 1\nx = 2\nx = 3", [(2, "x"), (3, "x")], {"x": 1}),
        ("[t]\nx = 1\n[t]\nx = 2", [(3, "t")], {"t": {"x": 1}}),
        ("[[t]]\nx = 1\n[t]\ny = 2\n[u]", [(3, "t")], {"t": [{"x": 1}], "u": {}}),
        ("= 1\nx = 2", [(1, "")], {"x": 2}),
        ("# \x01\nx = 2", [(1, "")], {"x": 2}),
        (f"x = {'[' * 3000}\ny = 1", [(1, "x")], {"y": 1}),
        (f"x = {'9' * 5000}\ny = 1", [(1, "x")], {"y": 1}),
    ],
)
def test_every_syntax_error_is_named_and_the_rest_is_read(
    text: str, mistakes: list[tuple[int, str]], data: dict[str, object]
) -> None:
    document = read_toml(text)

    assert [(m.line, label(m.path)) for m in document.mistakes] == mistakes
    assert document.data == data


def test_what_may_have_been_lost_is_told_from_what_is_missing() -> None:
    document = read_toml("[t]\nx = 12h\n[u]\n[v v]\nz = 1")

    assert document.is_lost(("t", "x"))
    assert not document.is_lost(("t", "y"))
    assert document.is_lost(("w",))  # [v v] may have been [w]
    assert not document.is_lost(("u", "z"))  # but not [u], which stands elsewhere


@given(st.text(alphabet="ab.=[]{}\"'#, \n\r\\1-\x00é", max_size=120))
def test_any_text_is_read_or_refused_with_lines_that_exist(text: str) -> None:
    document = read_toml(text)

    assert all(1 <= m.line <= text.count("\n") + 1 for m in document.mistakes)
    try:
        whole = tomllib.loads(text + "\n")
    except tomllib.TOMLDecodeError:
        assert document.mistakes
    else:
        assert document.data == whole
        assert not document.mistakes
