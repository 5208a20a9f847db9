"""Measures `fallow serve` against a server that computes each request by itself, pass by pass (one_pass_server.cc).

Usage: measure.py BUILD [--write README]: BUILD is a Release build with FALLOW_BUILD_BENCH. Needs wrk. --write puts the
table between <!-- measured --> and <!-- /measured -->. Two and a half minutes, on a machine that does nothing else."""

import argparse
import datetime
import pathlib
import platform
import re
import statistics
import sys
import tempfile

import clients

CONNECTIONS, ROUNDS, SECONDS = 32, 7, 2


def cpu() -> str:
    info = pathlib.Path("/proc/cpuinfo").read_text()
    found = [re.search(rf"^{key}\s*: (.*)$", info, re.MULTILINE) for key in ("model name", "cpu family", "model")]
    name, family, model = (match.group(1) if match else "unknown" for match in found)
    return f"{name.removesuffix(' Processor')}, family {family}, model {model}, {len(re.findall('^processor', info, re.MULTILINE))} cores"


def measure(build: pathlib.Path, folder: pathlib.Path) -> tuple[list[dict], dict[str, float]]:
    model = clients.train_lesson(build / "tools/fallow", folder)
    servers = {"fallow serve": clients.start(build / "tools/fallow", model),
               "pass by pass": clients.PassByPass(build / "bench/one_pass_server", model)}
    rows = [{"samples": samples, "server": server, "rounds": []} for samples in (1, 30) for server in servers]
    try:
        for round_number in range(ROUNDS + 1):
            for row in rows:
                body = folder / f"{row['samples']}.json"
                body.write_text(clients.request(row["samples"]))
                result = clients.load(servers[row["server"]].port, body, CONNECTIONS, SECONDS if round_number else 1)
                if round_number:
                    row["rounds"].append(result)
            print(f"round {round_number} of {ROUNDS}", file=sys.stderr)
        peak = {name: clients.memory(server.process, "VmHWM") for name, server in servers.items()}
    finally:
        for server in servers.values():
            server.end()
    return rows, peak


def table(rows: list[dict], peak: dict[str, float]) -> str:
    def median(row, key):
        return statistics.median(result[key] for result in row["rounds"])

    lines = ["| T | server | requests/s | times | p50, ms | p99, ms | memory, MiB |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        naive = next(other for other in rows if other["samples"] == row["samples"] and other["server"] == "pass by pass")
        ratio = statistics.median(a["requests"] / b["requests"] for a, b in zip(row["rounds"], naive["rounds"]))
        lines.append(f"| {row['samples']} | {row['server']} | {median(row, 'requests'):,.0f} | {ratio:.2f} | "
                     f"{median(row, 'p50'):.2f} | {median(row, 'p99'):.2f} | {peak[row['server']]:.0f} |")
    return "\n".join(lines) + (
        f"\n\nMedians of {ROUNDS} interleaved rounds of {SECONDS} s by bench/serve/measure.py: 784-128-64-1, one row a request in JSON, "
        f"{CONNECTIONS} connections of\nwrk on the same machine. {cpu()}, {platform.system()}, {datetime.date.today()}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--write", type=pathlib.Path, metavar="README")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = table(*measure(arguments.build.resolve(), pathlib.Path(folder)))
    print(text)
    if arguments.write:
        readme = arguments.write.read_text()
        arguments.write.write_text(re.sub(r"(<!-- measured -->\n\n).*?(\n\n<!-- /measured -->)", lambda m: m[1] + text + m[2], readme,
                                          flags=re.DOTALL))


if __name__ == "__main__":
    main()
