"""Writes the measured tables into the READMEs, between <!-- bench: NAME --> and <!-- /bench -->.

The rows that they need are checked in, so that what they say can be checked without measuring: calls in one file, the
training of networks in another, as each takes hours and may be measured by itself."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from . import sections
from .results import Result, Results, load
from .wording import markdown

READMES = ("README.md", "bench/README.md")
CALLS, NETWORKS = "bench/results/calls.json", "bench/results/networks.json"
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


# Of each block: the file with its rows, and its text.
_BLOCKS = {
    "first-screen": (CALLS, lambda results: markdown(sections.first_screen(results))),
    "provenance": (CALLS, lambda results: _paragraph(sections.provenance(results))),
    "ratios": (CALLS, lambda results: markdown(sections.ratios(results))),
    "sizes": (CALLS, lambda results: markdown(sections.sizes(results))),
    "notes": (CALLS, lambda results: _paragraph(sections.notes(results))),
    "networks": (NETWORKS, lambda results: markdown(sections.networks(results))),
    "training": (NETWORKS, lambda results: _paragraph(sections.training(results))),
}


def fill(text: str, measured: dict[str, Results]) -> str:
    """The text with every block written anew, where its file was measured. An unknown name is a ValueError."""
    def block(match: re.Match) -> str:
        if match[2] not in _BLOCKS:
            raise ValueError(f"no table is called {match[2]}; there are {', '.join(_BLOCKS)}")
        file, write = _BLOCKS[match[2]]
        if file not in measured:
            return match[0]
        # Blank lines: Markdown would take a line after a comment for part of it.
        return f"{match[1]}\n{write(measured[file])}\n\n{match[3]}"
    return _BLOCK.sub(block, text)


def needed(results: Results, file: str) -> Results:
    """The rows that the file's blocks ask for, alone."""
    asked = _Asked(results)
    for of_file, write in _BLOCKS.values():
        if of_file == file:
            write(asked)
    return Results(results.context, [row for row in results.rows if row.name in asked.asked])


def _reduced(results: Results) -> dict[str, Results]:
    """What the results hold for each file; nothing for one of which they have no row."""
    parts = {file: needed(results, file) for file in (CALLS, NETWORKS)}
    return {file: part for file, part in parts.items() if part.rows}


def update(repository: Path, new_results: Path | None, check: bool) -> int:
    """Writes the READMEs, from new results if there are; with `check`, only says what differs and returns 1 then."""
    if new_results is not None:
        measured = _reduced(load(new_results))
    else:
        measured = {file: load(repository / file) for file in (CALLS, NETWORKS) if (repository / file).exists()}
    outdated = []
    for readme in READMES:
        path = repository / readme
        old = path.read_text(encoding="utf-8")
        new = fill(old, measured)
        if new != old:
            outdated.append(readme)
        if not check:
            path.write_text(new, encoding="utf-8")
    if check:
        for readme in outdated:
            print(f"{readme}: its tables are not those of bench/results; tools/bench --tables writes them")
        return 1 if outdated else 0
    written = [*READMES]
    if new_results is not None:
        for file, results in measured.items():
            (repository / file).parent.mkdir(exist_ok=True)
            results.save(repository / file)
            written.append(file)
    print(f"Written: {', '.join(written)}")
    return 0
