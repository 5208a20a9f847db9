"""What a run was measured on and with."""

from __future__ import annotations

import datetime
import os

from .plan import Plan


def context_of(written: list[dict], plan: Plan) -> dict:
    """One context out of those that the programs wrote: what all of Google Benchmark's and fallow's keys say, without
    what differs from process to process or names the machine's owner."""
    merged: dict = {}
    for context in written:
        merged.update(context)
    context = {
        "date": datetime.date.today().isoformat(),
        "cpu": merged.get("fallow_cpu", "unknown CPU"),
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
