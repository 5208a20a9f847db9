"""What a run prints at its end."""

from __future__ import annotations

from . import sections, wording
from .results import Results


def text(results: Results) -> str:
    rows = [[cell.replace("*", "").replace("`", "") for cell in row] for row in sections.first_screen(results)]
    # One row is the head alone, of a run whose rows the table does not have.
    return "\n" + (wording.columns(rows) + "\n" if len(rows) > 1 else "") + wording.where(results)
