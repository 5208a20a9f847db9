#!/usr/bin/python3 -IS
"""Stands in for fallow_bench: understands its options, and takes the times it is told to.

FAKE_BENCH_LOG counts its runs; FAKE_BENCH_DIE ends the run of that number with SIGKILL, before it writes anything,
together with the process that started it."""

import json
import os
import re
import signal
import sys

ROWS = [f"{operation}/f32/p=0.1/n={n}/t=1/AVX2" for operation in ("DropoutForward", "GenerateMask")
        for n in (4096, 65536)] + ["Scale/f32/n=65536/t=1/AVX2", "PyTorch/DropoutForward/f32/p=0.1/n=65536/t=1"]


def main() -> None:
    options = dict(argument.lstrip("-").split("=", 1) for argument in sys.argv[1:])
    if "benchmark_list_tests" in options:
        print("\n".join(row + "/real_time" for row in ROWS))
        return
    log = os.environ["FAKE_BENCH_LOG"]
    with open(log, "a", encoding="utf-8") as file:
        file.write("run\n")
    with open(log, encoding="utf-8") as file:
        if len(file.readlines()) == int(os.environ.get("FAKE_BENCH_DIE", "0")):
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
    rows = [row for row in ROWS if re.search(options["benchmark_filter"], row)]
    repetitions = int(options.get("benchmark_repetitions", "1"))
    runs = [{"name": row, "run_type": "iteration", "real_time": 1.5 + abs(repetition - repetitions // 2),
             "time_unit": "us", "threads": 1, "roof": 0.5} for row in rows for repetition in range(repetitions)]
    context = {"num_cpus": 2, "host_name": "secret", "fallow_commit": "0123abc", "peer_PyTorch": "1.13.1", "caches": []}
    with open(options["benchmark_out"], "w", encoding="utf-8") as file:
        json.dump({"context": context, "benchmarks": runs}, file)


if __name__ == "__main__":
    main()
