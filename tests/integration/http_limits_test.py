"""What a crowd can do to the JSON front: idle connections, slow readers, stalled bodies. Raw sockets against the real server."""

import http.client
import json
import os
import socket

from harness import PATIENCE_SECONDS, Case, main, wait_until

DESCRIPTORS = 1024


class Crowd(Case):
    """A server and connections to it that stay open until the end of the test."""

    def connect(self, address):
        host, port = address.rsplit(":", 1)
        connection = socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS)
        self.addCleanup(connection.close)
        return connection

    def ask(self, server, method, path, body=None):
        connection = http.client.HTTPConnection(server.http_address, timeout=PATIENCE_SECONDS)
        self.addCleanup(connection.close)
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


class IdleTest(Crowd):
    """Connections that say nothing, where the system gives few descriptors."""

    def test_a_flood_leaves_descriptors_for_everybody_else(self):
        server = self.server(self.simulator().url, descriptors_max=DESCRIPTORS)
        self.assertIn('"descriptors_few"', server.process.log())
        idle = [self.connect(server.http_address) for _ in range(DESCRIPTORS)]
        self.assertEqual(self.ask(server, "GET", "/livez")[0], 200)
        self.assertEqual(self.ask(server, "GET", "/readyz")[0], 200)
        self.assertTrue(server.submit().submission.task_id)
        self.assertLess(len(os.listdir(f"/proc/{server.process.pid}/fd")), DESCRIPTORS // 2)
        for connection in idle:
            connection.close()
        self.assertEqual(server.submit("another").submission.spec.prompt, "another")


class MemoryTest(Crowd):
    """Bytes that wait to be read or written."""

    def resident_bytes(self, server):
        with open(f"/proc/{server.process.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))

    def test_readers_who_take_nothing_cannot_fill_the_memory(self):
        server = self.server(self.simulator().url)
        for number in range(400):
            server.submit(f"{number} " + "x" * 16000)
        before = self.resident_bytes(server)
        readers = []
        for _ in range(60):  # 6.4 MB each
            readers.append(self.connect(server.http_address))
            readers[-1].sendall(b"GET /v1/submissions?pageSize=1000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        heads = [reader.recv(400) for reader in readers]
        refused = [head for head in heads if head.startswith(b"HTTP/1.1 503 ")]
        self.assertEqual(len(refused) + sum(head.startswith(b"HTTP/1.1 200 ") for head in heads), len(heads))
        self.assertTrue(refused)
        self.assertTrue(all(b"Retry-After: 1\r\n" in head for head in refused))
        self.assertLess(self.resident_bytes(server) - before, 250 * 1024 * 1024)
        self.assertEqual(self.ask(server, "GET", "/livez")[0], 200)
        for reader in readers:
            reader.close()
        status, _, body = wait_until(
            lambda: next((answer for answer in [self.ask(server, "GET", "/v1/submissions?pageSize=1000")]
                          if answer[0] == 200), None), "room for a list")
        self.assertEqual((status, len(json.loads(body)["submissions"])), (200, 400))

    def test_bodies_that_never_end_cannot_fill_the_memory(self):
        server = self.server(self.simulator().url)
        before = self.resident_bytes(server)
        head = (b"POST /v1/videos/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Content-Length: 1048576\r\n\r\n")
        for _ in range(300):
            try:
                self.connect(server.http_address).sendall(head + b'{"prompt":"' + b"a" * 1040000)
            except OSError:
                pass  # it was refused meanwhile
        large = json.dumps({"prompt": "large"}) + " " * 500000
        status, headers, _ = self.ask(server, "POST", "/v1/videos/generations", large)
        self.assertEqual((status, headers["Retry-After"]), (503, "1"))
        self.assertLess(self.resident_bytes(server) - before, 150 * 1024 * 1024)
        self.assertEqual(self.ask(server, "POST", "/v1/videos/generations", json.dumps({"prompt": "small"}))[0], 200)


if __name__ == "__main__":
    main()
