"""Numbers and names as people read them."""

from __future__ import annotations

from .results import Results

_PEERS = {"OnnxRuntime": "ONNX Runtime"}
_COMPILERS = {"GNU": "g++", "Clang": "clang"}
_TARGETS = {"AVX3": "AVX-512", "AVX3_DL": "AVX-512"}


def number(value: float) -> str:
    """Three digits, or what is below a thousandth."""
    if value >= 99.95:
        return f"{value:,.0f}"
    if value >= 9.995:
        return f"{value:.1f}"
    if value >= 0.9995:
        return f"{value:.2f}"
    return f"{value:.3f}"


def count(n: int) -> str:
    """Elements: 65,536, 64 Mi."""
    return f"{n >> 20} Mi" if n >= 1 << 20 and n % (1 << 20) == 0 else f"{n:,}"


def factor(value: float) -> str:
    """A ratio of two times, two digits below ten."""
    return f"{value:.2f}" if value < 0.95 else f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def threads(n: int) -> str:
    return {1: "one thread", 2: "two threads"}.get(n, f"{n} threads")


def peer(results: Results, name: str) -> str:
    """A peer with its version, where that is known."""
    version = results.context.get("peers", {}).get(name, "")
    if not version[:1].isdigit():
        version = ""
    return f"{_PEERS.get(name, name)} {version}".rstrip()


def where(results: Results) -> str:
    """The machine and the versions of a run, in a line."""
    context = results.context
    compiler, _, version = context.get("compiler", "").partition(" ")
    target = _TARGETS.get(results.default_target, results.default_target)
    parts = [f"{context['cpu']}, {target}, {context['cores']} cores", f"{_COMPILERS.get(compiler, compiler)} {version}",
             *(peer(results, name) for name in results.peers), f"Fallow {context.get('commit', '')}",
             context["date"]]
    return ", ".join(part.strip() for part in parts if part.strip())


def method(results: Results) -> str:
    """How its numbers came about."""
    repetitions = results.context.get("repetitions", 1)
    least = f", of each the least of {repetitions} repetitions" if repetitions > 1 else ""
    return f"Medians of {results.context['rounds']} interleaved rounds, each in new processes{least}"


def columns(rows: list[list[str]]) -> str:
    """A table for a terminal; cells after the first are numbers."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
             for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def markdown(rows: list[list[str]]) -> str:
    """The same for a README; the first row is the head, and nothing without others."""
    if len(rows) == 1:
        return ""
    lines = [f"| {' | '.join(row)} |".replace("|  |", "| |").replace("|  |", "| |") for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
