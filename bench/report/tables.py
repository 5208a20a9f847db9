"""Writes the measured tables into the READMEs, between <!-- bench: NAME --> and <!-- /bench -->.

The rows that they need are checked in as bench/results/measured.json, so that what they say can be checked without
measuring."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from . import sections
from .results import Result, Results, load
from .wording import markdown

READMES = ("README.md", "bench/README.md")
MEASURED = "bench/results/measured.json"
_BLOCK = re.compile(r"(<!-- bench: ([\w-]+) -->\n).*?(<!-- /bench -->)", re.DOTALL)
_WIDTH = 120


class _Asked(Results):
    """Results that remember what they were asked for."""

    def __init__(self, results: Results) -> None:
        super().__init__(results.context, results.rows, results.errors)
        object.__setattr__(self, "asked", set())

    def find(self, *args, **kwargs) -> Result | None:
        found = super().find(*args, **kwargs)
        if found:
            self.asked.add(found.name)
        return found

    def select(self, **wanted):
        for row in super().select(**wanted):
            self.asked.add(row.name)
            yield row


def _paragraph(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


_BLOCKS = {
    "first-screen": lambda results: markdown(sections.first_screen(results)),
    "provenance": lambda results: _paragraph(sections.provenance(results)),
    "ratios": lambda results: markdown(sections.ratios(results)),
    "sizes": lambda results: markdown(sections.sizes(results)),
    "networks": lambda results: markdown(sections.networks(results)),
    "notes": lambda results: _paragraph(sections.notes(results)),
}


def fill(text: str, results: Results) -> str:
    """The text with every block written anew. A block of an unknown name is a ValueError."""
    def block(match: re.Match) -> str:
        if match[2] not in _BLOCKS:
            raise ValueError(f"no table is called {match[2]}; there are {', '.join(_BLOCKS)}")
        # Blank lines: Markdown would take a line after a comment for part of it.
        return f"{match[1]}\n{_BLOCKS[match[2]](results)}\n\n{match[3]}"
    return _BLOCK.sub(block, text)


def needed(results: Results) -> Results:
    """The rows that the blocks ask for, alone."""
    asked = _Asked(results)
    for block in _BLOCKS.values():
        block(asked)
    return Results(results.context, [row for row in results.rows if row.name in asked.asked])


def update(repository: Path, new_results: Path | None, check: bool) -> int:
    """Writes the READMEs, from new results if there are; with `check`, only says what differs and returns 1 then."""
    results = needed(load(new_results or repository / MEASURED))
    outdated = []
    for readme in READMES:
        path = repository / readme
        old = path.read_text(encoding="utf-8")
        new = fill(old, results)
        if new != old:
            outdated.append(readme)
        if not check:
            path.write_text(new, encoding="utf-8")
    if check:
        for readme in outdated:
            print(f"{readme}: its tables are not those of {MEASURED}; tools/bench --tables writes them")
        return 1 if outdated else 0
    if new_results is not None:
        (repository / MEASURED).parent.mkdir(exist_ok=True)
        results.save(repository / MEASURED)
    print(f"Written: {', '.join(READMES)}{f', {MEASURED}' if new_results else ''}")
    return 0
