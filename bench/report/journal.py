"""What a run has measured so far, a line of JSON a process, so that an interruption loses the last process at most."""

from __future__ import annotations

import json
import os
from pathlib import Path


class Journal:
    """The file's first line says of which plan its lines are; those of another plan are thrown away, and so are those
    of a run that ended: the same command measures anew then."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path = path
        self.entries: list[dict] = []
        lines = _whole_lines(path)
        if lines and lines[0] == {"plan": fingerprint} and lines[-1] != {"finished": True}:
            self.entries = lines[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written anew either way, without the half line of a process that was killed.
        whole = path.with_suffix(".new")
        whole.write_text("".join(json.dumps(line) + "\n" for line in [{"plan": fingerprint}, *self.entries]))
        os.replace(whole, path)
        self._file = open(path, "a", encoding="utf-8")

    def append(self, entry: dict) -> None:
        self.entries.append(entry)
        self._write(entry)

    def finish(self) -> None:
        self._write({"finished": True})

    def close(self) -> None:
        self._file.close()

    def _write(self, entry: dict) -> None:
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()


def _whole_lines(path: Path) -> list[dict]:
    if not path.exists():
        return []
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    return lines
