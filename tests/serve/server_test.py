"""`fallow serve` as its clients meet it. Usage: server_test.py FALLOW [unittest arguments]"""

import concurrent.futures
import gzip
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from served import Served, binary_request, request_of, train_model

FALLOW = ""
ROWS = [[12.5, 800.0], [70.0, 3.25]]
SPREAD = ["output", "standard_deviation", "predictive_entropy", "mutual_information", "quantile_0.05", "quantile_0.95"]


class ServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.model = train_model(FALLOW, cls.folder)
        cls.onnx = cls.folder / "flowers.onnx"
        subprocess.run([FALLOW, "export", cls.model, cls.onnx], check=True)
        cls.server = Served(FALLOW, f"table={cls.model}", cls.onnx)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)
        cls.server.__exit__()

    def expect_error(self, answer, status: int, text: str):
        code, body = answer[0], answer[-1]
        error = body if isinstance(body, dict) else json.loads(body)
        self.assertEqual((code, list(error)), (status, ["error"]), error)
        self.assertIn(text, error["error"])


class ProtocolTest(ServerTest):
    def test_health_and_metadata(self):
        for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/table/ready", "/v2/models/table/versions/1/ready"):
            self.assertEqual(self.server.ask("GET", path)[0], 200, path)
        server = json.loads(self.server.ask("GET", "/v2")[2])
        self.assertEqual((server["name"], "binary_tensor_data" in server["extensions"]), ("fallow", True))
        for path in ("/v2/models/table", "/v2/models/table/versions/1"):
            model = json.loads(self.server.ask("GET", path)[2])
            self.assertEqual((model["name"], model["versions"]), ("table", ["1"]))
            self.assertEqual(model["inputs"], [{"name": "input", "datatype": "FP32", "shape": [-1, 2]}])
            self.assertEqual([output["name"] for output in model["outputs"]], SPREAD)
        self.assertEqual(json.loads(self.server.ask("POST", "/v2/repository/index", "{}")[2]),
                         [{"name": name, "version": "1", "state": "READY"} for name in ("table", "flowers")])

    def test_infer(self):
        status, answer = self.server.infer("table", request_of(ROWS) | {"id": "an id"})
        self.assertEqual((status, answer["model_name"], answer["model_version"], answer["id"]), (200, "table", "1", "an id"))
        (mean,) = answer["outputs"]
        self.assertEqual((mean["name"], mean["datatype"], mean["shape"]), ("output", "FP32", [2, 3]))
        for row in (mean["data"][:3], mean["data"][3:]):
            self.assertAlmostEqual(sum(row), 1, places=6)

    def test_equals_fallow_predict(self):
        table = self.folder / "rows.csv"
        table.write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in ROWS))
        for samples in (0, 30):
            lines = subprocess.run([FALLOW, "predict", self.model, "--csv", table, "--mc", str(samples), "--seed", "5"],
                                   check=True, capture_output=True, text=True).stdout.splitlines()
            names = lines[0].split(",")
            expected = [[float(dict(zip(names, line.split(",")))[f"p{j}"]) for j in range(3)] for line in lines[1:]]
            _, answer = self.server.infer("table", request_of(ROWS, mc_samples=samples, seed=5))
            for got, want in zip(answer["outputs"][0]["data"], expected[0] + expected[1], strict=True):
                self.assertAlmostEqual(got, want, places=5)

    def test_spread(self):
        status, answer = self.server.infer("table", request_of(ROWS, SPREAD, mc_samples=50, seed=3))
        self.assertEqual(status, 200, answer)
        data = {output["name"]: output["data"] for output in answer["outputs"]}
        self.assertEqual({name: len(values) for name, values in data.items()}, dict(zip(SPREAD, (6, 6, 2, 2, 6, 6))))
        for mean, sd, low, high in zip(*(data[name] for name in ("output", "standard_deviation", *SPREAD[4:]))):
            self.assertGreater(sd, 0)
            self.assertLess(low, mean)
            self.assertLess(mean, high)
        for total, unknown in zip(data["predictive_entropy"], data["mutual_information"]):
            self.assertLess(0, unknown)
            self.assertLess(unknown, total)

    def test_rate(self):
        def spread(rate):
            return self.server.infer("table", request_of(ROWS, SPREAD, mc_samples=50, rate=rate))[1]["outputs"][1]["data"]
        self.assertEqual(spread(0), [0] * 6)
        self.assertLess(max(spread(0.01)), max(spread(0.7)))
        self.assertEqual(spread(0.5), self.server.infer("table", request_of(ROWS, SPREAD, mc_samples=50))[1]["outputs"][1]["data"])

    def test_formats_of_one_model_agree(self):
        request = request_of(ROWS, SPREAD, mc_samples=20, seed=1)
        self.assertEqual(*(self.server.infer(model, request)[1]["outputs"] for model in ("table", "flowers")))

    def test_binary_tensors(self):
        body, headers = binary_request(ROWS, mc_samples=20, seed=9)
        status, answered, data = self.server.ask("POST", "/v2/models/table/infer", body, headers)
        self.assertEqual(status, 200, data)
        head = int(answered["Inference-Header-Content-Length"])
        (output,) = json.loads(data[:head])["outputs"]
        self.assertEqual(output["parameters"], {"binary_data_size": 24})
        _, same = self.server.infer("table", request_of(ROWS, mc_samples=20, seed=9))
        self.assertEqual(list(struct.unpack("<6f", data[head:])),
                         [struct.unpack("<f", struct.pack("<f", v))[0] for v in same["outputs"][0]["data"]])

    def test_compressed_body_and_chunks(self):
        body = json.dumps(request_of(ROWS)).encode()
        _, plain = self.server.infer("table", body)
        status, _, answer = self.server.ask("POST", "/v2/models/table/infer", gzip.compress(body), {"Content-Encoding": "gzip"})
        self.assertEqual((status, json.loads(answer)), (200, plain))
        status, _, answer = self.server.ask("POST", "/v2/models/table/infer", iter([body[:20], body[20:]]))
        self.assertEqual((status, json.loads(answer)), (200, plain))

    def test_metrics_and_log(self):
        self.server.infer("table", request_of(ROWS, mc_samples=10))
        self.server.infer("table", "no JSON")
        status, _, body = self.server.ask("GET", "/metrics")
        text = body.decode()
        self.assertEqual(status, 200)
        for line in ('fallow_requests_total{model="table",status="200"}', 'fallow_requests_total{model="table",status="400"}',
                     'fallow_request_seconds_count{model="table"}', 'fallow_batch_requests_sum{model="table"}',
                     'fallow_queue_requests{model="table"} 0', 'fallow_model_version{model="table"} 1'):
            self.assertIn(line, text)
        deadline = time.monotonic() + 5
        while not any(record.get("samples") == 10 for record in self.server.log) and time.monotonic() < deadline:
            time.sleep(0.01)
        record = next(record for record in self.server.log if record.get("samples") == 10)
        self.assertEqual((record["model"], record["rows"], record["status"], record["remote"]), ("table", 2, 200, "127.0.0.1"))

    def test_page(self):
        status, headers, body = self.server.ask("GET", "/")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(b"<!doctype html>", body)


    def test_no_body(self):
        answer = self.server.raw(b"POST /v2/repository/index HTTP/1.1\r\nConnection: close\r\n\r\n", finish=False)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)


class SameBytesTest(ServerTest):
    """An answer is a function of the model and the request."""

    def request(self, seed: int) -> str:
        rate = {} if seed % 3 else {"rate": 0.1 + seed / 100}
        return json.dumps(request_of(ROWS[: 1 + seed % 2], SPREAD, mc_samples=1 + seed % 40, seed=seed, **rate))

    def answers(self, server, seeds) -> dict[int, bytes]:
        def ask(seed):
            return server.ask("POST", "/v2/models/table/infer", self.request(seed))[2]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            return dict(zip(seeds, pool.map(ask, seeds)))

    def test_whatever_else_is_asked(self):
        alone = {seed: self.server.ask("POST", "/v2/models/table/infer", self.request(seed))[2] for seed in range(60)}
        together = self.answers(self.server, list(range(60)) * 5)
        self.assertEqual(alone, together)
        self.assertEqual(len(set(alone.values())), 60)
        sums = [line for line in self.server.ask("GET", "/metrics")[2].decode().splitlines()
                if line.startswith('fallow_batch_requests_bucket{model="table",le="1"}')
                or line.startswith('fallow_batch_requests_count{model="table"}')]
        self.assertNotEqual(sums[0].split()[-1], sums[1].split()[-1], "no requests shared a batch")

    def test_whichever_threads_batches_and_instructions(self):
        expected = self.answers(self.server, range(30))
        targets = subprocess.run([FALLOW, "info"], check=True, capture_output=True, text=True).stdout
        for options, environment in ((["--threads", 1, "--batch", 1], {}), (["--threads", 2, "--concurrency", 2, "--batch-wait", 3], {}),
                                     ([], {"FALLOW_TARGET": "SSE4"}), ([], {"FALLOW_TARGET": "AVX2"}),
                                     ([], {"FALLOW_TARGET": "SCALAR"}), ([], {"OPENBLAS_CORETYPE": "Nehalem"})):
            target = environment.get("FALLOW_TARGET", "")
            if target not in targets:
                continue
            with self.subTest(options=options, environment=environment):
                os.environ.update(environment)
                try:
                    with Served(FALLOW, f"table={self.model}", *options) as server:
                        self.assertEqual(self.answers(server, range(30)), expected)
                finally:
                    for name in environment:
                        del os.environ[name]


class BadRequestTest(ServerTest):
    def tearDown(self):
        self.assertEqual(self.server.infer("table", request_of(ROWS))[0], 200)

    def test_paths_and_methods(self):
        for method, path, status in (("GET", "/nothing", 404), ("GET", "/v2/models", 404), ("GET", "/v2/models/", 404),
                                     ("GET", "/v2/models/none", 404), ("GET", "/v2/models/table/versions/2", 404),
                                     ("GET", "/v2/models/table/nothing", 404), ("POST", "/v2/models/none/infer", 404),
                                     ("POST", "/v2/models/table/versions/7/infer", 404), ("POST", "/", 404),
                                     ("PUT", "/v2/models/table/infer", 405), ("DELETE", "/v2/models/table", 405),
                                     ("PATCH", "/v2", 405), ("GET", "/" + "a" * 9000, 414)):
            with self.subTest(method=method, path=path[:50]):
                self.expect_error(self.server.ask(method, path, b"{}" if method != "GET" else None), status, "")

    def test_requests(self):
        good = request_of(ROWS)
        tensor = good["inputs"][0]

        def changed(**changes):
            return {"inputs": [{key: value for key, value in (tensor | changes).items() if value is not None}]}

        for request, text in (
                ("", "no JSON"), ("{", "no JSON"), ("[]", "expected an object"), ("null", "expected an object"),
                ("{} {}", "no JSON"), ("\xff", "no JSON"), ({}, "inputs is missing"), ({"inputs": []}, "inputs is []"),
                ({"inputs": [tensor, tensor]}, "expected an array of one"), ({"inputs": [3]}, "expected an array of one"),
                ({"inputs": tensor}, "expected an array of one"), ("[" * 100000 + "]" * 100000, "nested deeper"), ("[" * 100000, "no JSON"),
                ('{"inputs":[{"data":' + "[" * 50 + "]" * 50 + "}]}", "nested deeper"), (json.dumps({"a": [0] * 20000}), "inputs is missing"),
                (changed(name=None), "no name"), (changed(name="x"), 'input "x" is not known'), (changed(name=7), "name is 7"),
                (changed(datatype=None), "no datatype"), (changed(datatype="FP64"), 'datatype is "FP64"'),
                (changed(shape=None), "shape is missing"), (changed(shape=[2]), "expected [rows, 2]"),
                (changed(shape=[2, 3]), "expected [rows, 2]"), (changed(shape=[-2, 2]), "expected [rows, 2]"),
                (changed(shape=[0, 2], data=[]), "at least one row"), (changed(shape=[2.0, 2]), "expected [rows, 2]"),
                (changed(shape="2"), "expected [rows, 2]"), (changed(shape=[3, 2]), "numbers in data: 4, expected 6"),
                (changed(data=None), "expected data or binary_data_size"), (changed(data=5), "data is 5"),
                (changed(data=["a", 1, 2, 3]), 'data holds "a"'), (changed(data=[None, 1, 2, 3]), "holds null"),
                (changed(data=[{}, 1, 2, 3]), "holds {}"), (changed(data=[True, 1, 2, 3]), "holds true"),
                (json.dumps(good).replace("12.5", "1e39"), "FP32 holds"), (json.dumps(good).replace("12.5", "1e999"), "no JSON"),
                (json.dumps(good).replace("12.5", "1" * 30), "beyond 64 bits"),
                (json.dumps(good).replace("12.5", "NaN"), "no JSON"), (json.dumps(good).replace("12.5", "Infinity"), "no JSON"),
                (good | {"id": 5}, "id is 5"), (good | {"parameters": []}, "parameters is []"),
                (good | {"parameters": {"mc_sample": 5}}, 'parameter "mc_sample" is not known'),
                (request_of(ROWS, mc_samples=-1), "mc_samples is -1"), (request_of(ROWS, mc_samples=1.5), "mc_samples is 1.5"),
                (request_of(ROWS, mc_samples="3"), 'mc_samples is "3"'), (request_of(ROWS, mc_samples=1001), "from 0 to 1000"),
                (request_of(ROWS, mc_samples=10**30), "beyond 64 bits"), (request_of(ROWS, seed=-1), "seed is -1"),
                (request_of(ROWS, seed=2**64), "beyond 64 bits"), (request_of(ROWS, rate=1.5), "rate is 1.5"),
                (request_of(ROWS, rate="a"), 'rate is "a"'), (good | {"outputs": []}, "outputs is []"),
                (good | {"outputs": [5]}, "outputs holds 5"), (good | {"outputs": [{}]}, "no name"),
                (good | {"outputs": [{"name": "x"}] }, 'output "x" is not known'),
                (good | {"outputs": [{"name": "output"}] * 65}, "1 to 64"),
                (request_of(ROWS, ["standard_deviation"]), "expected the parameter mc_samples"),
                (request_of(ROWS, ["quantile_1.5"], mc_samples=2), "from 0 to 1"),
                (request_of(ROWS, ["quantile_x"], mc_samples=2), "from 0 to 1"),
                (request_of(ROWS, ["quantile_nan"], mc_samples=2), "from 0 to 1")):
            with self.subTest(request=str(request)[:80]):
                self.expect_error(self.server.infer("table", request if isinstance(request, dict) else request.encode("latin1")), 400, text)

    def test_too_large(self):
        self.expect_error(self.server.infer("table", request_of([[1, 2]]) | {"inputs": [
            {"name": "input", "datatype": "FP32", "shape": [10**9, 2], "data": []}]}), 413, "at most 4194304 numbers")
        self.expect_error(self.server.infer("table", request_of([[1, 2]] * 101, mc_samples=1000)), 413, "at most 100000 passes")
        self.expect_error(self.server.infer("table", b" " * (16 << 20) + b"{}"), 413, "bytes allowed")
        status, _, body = self.server.ask("POST", "/v2/models/table/infer", iter([b" " * (1 << 20)] * 17))
        self.expect_error((status, body), 413, "bytes allowed")
        status, _, body = self.server.ask("POST", "/v2/models/table/infer", gzip.compress(b" " * (1 << 28)),
                                          {"Content-Encoding": "gzip"})
        self.expect_error((status, body), 413, "bytes allowed")

    def test_binary(self):
        body, headers = binary_request(ROWS)
        head = int(headers["Inference-Header-Content-Length"])
        for data, length, text in ((body[:-1], head, "at most the 15 bytes"), (body + b"x", head, "1 bytes behind"),
                                   (body, head + 1, "no JSON"), (b"x" + body, head + 1, "no JSON"), (body, 10**30, "expected a number of bytes"),
                                   (body, len(body) + 1, "the body has"), (body, "x", "expected a number of bytes"),
                                   (body[:-4] + struct.pack("<f", float("nan")), head, "a NaN"),
                                   (body[:-4] + struct.pack("<f", float("inf")), head, "infinity")):
            status, _, answer = self.server.ask("POST", "/v2/models/table/infer", data,
                                                {"Inference-Header-Content-Length": str(length)})
            self.expect_error((status, answer), 400, text)

    def test_no_http(self):
        for data in (b"\r\n\r\n", b"\0" * 5000, os.urandom(5000), b"GET / HTTP/9.9\r\n\r\n", b"POST /v2 HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                     b"POST /v2/models/table/infer HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
                     b"POST /v2/models/table/infer HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                     b"POST /v2/models/table/infer HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 4\r\n\r\nabcd",
                     b"GET ? HTTP/1.1\r\n\r\n", b"GET http://a/b HTTP/1.1\r\n\r\n", b"GET * HTTP/1.1\r\n\r\n",
                     b"POST ? HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", b"GET " + b"a" * 100000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100000 + b"\r\n"):
            with self.subTest(data=data[:40]):
                answer = self.server.raw(data)
                self.assertTrue(answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 2")), answer[:80])

    def test_truncated_and_slow_clients(self):
        body = json.dumps(request_of(ROWS)).encode()
        whole = b"POST /v2/models/table/infer HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        for end in range(0, len(whole), 11):
            answer = self.server.raw(whole[:end])
            self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:80])
        with Served(FALLOW, f"table={self.model}", "--timeout", 0.5) as server:
            slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
            for sock in slow:
                sock.sendall(whole[:-10])
            start = time.monotonic()
            self.assertEqual(server.infer("table", request_of(ROWS))[0], 200)
            self.assertLess(time.monotonic() - start, 0.4)
            for sock in slow:
                sock.settimeout(10)
                self.assertTrue(sock.recv(1000).startswith(b"HTTP/1.1 408"))
                sock.close()

    def test_mutations(self):
        generator = random.Random(1)
        good = json.dumps(request_of(ROWS, SPREAD, mc_samples=3, seed=1)).encode()
        binary, headers = binary_request(ROWS, mc_samples=3)
        statuses = set()
        connection = self.server.connect()
        for i in range(10_000):
            body = bytearray(binary if i % 4 == 0 else good)
            for _ in range(generator.randint(1, 4)):
                place = generator.randrange(len(body))
                match generator.randrange(4):
                    case 0:
                        body[place] = generator.randrange(256)
                    case 1:
                        del body[place:place + generator.randint(1, 8)]
                    case 2:
                        body[place:place] = generator.choice([b"0", b"9" * 30, b"-", b"[", b"}", b'"', b"e99", b"null", b"\0"])
                    case 3:
                        body[place:place + 4] = body[generator.randrange(len(body)):][:4]
                body = body or bytearray(b"{")
            status, _, answer = self.server.ask("POST", "/v2/models/table/infer", bytes(body), headers if i % 4 == 0 else None,
                                                connection=connection)
            statuses.add(status)
            if status != 200:
                self.assertEqual(list(json.loads(answer)), ["error"], (body, answer))
        connection.close()
        self.assertLessEqual(statuses, {200, 400, 413, 422}, statuses)
        self.assertIn(400, statuses)


class OperationTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.model = train_model(FALLOW, self.folder)

    def test_token(self):
        token = self.folder / "token"
        token.write_text("secret word\n")
        with Served(FALLOW, f"table={self.model}", "--token-file", token) as server:
            shown = {"Authorization": "Bearer secret word"}
            for path in ("/", "/v2/health/live", "/v2/health/ready"):
                self.assertEqual(server.ask("GET", path)[0], 200)
            for path in ("/v2", "/v2/models/table", "/metrics"):
                for headers in ({}, {"Authorization": "Bearer secret wore"}, {"Authorization": "secret word"}):
                    status, answered, _ = server.ask("GET", path, headers=headers)
                    self.assertEqual((status, answered["WWW-Authenticate"]), (401, "Bearer"))
                self.assertEqual(server.ask("GET", path, headers=shown)[0], 200)
            self.assertEqual(server.infer("table", request_of(ROWS))[0], 401)
            self.assertEqual(server.infer("table", request_of(ROWS), headers=shown)[0], 200)

    def test_memory_of_long_requests(self):
        """A JSON text takes twelve times its size while it is read: not for all of 24 at once, which were 4.5 GiB."""
        body = b'{"inputs":[{"name":"input","datatype":"FP32","shape":[2,2],"data":[' + b"0," * (15 << 19) + b"0]}]}"
        with Served(FALLOW, f"table={self.model}") as server:
            with concurrent.futures.ThreadPoolExecutor(24) as pool:
                for status, _, answer in pool.map(lambda _: server.ask("POST", "/v2/models/table/infer", body), range(24)):
                    self.assertEqual(status, 400)
                    self.assertIn("expected 4 for the shape", json.loads(answer)["error"])
            status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
            self.assertLess(int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024, 2048)

    def test_reload(self):
        other = train_model(FALLOW, self.folder / "other", "dense:8:tanh,dropout:0.2,dense:3") if (self.folder / "other").mkdir() is None else None
        with Served(FALLOW, f"table={self.model}") as server:
            first = server.infer("table", request_of(ROWS))[1]
            broken = self.folder / "broken"
            broken.write_bytes(self.model.read_bytes()[:-5])
            os.replace(broken, self.model)
            server.wait_for("version 1 stays")
            self.assertEqual(server.infer("table", request_of(ROWS))[1], first)
            os.replace(other, self.model)
            server.wait_for("version 2 is ready")
            status, second = server.infer("table", request_of(ROWS))
            self.assertEqual((status, second["model_version"]), (200, "2"))
            self.assertNotEqual(first["outputs"], second["outputs"])
            metrics = server.ask("GET", "/metrics")[2].decode()
            self.assertIn('fallow_model_loads_total{model="table",result="failed"} 1', metrics)
            self.assertIn('fallow_model_version{model="table"} 2', metrics)

    def test_drain(self):
        # A batch that waits for two seconds holds a request while the server is told to stop.
        server = Served(FALLOW, f"table={self.model}", "--batch-wait", 700)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(server.infer, "table", request_of(ROWS, mc_samples=5)) for _ in range(4)]
            time.sleep(0.3)
            self.assertEqual(server.end(), 0)
            self.assertEqual([answer.result()[0] for answer in answers], [200] * 4)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port))

    def test_stop_at_any_moment(self):
        for i in range(20):
            server = Served(FALLOW, f"table={self.model}")
            time.sleep(i * 0.0005)
            self.assertEqual(server.end(signal.SIGINT if i % 2 else signal.SIGTERM), 0)

    def test_full_queue_and_time(self):
        with Served(FALLOW, f"table={self.model}", "--batch-wait", 1500, "--queue", 2, "--timeout", 0.5) as server:
            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                asked = [pool.submit(server.ask, "POST", "/v2/models/table/infer", json.dumps(request_of(ROWS))) for _ in range(6)]
                answers = [answer.result() for answer in asked]
            statuses = sorted(answer[0] for answer in answers)
            self.assertEqual(statuses, [503] * 4 + [504] * 2)
            self.assertTrue(all(answer[1]["Retry-After"] == "1" for answer in answers if answer[0] == 503))

    def test_bad_arguments(self):
        text = self.folder / "text.onnx"
        text.write_text("no model")
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        for arguments, said in ((["none.onnx"], "none.onnx"), ([text], "text.onnx"), ([f"a b={self.model}"], "must be of letters"),
                                ([f"a={self.model}", f"a={self.model}"], "there is a model 'a' already"),
                                ([self.model, "--port", taken.getsockname()[1]], "cannot listen"),
                                ([self.model, "--host", "no.such.host.invalid"], "cannot listen"),
                                ([self.model, "--token-file", "none"], "--token-file"), ([], "models is required")):
            port = [] if "--port" in arguments else ["--port", "0"]
            ended = subprocess.run([FALLOW, "serve", *port, *map(str, arguments)], capture_output=True, text=True, timeout=20)
            self.assertEqual((ended.returncode, ended.stdout), (2, ""), ended.stderr)
            self.assertIn(said, ended.stderr)


if __name__ == "__main__":
    FALLOW = sys.argv.pop(1)
    unittest.main()
