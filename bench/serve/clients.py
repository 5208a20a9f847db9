"""Servers to measure, the model they serve, and wrk to load them."""

import json
import os
import pathlib
import random
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests" / "serve"))

from served import Served  # noqa: E402

INPUTS = 784
LESSON = "dense:128:relu,dropout:0.5,dense:64:relu,dropout:0.3,dense:1"


def train_lesson(fallow: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The lesson's network, trained a little on made-up rows of 784 numbers."""
    generator = random.Random(1)
    lines = [",".join([*(f"x{i}" for i in range(INPUTS)), "y"])]
    for _ in range(300):
        x = [generator.gauss(0, 1) for _ in range(INPUTS)]
        lines.append(",".join([*(f"{v:.4f}" for v in x), str(int(sum(x[:20]) > 0))]))
    table = folder / "table.csv"
    table.write_text("\n".join(lines) + "\n")
    subprocess.run([fallow, "train", "--csv", table, "--target", "y", "--loss", "binary_cross_entropy", "--layers", LESSON,
                    "--epochs", "2", "--run", folder / "run"], check=True, capture_output=True)
    return folder / "run" / "model.safetensors"


def request(samples: int, seed: int = 7, outputs: tuple[str, ...] = ("output", "standard_deviation"), rows: int = 1) -> str:
    generator = random.Random(seed)
    return json.dumps({
        "parameters": {"mc_samples": samples, "seed": seed},
        "inputs": [{"name": "input", "datatype": "FP32", "shape": [rows, INPUTS],
                    "data": [round(generator.gauss(0, 1), 4) for _ in range(rows * INPUTS)]}],
        "outputs": [{"name": name} for name in outputs]})


class PassByPass:
    """A running one_pass_server."""

    def __init__(self, program: pathlib.Path, model: pathlib.Path):
        self.process = subprocess.Popen([program, model], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def load(port: int, body: pathlib.Path, connections: int, seconds: float) -> dict[str, float]:
    """What wrk reports: requests a second, and milliseconds."""
    told = subprocess.run(["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--latency",
                           "--script", HERE / "load.lua", f"http://127.0.0.1:{port}/v2/models/model/infer"],
                          check=True, capture_output=True, text=True, env=os.environ | {"BODY": str(body)}).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)

    def milliseconds(percent: int) -> float:
        number, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", told).groups()
        return float(number) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]

    return {"requests": float(re.search(r"Requests/sec:\s+([\d.]+)", told).group(1)), "p50": milliseconds(50),
            "p99": milliseconds(99)}


def memory(process: subprocess.Popen, key: str) -> float:
    """MiB, of VmRSS (now) or VmHWM (the most so far)."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(rf"{key}:\s+(\d+) kB", status).group(1)) / 1024


def start(fallow: pathlib.Path, model: pathlib.Path, *arguments: str) -> Served:
    return Served(str(fallow), f"model={model}", "--access-log", "none", *arguments)
