"""What the JSON front tells callers who ask for Chinese: every kind of error, in Chinese and without English sentences."""

import json
import re

from harness import EXAMPLE, main
from http_test import GENERATIONS, HttpCase

# Two English words in a row; names of fields, headers, states and routes stand alone.
ENGLISH = re.compile(r"(?<!\w)[A-Za-z]{2,} [a-z]{2,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LIST = "/v1/submissions"


class ChineseTest(HttpCase):
    def assert_chinese(self, answer, status):
        self.assertEqual(answer.status, status, answer.text)
        texts = [answer.error["message"]]
        for detail in answer.error.get("details", ()):
            texts += [violation["description"] for violation in detail.get("fieldViolations", ())]
            texts += [violation["description"] for violation in detail.get("violations", ())]
        for text in texts:
            self.assertRegex(text, CHINESE)
            self.assertNotRegex(text, ENGLISH)

    def ask_in_chinese(self, method, path, body=None, **headers):
        return self.ask(method, path, body, Accept_Language="zh-CN", **headers)

    def check(self, method, cases):
        """cases: (status, path, body, headers)"""
        for status, path, body, headers in cases:
            with self.subTest(path=path, body=str(body)[:60], **headers):
                self.assert_chinese(self.ask_in_chinese(method, path, body, **headers), status)

    def test_what_is_no_request(self):
        body = json.dumps(EXAMPLE)
        for path in (GENERATIONS, LIST):
            self.check("POST", (
                (413, path, "x" * (1024 * 1024 + 1), {}),
                (414, f"{path}?{'x' * 9000}", body, {}),
                (415, path, body, {"Content-Type": "text/plain"}),
                (415, path, body, {"Content-Encoding": "gzip"}),
                (417, path, body, {"Expect": "a miracle"}),
                (431, path, body, {"X-Large": "x" * 20_000}),
                (501, path, None, {"Transfer-Encoding": "gzip"}),
                (403, path, body, {"Host": "evil.example"}),
                (403, path, body, {"Origin": "http://evil.example"}),
                (400, f"{path}?a=%zz", body, {}),
            ))
        self.check("GET", ((404, "/v1/nothing", None, {}), (405, GENERATIONS, None, {}),
                           (406, f"{LIST}/sub_x:watch", None, {"Accept": "image/png"})))

    def test_json_and_headers_of_the_page(self):
        for body in ("{", "[]", "null", "", '{"prompt": "a", "prompt": "b"}', b"\xef\xbb\xbf{}", b'{"prompt": "\xff"}',
                     "[" * 100, '{"prompt": "a", "x": [' + "1," * 10_000 + "1]}", {"x" * 100: 1}, {"seed": 1},
                     {"prompt": 1}, {"prompt": "a", "duration": "x"}, {"prompt": "a", "duration": 1e30},
                     {"prompt": "a", "image_urls": {}}, {"prompt": "a", "image_urls": [1]}, {"prompt": "a", "enable_gif": 1}):
            with self.subTest(str(body)[:60]):
                self.assert_chinese(self.ask_in_chinese("POST", GENERATIONS, body), 400)
        self.check("POST", (
            (400, GENERATIONS, EXAMPLE, {"Idempotency-Key": ""}), (400, GENERATIONS, EXAMPLE, {"Idempotency-Key": "a b"}),
            (400, GENERATIONS, EXAMPLE, {"Prefer": "wait=1000"}), (400, f"{GENERATIONS}?x=1", EXAMPLE, {})))
        self.check("GET", ((400, "/v1/tasks/task_none", None, {}),))
        self.assertEqual(self.upstream.stats()["posts_received"], 0)

    def test_fields_of_the_api(self):
        for body in ({"spec": 1}, {"labels": []}, {"wait": 5}, {"dedupeMode": "NONE"}, {"validateOnly": "yes"},
                     {"requestId": "a", "request_id": "b"}, {"requestId": "a b"}, {"wait": "1000s"}, {"labels": {"": "x"}},
                     {"variation": "\x01"}, {"submitWithin": "0s"}, {"dedupeWindow": "1s"}, {"labelz": 1}, {}):
            with self.subTest(str(body)):
                self.assert_chinese(self.ask_in_chinese("POST", LIST, {"spec": {"model": "none"}, **body}), 400)
        for query in ("pageSize=x", "pageSize=-1", "pageSize=1&pageSize=2", "pageToken=x", "orderBy=x", "x=1", "filter=x",
                      "filter=%28", "filter=labels", "filter=state+%3D+X", "filter=" + "a" * 3000):
            with self.subTest(query):
                self.assert_chinese(self.ask_in_chinese("GET", f"{LIST}?{query}"), 400)
        self.check("GET", (
            (400, f"{LIST}:lookup", None, {}), (400, f"{LIST}:lookup?requestId=a&taskId=b", None, {}),
            (400, f"{LIST}:batchGet", None, {}), (400, f"{LIST}/sub_x?id=sub_y", None, {}),
            (400, f"{LIST}/sub_x?wait=5", None, {}), (400, f"{LIST}/sub_x?view=9", None, {}),
            (400, f"{LIST}/sub_x:watch", None, {"Last-Event-ID": "x"}), (404, f"{LIST}/sub_none", None, {})))
        self.check("POST", (
            (400, "/v1/admin/submissions:bulkResolve", {"resolution": {}}, {}),
            (400, "/v1/admin/submissions:bulkResolve", {"resolution": {"adoptTaskId": "t"}}, {}),
            (404, "/v1/admin/submissions/sub_x:retry", {"note": "x"}, {})))

    def test_what_became_of_a_submission(self):
        submitted = self.generate(EXAMPLE, Idempotency_Key="a").headers["Genledger-Submission-Id"]
        self.upstream.rules({"do": "reset", "at": "body", "when": {"count": 1}})
        self.assert_chinese(self.ask_in_chinese("POST", GENERATIONS, {"prompt": "lost"}), 502)
        for status, told in ((400, 400), (401, 500)):
            self.upstream.rules({"status": status, "when": {"count": 1}})
            self.assert_chinese(self.ask_in_chinese("POST", GENERATIONS, {"prompt": f"refused {status}"}), told)
        # The service's key was refused: the breaker is open.
        self.assert_chinese(self.ask_in_chinese("POST", GENERATIONS, {"prompt": "next"}), 500)
        path = f"{LIST}/{submitted}"
        self.check("POST", (
            (409, GENERATIONS, {"prompt": "another"}, {"Idempotency-Key": "a"}),
            (409, f"{path}:releaseDedupe", {"etag": "stale"}, {}),
            (400, f"/v1/admin/submissions/{submitted}:retry", {"note": "x"}, {}),
            (400, f"/v1/admin/submissions/{submitted}:resolve", {"resolution": {"abandon": {}, "note": "x"}}, {}),
            (400, f"/v1/admin/submissions/{submitted}:resolve", {"resolution": {"adoptTaskId": "t", "note": "x"}}, {})))

    def test_what_waits_and_what_may_not(self):
        self.upstream.rules({"do": "hold"})
        server = self.server(self.upstream.url, "--backlog_max=1", "--upstream_concurrency_max=1",
                             store=f"sqlite:{self.directory / 'small.db'}")
        answers = [self.ask("POST", GENERATIONS, {"prompt": f"slow {number}"}, server=server, Prefer="wait=0",
                            Accept_Language="zh") for number in range(3)]
        self.assertEqual([answer.status for answer in answers], [503, 503, 429])
        for answer in answers:
            self.assert_chinese(answer, answer.status)


if __name__ == "__main__":
    main()
