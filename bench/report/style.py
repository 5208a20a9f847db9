"""How plots look, in light and dark: matplotlib draws with stand-in colours, which become CSS variables of the page."""

from __future__ import annotations

import io
import re

import matplotlib
from matplotlib.figure import Figure

matplotlib.use("svg")

INK = "#010101"
FAINT = "#010102"
BACK = "#010103"
# Told apart by all kinds of colour vision, beside line style and marker; after Okabe and Ito.
SERIES = tuple(f"#0102{i:02x}" for i in range(7))
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

# Variable, stand-in, light, dark.
COLOURS = (
    ("ink", INK, "#1b1f23", "#e6e9ec"),
    ("faint", FAINT, "#6b7480", "#8d97a3"),
    ("back", BACK, "#ffffff", "#14181c"),
    ("s0", SERIES[0], "#0060a8", "#6cb8f2"),
    ("s1", SERIES[1], "#bf4f00", "#ff9c57"),
    ("s2", SERIES[2], "#007a58", "#3fd9a8"),
    ("s3", SERIES[3], "#a23b7c", "#f29acb"),
    ("s4", SERIES[4], "#7a6200", "#e8d44d"),
    ("s5", SERIES[5], "#5b4bb5", "#b3a6ff"),
    ("s6", SERIES[6], "#4a5560", "#b9c2cb"),
)

_SETTINGS = {
    # Outlines: the same widths whatever fonts the reader has.
    "svg.fonttype": "path", "svg.hashsalt": "fallow",
    "font.family": "DejaVu Sans", "font.size": 10, "axes.labelsize": 10, "legend.fontsize": 9,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": FAINT, "axes.facecolor": "none",
    "figure.facecolor": "none", "xtick.color": INK, "ytick.color": INK, "legend.labelcolor": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
    "grid.color": FAINT, "grid.alpha": 0.3, "grid.linewidth": 0.6, "lines.linewidth": 1.8, "lines.markersize": 5,
    "legend.frameon": False,
}


def settings():
    """A context in which figures are made and drawn."""
    return matplotlib.rc_context(_SETTINGS)


def series(index: int) -> dict:
    """Colour, dashes and marker of the i-th series."""
    i = index % len(SERIES)
    return {"color": SERIES[i], "linestyle": _DASHES[i], "marker": _MARKERS[i]}


def svg(figure: Figure, name: str, description: str) -> str:
    """The figure as an SVG element for the page: scales with it, its ids are its own, its colours the page's."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg"):]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = text.replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    text = re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r"<svg \1", text)
    text = re.sub(r"<svg\b[^>]*?viewBox", f'<svg role="img" aria-label="{description}" viewBox', text, flags=re.DOTALL)
    for variable, stand_in, _, _ in COLOURS:
        text = text.replace(stand_in, f"var(--{variable})")
    return text


def css() -> str:
    """The variables, by the reader's scheme."""
    def block(column: int) -> str:
        return " ".join(f"--{colour[0]}: {colour[column]};" for colour in COLOURS)
    return (f":root {{ color-scheme: light dark; {block(2)} }}\n"
            f"@media (prefers-color-scheme: dark) {{ :root {{ {block(3)} }} }}")
