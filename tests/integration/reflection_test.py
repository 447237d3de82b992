"""A tool that has never seen the protos (buf curl, over server reflection) submits, reads and asks for health."""

import json
import pathlib
import subprocess

from harness import EXAMPLE, PATIENCE_SECONDS, ROOT, Case, main

BUF = ROOT / ".lint/node_modules/@bufbuild/buf-linux-x64/bin/buf"


class ReflectionTest(Case):
    def call(self, server, method, body):
        run = subprocess.run(
            [BUF, "curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", json.dumps(body),
             f"http://{server.address}/{method}"],
            cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS,
            check=False)
        return run.returncode, json.loads(run.stdout or run.stderr)

    def test_submit_list_and_health(self):
        self.assertTrue(pathlib.Path(BUF).exists(), "buf is missing: ./test.sh installs it")
        upstream = self.simulator()
        server = self.server(upstream.url)
        code, answer = self.call(server, "genledger.v1.GenerationService/SubmitGeneration", {"spec": EXAMPLE})
        self.assertEqual(code, 0, answer)
        self.assertEqual(answer["submission"]["state"], "STATE_SUBMITTED")
        code, page = self.call(server, "genledger.v1.GenerationService/ListSubmissions", {})
        self.assertEqual(page["submissions"][0]["taskId"], answer["submission"]["taskId"])
        for query, found in (({"filter": "state = SUBMITTED"}, 1), ({"filter": "state = PENDING"}, 0),
                             ({"filter": "model:* -labels:none", "order_by": "update_time"}, 1)):
            code, page = self.call(server, "genledger.v1.GenerationService/ListSubmissions", query)
            self.assertEqual((code, len(page.get("submissions", []))), (0, found), query)
        self.assertEqual(self.call(server, "grpc.health.v1.Health/Check", {}), (0, {"status": "SERVING"}))
        code, error = self.call(server, "genledger.v1.GenerationService/SubmitGeneration", {"spec": {}})
        self.assertNotEqual(code, 0)
        self.assertEqual(error["code"], "invalid_argument")

    def test_the_status_page_as_a_tool_sees_it(self):
        server = self.server(self.simulator().url)
        code, status = self.call(server, "genledger.v1.AdminService/GetServiceStatus", {})
        self.assertEqual(code, 0, status)
        self.assertTrue(status["ready"])
        self.assertEqual(status["submissionsByState"]["SUBMITTED"], "0")
        self.assertEqual([breaker["state"] for breaker in status["breakers"]], ["STATE_CLOSED"] * 2)


if __name__ == "__main__":
    main()
