"""What people wrote, made fit for a terminal: without characters that would steer it."""

from unicodedata import category

_KEPT = frozenset("\n\t")
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """Return a text with a mark in the place of each control character (C0, C1, ESC, DEL).

    Lines and tabs stay; a carriage return does not, for it would write over its line.
    """
    return "".join(_UNKNOWN if category(c) == "Cc" and c not in _KEPT else c for c in text)
