"""A running `fallow serve`, and plain requests to it."""

import http.client
import json
import pathlib
import re
import signal
import socket
import struct
import subprocess
import threading


def train_model(fallow: str, folder: pathlib.Path, layers: str = "dense:16:relu,dropout:0.5,dense:3") -> pathlib.Path:
    """Trains for an epoch on a table of two columns and three classes, and returns the model's file."""
    state = 7
    lines = ["width,kind,height"]
    for _ in range(200):
        state = state * 16807 % 2147483647
        width = state // 64 % 1000
        state = state * 16807 % 2147483647
        height = state // 64 % 1000
        lines.append(f"{width / 10},{sum(width + height >= limit for limit in (700, 1300))},{height}")
    table = folder / "table.csv"
    table.write_text("\n".join(lines) + "\n")
    run = folder / "run"
    subprocess.run([fallow, "train", "--csv", table, "--target", "kind", "--layers", layers, "--epochs", "1",
                    "--validation", "0.2", "--run", run], check=True, capture_output=True)
    return run / "model.safetensors"


class Served:
    """The process; ends with the `with`. Its access log and what it says are kept."""

    def __init__(self, fallow: str, *arguments, port: int = 0):
        self.process = subprocess.Popen([fallow, "serve", "--port", str(port), *map(str, arguments)], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said: list[str] = []
        self.log: list[dict] = []
        self._news = threading.Condition()
        self._readers = [threading.Thread(target=self._read_said), threading.Thread(target=self._read_log)]
        for reader in self._readers:
            reader.start()
        self.port = int(re.search(r":(\d+)/", self.wait_for("listening at")).group(1))

    def _read_said(self):
        for line in self.process.stderr:
            with self._news:
                self.said.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self.said.append("(ended)")
            self._news.notify_all()

    def _read_log(self):
        for line in self.process.stdout:
            self.log.append(json.loads(line))

    def wait_for(self, text: str, seconds: float = 20) -> str:
        """The first line said that holds `text`."""
        def found():
            return next((line for line in self.said if text in line), None)

        with self._news:
            self._news.wait_for(lambda: found() or "(ended)" in self.said, seconds)
            line = found()
        assert line is not None, f"no '{text}' in {self.said}"
        return line

    def end(self, with_signal=signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        for reader in self._readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        code = self.end()
        assert code == 0, f"exit code {code}, and said: {self.said}"

    def connect(self, timeout: float = 20) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method: str, path: str, body: bytes | str | None = None, headers: dict | None = None,
            connection: http.client.HTTPConnection | None = None):
        """(status, headers, body) of one request."""
        own = connection or self.connect()
        own.request(method, path, body, headers or {})
        answer = own.getresponse()
        result = answer.status, answer.headers, answer.read()
        if connection is None:
            own.close()
        return result

    def infer(self, model: str, request: dict | bytes | str, **more):
        """(status, answer) of a request in JSON."""
        body = request if isinstance(request, (bytes, str)) else json.dumps(request)
        status, _, answer = self.ask("POST", f"/v2/models/{model}/infer", body, **more)
        return status, json.loads(answer)

    def raw(self, data: bytes, timeout: float = 20, finish: bool = True) -> bytes:
        """All that comes back for bytes that need be no HTTP; `finish`: that are the connection's last."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as sock:
            sock.sendall(data)
            if finish:
                sock.shutdown(socket.SHUT_WR)
            received = b""
            try:
                while chunk := sock.recv(65536):
                    received += chunk
            except ConnectionResetError:
                pass
            return received


def request_of(rows: list[list[float]], outputs: list[str] | None = None, **parameters) -> dict:
    """A request for a model of `train_model`."""
    request = {"inputs": [{"name": "input", "datatype": "FP32", "shape": [len(rows), len(rows[0])], "data": rows}]}
    if outputs is not None:
        request["outputs"] = [{"name": name} for name in outputs]
    if parameters:
        request["parameters"] = parameters
    return request


def binary_request(rows: list[list[float]], **parameters) -> tuple[bytes, dict]:
    """The body and the headers of the same with binary tensors both ways."""
    tensor = b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)
    request = request_of(rows, **parameters)
    request["parameters"] = parameters | {"binary_data_output": True}
    del request["inputs"][0]["data"]
    request["inputs"][0]["parameters"] = {"binary_data_size": len(tensor)}
    head = json.dumps(request).encode()
    return head + tensor, {"Inference-Header-Content-Length": str(len(head))}
