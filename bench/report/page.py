"""The report: one HTML file that needs no other."""

from __future__ import annotations

from html import escape

from . import plots, style, wording
from .results import Result, Results

_PLOTS = (
    ("time", "Time against size", plots.time_by_size,
     "Nanoseconds an element of f32 dropout at p = 0.1 on one thread, both axes logarithmic: lower is faster. The "
     "broad line is the memory roof, the least time in which this machine copies as many elements. Dashed lines mark "
     "where input and output together fill a cache. A line close to the roof costs no more than a copy; the mask alone "
     "writes one bit an element, and may lie below it."),
    ("roof", "Share of the memory roof, by instruction set", plots.roof_share,
     "How much of the measured memory bandwidth of each level is reached. 100 % is the speed of the fastest plain "
     "copy. Near it, memory is the bound; far below it, arithmetic is."),
    ("peers", "Against others", plots.speed_ups,
     "How many times as fast Fallow is as each other library at the same work: same type, rate, size and threads. The "
     "axis is logarithmic; 1 is as fast. On one thread unless said."),
    ("threads", "Scaling over threads", plots.scaling,
     "Time on one thread over time on all: the upper line is the ideal, 1 is no gain. Small calls stay on one thread; "
     "large ones are bound by the memory that all cores share, as memcpy shows."),
    ("rates", "Cost against the rate", plots.cost_by_rate,
     "Nanoseconds an element by the dropped share p, at n = 65,536 on one thread. A mask costs as many random bits an "
     "element as the rate needs: one at p = 0.5, two at 0.25 and 0.75, about eight elsewhere."),
)

_CSS = """
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem; background: var(--back); color: var(--ink);
       font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .3rem; } p { margin: .3rem 0 1rem; }
svg { width: 100%; height: auto; display: block; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .2rem .6rem; border-bottom: 1px solid var(--faint); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.context td { text-align: left; white-space: normal; }
summary { cursor: pointer; font-weight: 600; margin: 2rem 0 .6rem; }
"""


def html(results: Results) -> str:
    with style.settings():
        figures = "\n".join(_section(results, *plot) for plot in _PLOTS)
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fallow benchmarks</title>
<style>{style.css()}{_CSS}</style>
<h1>Fallow benchmarks</h1>
<p>{escape(wording.where(results))}. {wording.method(results)}; shaded bands and intervals enclose the median with 95 %.
Compare numbers of one report only.</p>
{figures}
{_errors(results)}
<details><summary>All {len(results.rows)} rows</summary><div class="scroll">{_rows(results)}</div></details>
<details><summary>Context</summary><div class="scroll">{_context(results)}</div></details>
</html>
"""


def _section(results: Results, name: str, title: str, draw, how_to_read: str) -> str:
    figure = draw(results)
    if figure is None:
        return ""
    svg = style.svg(figure, name, escape(title, quote=True))
    return f"<h2>{escape(title)}</h2>\n<p>{escape(how_to_read)}</p>\n{svg}"


def _table(head: list[str], rows: list[list[str]], kind: str = "") -> str:
    lines = ["<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"] if head else []
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f'<table class="{kind}">' + "\n".join(lines) + "</table>"


def _rows(results: Results) -> str:
    counters = sorted({key for row in results.rows for key in row.counters})
    units = {"bytes_per_second": ("GB/s", 1e-9), "items_per_second": ("G elements/s", 1e-9), "roof": ("roof, %", 100)}

    def cells(row: Result) -> list[str]:
        interval = f"{_time(row.low)} to {_time(row.high)}" if row.low and row.high else ""
        return [row.name, wording.number(row.per_element) if row.parsed.n else "", _time(row.median), interval,
                _time(row.minimum), str(row.rounds),
                *(wording.number(row.counters[key] * units.get(key, ("", 1))[1]) if key in row.counters else ""
                  for key in counters)]

    head = ["row", "ns an element", "median", "95 % interval", "least", "rounds",
            *(units.get(key, (key.replace("_", " "), 1))[0] for key in counters)]
    return _table(head, [cells(row) for row in results.rows])


def _time(nanoseconds: float) -> str:
    for limit, unit, scale in ((1e3, "ns", 1.0), (1e6, "µs", 1e3), (1e9, "ms", 1e6)):
        if nanoseconds < limit:
            return f"{nanoseconds / scale:.4g} {unit}"
    return f"{nanoseconds / 1e9:.4g} s"


def _errors(results: Results) -> str:
    if not results.errors:
        return ""
    return "<h2>Rows that failed</h2>" + _table([], [[row, error] for row, error in results.errors.items()], "context")


def _context(results: Results) -> str:
    def words(value: object) -> str:
        if isinstance(value, dict):
            return ", ".join(f"{key} {item}" for key, item in value.items())
        return "; ".join(words(item) for item in value) if isinstance(value, list) else str(value)

    return _table([], [[key.replace("_", " "), words(value)] for key, value in results.context.items()], "context")
