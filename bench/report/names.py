"""Names of rows: [Peer/]Operation/type[/shape][/p=0.1]/n=65536/t=1[/AVX2], and other key=value parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

TYPES = ("f32", "f64", "bf16", "f16")
# As Highway names them.
_TARGET = re.compile(r"(SCALAR|EMU128|SSE2|SSSE3|SSE4|AVX2|AVX3\w*|NEON\w*|SVE\w*|PPC\d+|Z1\d|WASM\w*|RVV)$")
_SUFFIX = "(/iterations:1)?(/real_time|/manual_time)?"


@dataclass(frozen=True)
class Name:
    """A row's name taken apart; what a name does not say is empty."""

    text: str
    peer: str
    operation: str
    type: str
    shape: str
    target: str
    values: tuple[tuple[str, str], ...]

    @cached_property
    def _values(self) -> dict[str, str]:
        return dict(self.values)

    def value(self, key: str) -> str:
        """The text after `key=`, empty where the name has none."""
        return self._values.get(key, "")

    @property
    def rate(self) -> float | None:
        return float(self.value("p")) if self.value("p") else None

    @property
    def n(self) -> int | None:
        return int(self.value("n")) if self.value("n") else None

    @property
    def threads(self) -> int | None:
        return int(self.value("t")) if self.value("t") else None


def plain(name: str) -> str:
    """Google Benchmark lists names with suffixes that say how it counts; results come without them."""
    return re.sub(_SUFFIX + "$", "", name)


def parse(name: str) -> Name:
    """Takes a name apart. A name of another form is all operation, so that nothing measured is lost."""
    text = plain(name)
    parts = text.split("/")
    at = next((i for i, part in enumerate(parts) if part in TYPES), None)
    if at not in (1, 2):
        return Name(text, "", text, "", "", "", ())
    rest = parts[at + 1:]
    target = rest.pop() if rest and _TARGET.match(rest[-1]) else ""
    return Name(
        text=text,
        peer=parts[0] if at == 2 else "",
        operation=parts[at - 1],
        type=parts[at],
        shape="/".join(part for part in rest if "=" not in part),
        target=target,
        values=tuple((key, value) for key, _, value in (part.partition("=") for part in rest) if value),
    )


def filter_of(names: list[str]) -> str:
    """The regular expression that selects these rows and no other. Understood alike by POSIX, Python and JavaScript."""
    escaped = (re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", name) for name in names)
    return f"^({'|'.join(escaped)}){_SUFFIX}$"
