"""The plots of the report. Each returns None where its rows were not measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import matplotlib.ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import wording
from .results import Result, Results
from .style import FAINT, INK, SERIES, series

_WIDTH = 9.6
_YARDSTICKS = ("Memcpy", "StreamCopy", "Scale")
_F32 = 4
_LEVELS = ((4096, "L1"), (65536, "L2"), (1 << 20, "L3"), (64 << 20, "DRAM"))


def _axes(height: float, rows: int = 1) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.1)
    return figure, list(figure.subplots(rows, 1, squeeze=False)[:, 0])


def _legend(axes: Axes, columns: int = 3) -> None:
    """Above the axes, where no line can run through it."""
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.06), ncol=columns, borderaxespad=0, handlelength=3.2)


def _size_axis(axes: Axes, sizes: Iterable[int]) -> None:
    # Other sizes lie too close to these to be read.
    ticks = [n for n in sorted(sizes) if n.bit_length() % 2 == 1]
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [wording.count(n) for n in ticks])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.set_xlabel("n, elements")


def _plain_numbers(axis) -> None:
    axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def _line(axes: Axes, points: list[tuple[float, Result]], label: str, index: int,
          value: Callable[[Result], float] = lambda row: row.per_element) -> None:
    look = series(index)
    axes.plot([x for x, _ in points], [value(row) for _, row in points], label=label, **look)
    if all(row.low for _, row in points):
        scale = [value(row) / row.median for _, row in points]
        axes.fill_between([x for x, _ in points], [row.low * s for (_, row), s in zip(points, scale)],
                          [row.high * s for (_, row), s in zip(points, scale)], color=look["color"], alpha=0.2,
                          linewidth=0)


def _by_size(results: Results, threads: int, **wanted) -> list[tuple[int, Result]]:
    """Rows of one kind by size, one a size."""
    rows = {row.parsed.n: row for row in results.select(type="f32", threads=threads, **wanted)
            if row.parsed.n is not None and row.parsed.n >= 1024
            and row.parsed.target in ("", results.default_target)}
    return sorted(rows.items())


def _roof(results: Results, threads: int) -> list[tuple[int, float]]:
    """The least time an element of any yardstick, by size."""
    times: dict[int, float] = {}
    for operation in _YARDSTICKS:
        for n, row in _by_size(results, threads, peer="", operation=operation):
            times[n] = min(times.get(n, row.per_element), row.per_element)
    return sorted(times.items())


def time_by_size(results: Results) -> Figure | None:
    """Time an element against size, log-log, with cache edges and the memory roof."""
    lines = [(f"Fallow, {text}", _by_size(results, 1, peer="", operation=operation, rate=0.1))
             for operation, text in (("DropoutForward", "forward"), ("DropoutBackwardFromMask", "backward from a mask"),
                                     ("GenerateMask", "mask alone"))]
    lines += [(f"{wording.peer(results, peer)}, forward",
               _by_size(results, 1, peer=peer, operation="DropoutForward", rate=0.1)) for peer in results.peers]
    lines.append(("std::mt19937", _by_size(results, 1, peer="", operation="StdMt19937", rate=0.1)))
    lines = [(label, points) for label, points in lines if points]
    roof = _roof(results, 1)
    if not lines or not roof:
        return None
    figure, (axes,) = _axes(5.6)
    axes.plot(*zip(*roof), color=INK, linewidth=3.5, alpha=0.55,
              label="memory roof: fastest of memcpy, y = a·x, streaming")
    for index, (label, points) in enumerate(lines):
        _line(axes, points, label, index)
    axes.set_yscale("log")
    _size_axis(axes, {n for n, _ in roof} | {n for _, points in lines for n, _ in points})
    _plain_numbers(axes.yaxis)
    axes.set_ylabel("ns an element")
    _cache_edges(axes, results)
    _legend(axes, 2)
    return figure


def _cache_edges(axes: Axes, results: Results) -> None:
    """Where x and y of f32 together fill a cache."""
    low, high = axes.get_xlim()
    for cache in results.context.get("caches", []):
        n = cache["bytes"] / (2 * _F32)
        if low < n < high:
            axes.axvline(n, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
            axes.text(n, 1.01, f"L{cache['level']} full", transform=axes.get_xaxis_transform(), ha="center",
                      va="bottom", color=FAINT, fontsize=9)


def roof_share(results: Results) -> Figure | None:
    """Share of the memory roof: bars by level and target."""
    targets = results.context.get("targets", "").split()
    panels = []
    for rate in (0.5, 0.1):
        bars = {target: {n: row.counters["roof"] for n, _ in _LEVELS
                         if (row := results.find("DropoutForward", rate=rate, n=n, threads=1, target=target))
                         and "roof" in row.counters} for target in targets}
        panels.append((rate, {target: shares for target, shares in bars.items() if shares}))
    panels = [(rate, bars) for rate, bars in panels if bars]
    if not panels:
        return None
    figure, all_axes = _axes(0.6 + 3.0 * len(panels), len(panels))
    for axes, (rate, bars) in zip(all_axes, panels):
        _grouped_bars(axes, bars)
        axes.set_xlabel(f"forward, p = {rate:g}, one thread; n, elements")
        axes.set_ylabel("share of the roof, %")
    _legend(all_axes[0], len(targets))
    return figure


def _grouped_bars(axes: Axes, bars: dict[str, dict[int, float]]) -> None:
    width = 0.84 / len(bars)
    for index, (target, shares) in enumerate(bars.items()):
        at = [i + (index - (len(bars) - 1) / 2) * width for i, (n, _) in enumerate(_LEVELS) if n in shares]
        heights = [100 * shares[n] for n, _ in _LEVELS if n in shares]
        axes.bar(at, heights, width * 0.92, label=target, color=SERIES[index % len(SERIES)])
        for x, height in zip(at, heights):
            axes.text(x, height + 1, f"{height:.0f}", ha="center", va="bottom", fontsize=8)
    axes.set_xticks(range(len(_LEVELS)), [f"{level}: {wording.count(n)}" for n, level in _LEVELS])
    axes.grid(False, axis="x")
    axes.axhline(100, color=INK, linewidth=1)


@dataclass(frozen=True)
class _Bar:
    who: str
    what: str
    value: float
    order: tuple


def speed_ups(results: Results) -> Figure | None:
    """How many times as fast as each peer: a bar a row of theirs, in a group a peer."""
    bars = [bar for row in results.rows if (bar := _speed_up(results, row))]
    groups = {who: sorted((bar for bar in bars if bar.who == who), key=lambda bar: bar.order)
              for who in sorted({bar.who for bar in bars})}
    if not bars:
        return None
    figure, (axes,) = _axes(0.9 + 0.26 * (len(bars) + 1.6 * len(groups)))
    y, ticks = 0.0, []
    for index, (who, group) in enumerate(groups.items()):
        axes.annotate(who, (0, y), (-8, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points", ha="right",
                      va="center", weight="bold")
        for bar in group:
            y += 1
            ticks.append((y, bar.what))
            # From 1, which is as fast: a logarithmic bar has no other natural foot.
            axes.barh(y, bar.value - 1, left=1, height=0.72, color=SERIES[index % len(SERIES)])
            axes.annotate(f"{wording.factor(bar.value)}×", (max(bar.value, 1), y), (4, 0), textcoords="offset points",
                          va="center", fontsize=9)
        y += 1.6
    values = [bar.value for bar in bars]
    axes.set_xscale("log")
    axes.set_xlim(min(0.9, min(values) * 0.9), max(values) * 1.9)
    _plain_numbers(axes.xaxis)
    axes.set_ylim(y - 0.9, -0.7)
    axes.set_yticks([at for at, _ in ticks], [what for _, what in ticks])
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.axvline(1, color=INK, linewidth=1)
    axes.set_xlabel("how many times as fast Fallow is")
    return figure


# What one would write instead of Fallow, timed among its own rows.
_ALTERNATIVES = {"StdMt19937": "std::mt19937", "Xoshiro128p": "vector of xoshiro128+"}
_WORK = {"DropoutForward": "forward", "DropoutBackwardFromMask": "backward", "DropoutBackwardFromKey": "backward, key",
         "GenerateMask": "mask alone"}


def _speed_up(results: Results, row: Result) -> _Bar | None:
    name = row.parsed
    if (name.n, name.threads) not in ((65536, 1), (64 << 20, 1), (64 << 20, 2)) or name.rate not in (None, 0.1, 0.5):
        return None
    if name.peer:
        operation, who = name.operation, wording.peer(results, name.peer)
    elif name.operation in _ALTERNATIVES and name.target == results.default_target:
        operation, who = "DropoutForward", _ALTERNATIVES[name.operation]
    else:
        return None
    own = results.find(operation, type=name.type, rate=name.rate, n=name.n, threads=name.threads)
    if own is None:
        return None
    what = [_WORK.get(operation, operation), name.type if name.type != "f32" else "",
            f"p = {name.rate:g}" if name.rate is not None else "", wording.count(name.n),
            wording.threads(name.threads) if name.threads != 1 else ""]
    return _Bar(who, ", ".join(part for part in what if part), row.median / own.median,
                (operation, name.type, name.n, name.threads, -(name.rate or 0)))


def scaling(results: Results) -> Figure | None:
    """Speed-up of all threads over one, against size."""
    threads = max((row.parsed.threads or 1 for row in results.rows if not row.parsed.peer), default=1)
    lines = []
    for operation, rate, label in (("DropoutForward", 0.1, "forward, p = 0.1"),
                                   ("DropoutForward", 0.5, "forward, p = 0.5"),
                                   ("DropoutBackwardFromMask", 0.1, "backward from a mask"),
                                   ("GenerateMask", 0.1, "mask alone, p = 0.1"), ("Memcpy", None, "memcpy")):
        alone = dict(_by_size(results, 1, peer="", operation=operation, rate=rate))
        many = _by_size(results, threads, peer="", operation=operation, rate=rate)
        points = [(n, alone[n].median / row.median) for n, row in many if n in alone]
        if points:
            lines.append((label, points))
    if threads == 1 or not lines:
        return None
    figure, (axes,) = _axes(4.4)
    for index, (label, points) in enumerate(lines):
        axes.plot(*zip(*points), label=label, **series(index))
    axes.axhline(threads, color=INK, linewidth=1)
    axes.axhline(1, color=FAINT, linewidth=1)
    axes.set_ylim(bottom=0)
    _size_axis(axes, {n for _, points in lines for n, _ in points})
    axes.set_ylabel(f"time on one thread / on {threads}")
    _cache_edges(axes, results)
    _legend(axes)
    return figure


def cost_by_rate(results: Results) -> Figure | None:
    """Time an element against the rate, n = 65,536 on one thread."""
    kinds = (("DropoutForward", "Fallow, forward"), ("DropoutForwardPhilox7", "Fallow, forward, seven rounds"),
             ("GenerateMask", "Fallow, mask alone"), ("DropoutBackwardFromMask", "Fallow, backward from a mask"),
             ("Xoshiro128p", "vector of xoshiro128+"))
    figure, (axes,) = _axes(4.6)
    drawn = 0
    for index, (operation, label) in enumerate(kinds):
        rows = {row.parsed.rate: row
                for row in results.select(peer="", operation=operation, type="f32", n=65536, threads=1)
                if row.parsed.target in ("", results.default_target)}
        if len(rows) > 2:
            _line(axes, sorted(rows.items()), label, index)
            drawn += 1
    if not drawn:
        return None
    scale = results.find("Scale", n=65536, threads=1)
    if scale:
        axes.axhline(scale.per_element, color=INK, linewidth=3.5, alpha=0.55, label="y = a·x")
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, 1)
    axes.set_xlabel("p, the share that is dropped")
    axes.set_ylabel("ns an element")
    _legend(axes)
    return figure
