"""What a run was measured on and with."""

from __future__ import annotations

import datetime
import os
import re
from pathlib import Path

from .plan import Plan


def cpu() -> str:
    """The CPU as Linux names it, with the numbers that tell the generations of a name apart."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    fields = dict(re.findall(r"^([^:\n]*?)\s*: (.*)$", text.split("\n\n")[0], re.MULTILINE))
    name = re.sub(r"\s+", " ", fields.get("model name", "unknown CPU"))
    if "cpu family" in fields:
        name += f" (family {fields['cpu family']}, model {fields.get('model', '?')})"
    return name


def context_of(written: list[dict], plan: Plan) -> dict:
    """One context out of those that the programs wrote: what all of Google Benchmark's and fallow's keys say, without
    what differs from process to process or names the machine's owner."""
    merged: dict = {}
    for context in written:
        merged.update(context)
    context = {
        "date": datetime.date.today().isoformat(),
        "cpu": merged.get("fallow_cpu") or cpu(),
        "cores": merged.get("num_cpus", os.cpu_count()),
        "caches": [{"level": cache["level"], "bytes": cache["size"], "shared_by": cache["num_sharing"]}
                   for cache in merged.get("caches", []) if cache["type"] != "Instruction"],
        "rounds": plan.rounds,
        "repetitions": plan.repetitions,
    }
    context |= {key.removeprefix("fallow_"): value.strip() for key, value in merged.items()
                if key.startswith("fallow_") and key != "fallow_cpu"}
    context["peers"] = {key.removeprefix("peer_"): value for key, value in sorted(merged.items())
                        if key.startswith("peer_")}
    return context
