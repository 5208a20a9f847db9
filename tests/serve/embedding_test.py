"""runtime/EMBEDDING.md: its program is embedding.cc, and serves. Usage: embedding_test.py FALLOW PROGRAM SOURCES"""

import contextlib
import http.client
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from served import train_model

FALLOW = PROGRAM = SOURCES = ""


class EmbeddingTest(unittest.TestCase):
    def test_page_shows_the_program(self):
        page = pathlib.Path(SOURCES, "runtime/EMBEDDING.md").read_text()
        self.assertEqual(re.search(r"```cpp\n(.*?)```", page, re.DOTALL).group(1),
                         pathlib.Path(SOURCES, "tests/serve/embedding.cc").read_text())

    def test_serves(self):
        with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
            model = train_model(FALLOW, pathlib.Path(folder))
            port = free.getsockname()[1]
            free.close()
            with subprocess.Popen([PROGRAM, model, str(port)]) as service:
                self.addCleanup(service.kill)
                answers = [self.ask(port, body) for body in ("12.5 800", "12.5 800", "70 3", "one two")]
                service.terminate()
        self.assertEqual([status for status, _ in answers], [200, 200, 200, 400])
        self.assertEqual(answers[0], answers[1])
        self.assertNotEqual(answers[0], answers[2])
        mean, deviation = map(float, answers[0][1].split(" +- "))
        self.assertGreater(deviation, 0)

    def ask(self, port: int, body: str) -> tuple[int, str]:
        for _ in range(100):
            try:
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
                    connection.request("POST", "/predict", body)
                    answer = connection.getresponse()
                    return answer.status, answer.read().decode()
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise AssertionError("the service does not come up")


if __name__ == "__main__":
    FALLOW, PROGRAM, SOURCES = sys.argv[1:4]
    del sys.argv[1:4]
    unittest.main()
