"""The tables, as rows of cells. A row that was not measured is left out, and so is a section without rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import wording
from .results import Result, Results

RATES = (0.5, 0.1)
_MI = 1 << 20


@dataclass(frozen=True)
class Line:
    """A row of the first table: an operation, and after it each peer that has the same."""

    label: str
    operation: str
    type: str = "f32"
    bold: bool = False
    has_rate: bool = True
    # Against which of Fallow's operations its factor is.
    against: str = ""
    # What a peer does for it, if the label does not say.
    of_peers: str = ""


_CACHE = (
    Line("y = a·x, the least that any dropout must do", "Scale", has_rate=False),
    Line("Fallow, forward", "DropoutForward", bold=True),
    Line("Fallow, forward, Philox with seven rounds", "DropoutForwardPhilox7"),
    Line("Fallow, backward, from the key alone", "DropoutBackwardFromKey"),
    Line("Fallow, backward, from a stored mask", "DropoutBackwardFromMask"),
    Line("Fallow, forward, bf16", "DropoutForward", type="bf16"),
    Line("32-bit xoshiro128+ a lane, as libxsmm generates", "Xoshiro128p", against="DropoutForward"),
    Line("`std::mt19937` and `std::bernoulli_distribution`", "StdMt19937", against="DropoutForward"),
)
_MEMORY = (
    Line("memcpy", "Memcpy", has_rate=False),
    Line("Fallow, forward", "DropoutForward", bold=True),
    Line("Fallow, backward, from a stored mask", "DropoutBackwardFromMask"),
    Line("bias + GELU + dropout + residual, four passes", "BiasGeluDropoutResidualUnfused",
         against="BiasGeluDropoutResidual"),
    Line("the same, fused", "BiasGeluDropoutResidual", bold=True, of_peers="the same, of its operations"),
)


def first_screen(results: Results) -> list[list[str]]:
    """Nanoseconds an element, and how many times Fallow's those of others are."""
    rows = [["f32, ns an element", *(f"p = {rate:g}" for rate in RATES), "times Fallow's"]]
    for title, lines, n, threads in (("In cache", _CACHE, 65536, 1), ("In memory", _MEMORY, 64 * _MI, 2)):
        section = [row for line in lines for row in _line(results, line, n, threads)]
        if section:
            rows += [[f"*{title}: {wording.count(n)} elements, {wording.threads(threads)}*", "", "", ""], *section]
    return rows


def _line(results: Results, line: Line, n: int, threads: int) -> list[list[str]]:
    def times(peer: str = "", operation: str = line.operation) -> list[Result | None]:
        return [results.find(operation, peer=peer, type=line.type, rate=rate if line.has_rate else None, n=n,
                             threads=threads) for rate in RATES]

    own = times()
    rows = [_cells(line.label, own, times(operation=line.against) if line.against else [], line.bold)]
    for peer in results.peers:
        how = line.of_peers or line.label.removeprefix("Fallow, ").partition(", from")[0]
        rows.append(_cells(f"{wording.peer(results, peer)}, {how}", times(peer), own))
    return [row for row in rows if row]


def _cells(label: str, times: list[Result | None], base: list[Result | None], bold: bool = False) -> list[str]:
    if not any(times):
        return []
    cells = [label, *(wording.number(time.per_element) if time else "" for time in times)]
    if bold:
        cells = [f"**{cell}**" if cell else "" for cell in cells]
    factors = [wording.factor(time.median / other.median) for time, other in zip(times, base) if time and other]
    return [*cells, " and ".join(factors)]


# label; numerator and denominator as Results.find's arguments, to which a column adds its rate
_L2 = {"n": 65536, "threads": 1}
_DRAM = {"n": 64 * _MI, "threads": 2}
_NO_RATE = {"rate": None}
_RATIOS: tuple[tuple[str, dict, dict], ...] = (
    ("L2, against y = a x", _L2, {"operation": "Scale"} | _L2 | _NO_RATE),
    ("L2, against a vector of xoshiro128+", _L2, {"operation": "Xoshiro128p"} | _L2),
    ("L2, backward from the key, against forward", {"operation": "DropoutBackwardFromKey"} | _L2, _L2),
    ("L2, backward from stored bits, against y = a x", {"operation": "DropoutBackwardFromMask"} | _L2,
     {"operation": "Scale"} | _L2 | _NO_RATE),
    ("L2, bf16, against f32", {"type": "bf16"} | _L2, _L2),
    ("L2, softmax and dropout in rows of 512, against p = 0", {"operation": "SoftmaxDropout"} | _L2,
     {"operation": "SoftmaxDropout", "rate": 0.0} | _L2),
    ("n = 131,072, two threads against one", {"n": 131072, "threads": 2}, {"n": 131072, "threads": 1}),
    ("DRAM, against memcpy", _DRAM, {"operation": "Memcpy"} | _DRAM | _NO_RATE),
    ("DRAM, against a copy with streaming stores", _DRAM, {"operation": "StreamCopy"} | _DRAM | _NO_RATE),
    ("DRAM, bias + GELU + dropout + residual, fused against four passes",
     {"operation": "BiasGeluDropoutResidual"} | _DRAM, {"operation": "BiasGeluDropoutResidualUnfused"} | _DRAM),
)


def ratios(results: Results) -> list[list[str]]:
    """Ratios of times within the run."""
    rows = [["", *(f"p = {rate:g}" for rate in RATES), "p = 0.1, seven rounds"]]
    for label, above, below in _RATIOS:
        cells = [_ratio(results, above, below, {"rate": rate}) for rate in RATES]
        plain = "operation" not in above and "type" not in above
        cells.append(_ratio(results, above | {"operation": "DropoutForwardPhilox7"}, below, {"rate": 0.1}, seven=True)
                     if plain else "")
        if any(cells):
            rows.append([label, *cells])
    return rows


def _ratio(results: Results, above: dict, below: dict, column: dict, seven: bool = False) -> str:
    forward = {"operation": "DropoutForward"}
    # The same operation with other threads: with seven rounds it is theirs.
    base = {"operation": "DropoutForwardPhilox7"} if seven and below.get("n") == 131072 else forward
    top, bottom = results.find(**(forward | column | above)), results.find(**(base | column | below))
    return f"{top.median / bottom.median:.2f}" if top and bottom else ""


_BY_SIZE = ("Memcpy", "Scale", "GenerateMask", "DropoutForward", "DropoutBackwardFromKey", "DropoutBackwardFromMask")
_SIZES = (4096, 65536, _MI, 64 * _MI)


def sizes(results: Results) -> list[list[str]]:
    """Nanoseconds an element at p = 0.1 on one thread, from L1 to DRAM, of Fallow and of peers."""
    rows = [["f32, p = 0.1, one thread, ns an element", *(f"n = {wording.count(n)}" for n in _SIZES)]]
    for operation in _BY_SIZE:
        rate = None if operation in ("Memcpy", "Scale") else 0.1
        for peer in ["", *results.peers]:
            found = [results.find(operation, peer=peer, rate=rate, n=n, threads=1) for n in _SIZES]
            if any(found):
                label = f"{wording.peer(results, peer)}: `{operation}`" if peer else f"`{operation}`"
                rows.append([label, *(wording.number(row.per_element) if row else "" for row in found)])
    return rows


def networks(results: Results) -> list[list[str]]:
    """Training, Fallow's and peers'."""
    rows = [["training", "threads", "Fallow, ms", "others, ms", "of theirs"]]
    for operation in ("TrainingStep", "TrainingEpoch"):
        for row in results.select(peer="", operation=operation):
            name = row.parsed
            values = {key: value for key, value in name.values if key != "t"}
            others = [(peer, results.find(operation, peer=peer, type=name.type, shape=name.shape,
                                          threads=name.threads, **values)) for peer in results.peers]
            others = [(peer, other) for peer, other in others if other]
            rows.append([
                " ".join([operation, name.shape, *(f"{key} {value}" for key, value in values.items())])
                + _accuracy(row),
                str(name.threads), wording.number(row.median / 1e6),
                ", ".join(f"{wording.peer(results, peer)} {wording.number(other.median / 1e6)}{_accuracy(other)}"
                          for peer, other in others),
                ", ".join(f"{row.median / other.median:.2f}" for _, other in others)])
    if not any(row[3] for row in rows[1:]):
        return [row[:3] for row in rows]
    return rows


def _accuracy(row: Result) -> str:
    return f" (accuracy {row.counters['accuracy']:.4f})" if "accuracy" in row.counters else ""


def _if_all(rows: list[Result | None], sentence: Callable[[list[float]], str]) -> str:
    return sentence([row.median for row in rows if row]) if all(rows) else ""


def provenance(results: Results) -> str:
    """With what the numbers were measured, and what is no table."""
    small = [results.find("DropoutForward", rate=rate, n=64, threads=1) for rate in RATES]
    return _sentences(
        f"{wording.method(results)}, by `tools/bench` on {wording.where(results)}. Read ratios.",
        _if_all(small, lambda t: f"A call on 64 elements takes {t[0]:.0f} ns at p = 0.5 and {t[1]:.0f} ns at 0.1."))


def training(results: Results) -> str:
    """The same of the networks."""
    shape = "784-1024-1024-10"
    steps = [results.find("TrainingStep", shape=shape, threads=1, dropout=on) for on in ("on", "off")]
    shares = []
    for row in results.select(peer="", operation="TrainingStep", threads=1):
        other = results.find("TrainingStep", peer="PyTorch", shape=row.parsed.shape, threads=1, dropout="on")
        if other and row.parsed.value("dropout") == "on":
            shares.append(f"{row.parsed.shape} {row.median / other.median:.2f}")
    return _sentences(
        f"{wording.method(results)}, by `tools/bench` on {wording.where(results)}.",
        _if_all(steps, lambda t: f"A training step of {shape} at batch 128 takes {t[0] / 1e6:.2f} ms with dropout and "
                f"{t[1] / 1e6:.2f} ms without it, on one thread."),
        f"With dropout, of PyTorch's time: {', '.join(shares)}." if shares else "")


def notes(results: Results) -> str:
    """What bench/README says of single rows."""
    parts = [results.find(operation, rate=0.1, n=65536, threads=1)
             for operation in ("GenerateMask", "DropoutBackwardFromMask")]
    normals = [results.find(operation, n=65536, threads=1) for operation in ("GenerateNormals", "StdNormal")]
    return _sentences(
        f"{wording.method(results)}, on {wording.where(results)}; f32 and forward unless said. L2 is "
        "n = 65,536 on one thread, DRAM 64 Mi on two.",
        _if_all(parts, lambda t: "At p = 0.1 in L2 the bound is instructions: generating takes "
                f"{wording.number(t[0] / 65536)} ns an element, applying {wording.number(t[1] / 65536)}."),
        _if_all(normals, lambda t: f"Normal numbers take {wording.number(t[0] / 65536)} ns, those of "
                f"`std::normal_distribution` {wording.number(t[1] / 65536)}."))


def _sentences(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
