"""Keeps `fallow serve` busy with requests of all kinds, and sees that its memory stays flat and its answers the same.

Usage: soak.py FALLOW [--requests N]. The default, a million, is an hour at 280 requests a second; it takes some minutes.
Prints memory as it goes. Fails at the first answer that is not what the same request got at the beginning."""

import argparse
import concurrent.futures
import pathlib
import random
import sys
import tempfile
import threading
import time

import clients

CLIENTS = 16
SPREAD = ("output", "standard_deviation", "predictive_entropy", "mutual_information", "quantile_0.05", "quantile_0.95")


def requests() -> list[str]:
    """Good ones of many shapes, and bad ones."""
    good = [clients.request(samples, seed, outputs, rows) for seed, (samples, outputs, rows) in enumerate(
        [(1, ("output",), 1)] * 12 + [(30, SPREAD, 1)] * 6 + [(5, SPREAD[:2], 3), (200, SPREAD, 1), (1, ("output",), 16)])]
    bad = [good[0][:-9], good[1].replace("FP32", "FP64"), good[2].replace("mc_samples", "samples"), "[" * 1000, ""]
    return good + bad


class Soak:
    def __init__(self, server, count: int):
        self.server, self.count = server, count
        self.bodies = requests()
        self.expected = [self.server.ask("POST", "/v2/models/model/infer", body)[::2] for body in self.bodies]
        self.done = 0
        self.lock = threading.Lock()

    def client(self, number: int):
        choose = random.Random(number)
        connection = self.server.connect()
        while self.done < self.count:
            for _ in range(100):
                which = choose.randrange(len(self.bodies))
                got = self.server.ask("POST", "/v2/models/model/infer", self.bodies[which], connection=connection)[::2]
                if got != self.expected[which]:
                    raise AssertionError(f"{self.bodies[which][:80]} gets {got[1][:200]} instead of {self.expected[which][1][:200]}")
            if choose.random() < 0.05:  # Others come and go.
                connection.close()
                connection = self.server.connect()
            with self.lock:
                self.done += 100
        connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fallow", type=pathlib.Path)
    parser.add_argument("--requests", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = clients.train_lesson(arguments.fallow, pathlib.Path(folder))
        with clients.start(arguments.fallow, model) as server:
            soak = Soak(server, arguments.requests)
            readings, start = [], time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
                running = [pool.submit(soak.client, number) for number in range(CLIENTS)]
                step = max(arguments.requests // 20, 1)
                while not all(client.done() for client in running):
                    time.sleep(0.2)
                    if soak.done < step * (len(readings) + 1):
                        continue
                    readings.append(clients.memory(server.process, "VmRSS"))
                    left = (time.monotonic() - start) / soak.done * (arguments.requests - soak.done)
                    print(f"{soak.done:>9,} requests, {readings[-1]:.1f} MiB, {max(left, 0):.0f} s left", file=sys.stderr, flush=True)
                for client in running:
                    client.result()
    half = len(readings) // 2
    early, late = max(readings[2:half]), max(readings[half:])
    seconds = time.monotonic() - start
    print(f"{soak.done:,} requests in {seconds:.0f} s, all answered as at first; memory {early:.1f} MiB at most in the first half, "
          f"{late:.1f} MiB in the second")
    if late > early * 1.05 + 1:
        sys.exit("memory grows")


if __name__ == "__main__":
    main()
