"""A line that says how far a run is: rewritten on a terminal, now and then elsewhere."""

from __future__ import annotations

import sys
import time

_SECONDS_BETWEEN_LINES = 30.0


def duration(seconds: float) -> str:
    """For people: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class Progress:
    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._started = time.monotonic()
        self._last_line = self._started
        self._terminal = sys.stderr.isatty()

    def advance(self, rows: int, text: str) -> None:
        """`rows` more of the total are done; `text` says where the run is."""
        self._done += rows
        now = time.monotonic()
        left = (now - self._started) / self._done * (self._total - self._done)
        line = f"{text}, {100 * self._done // self._total} %, {duration(left)} left"
        if self._terminal:
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        elif now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
