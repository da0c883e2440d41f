"""The Markdown files of the project, read for the tests beside this one."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
_NOT_OURS = {".venv", ".git", ".pytest_cache", ".hypothesis", "node_modules"}
_GITHUB_DROPS = re.compile(r"[^\w\- ]")


def pages() -> list[Path]:
    """Return every Markdown file of the project."""
    found = (path for path in ROOT.rglob("*.md") if not _NOT_OURS & set(path.parts))
    return sorted(found)


def name(path: Path) -> str:
    """Return a file's name within the project, as tests show it."""
    return str(path.relative_to(ROOT))


@dataclass(frozen=True, slots=True)
class Code:
    """A code block."""

    language: str
    text: str


class Page:
    """One Markdown file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self._tokens = MarkdownIt("commonmark").enable("table").parse(self.text)

    @property
    def links(self) -> list[str]:
        """Where links and images lead, in order."""
        targets = (
            token.attrGet("href") or token.attrGet("src")
            for token in self._inline()
            if token.type in {"link_open", "image"}
        )
        return [str(target) for target in targets if target]

    @property
    def headings(self) -> list[str]:
        """The headings, as they read."""
        pairs = zip(self._tokens, self._tokens[1:], strict=False)
        return [after.content for before, after in pairs if before.type == "heading_open"]

    @property
    def anchors(self) -> set[str]:
        """The fragments under which GitHub serves the headings."""
        return {_anchor(heading) for heading in self.headings}

    @property
    def blocks(self) -> list[Code]:
        """The code blocks."""
        fences = (token for token in self._tokens if token.type == "fence")
        return [Code(token.info.strip(), token.content) for token in fences]

    @property
    def spans(self) -> list[str]:
        """The code within sentences and tables."""
        return [token.content for token in self._inline() if token.type == "code_inline"]

    def rows(self, heading: str) -> list[list[str]]:
        """Return the rows of the table whose first heading cell is this one."""
        lines = self.text.splitlines()
        start = next(n for n, line in enumerate(lines) if line.startswith(f"| {heading} |"))
        rows = []
        for line in lines[start + 2 :]:
            if not line.startswith("|"):
                break
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        return rows

    def _inline(self) -> list[Token]:
        return [child for token in self._tokens for child in token.children or []]


def _anchor(heading: str) -> str:
    plain = unicodedata.normalize("NFC", heading).lower().replace("`", "")
    return _GITHUB_DROPS.sub("", plain).replace(" ", "-")
