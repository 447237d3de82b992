"""The JSON front over real sockets: the upstream's own form, the whole API as JSON, events, limits, both languages.

Clients that know nothing of Genledger (http.client, curl, raw sockets) against the real server and the simulator.
"""

import concurrent.futures
import functools
import http.client
import json
import re
import signal
import subprocess
import threading
import urllib.parse
import urllib.request

import outcome_table_test as table
from harness import EXAMPLE, PATIENCE_SECONDS, ROOT, Case, main, wait_until
from openapi_document import Document

GENERATIONS = "/v1/videos/generations"
VECTORS = json.loads((ROOT / "tests/service/domain/validation_vectors.json").read_text(encoding="utf-8"))["vectors"]

# What a program that was written for the upstream sees, by the reason that gRPC's callers are told.
PAGE_ERRORS = {
    "FIELD_INVALID": (400, "invalid_request_error"),
    "UPSTREAM_REFUSED_REQUEST": (400, "invalid_request_error"),
    "UPSTREAM_CREDENTIAL_INVALID": (500, "server_error"),
    "UPSTREAM_BALANCE_EXHAUSTED": (500, "server_error"),
    "UPSTREAM_FORBIDDEN": (500, "server_error"),
    "UPSTREAM_MISCONFIGURED": (500, "server_error"),
    "UPSTREAM_RATE_LIMITED": (429, "rate_limit_error"),
    "UPSTREAM_UNAVAILABLE": (502, "bad_gateway"),
    "UPSTREAM_OUTCOME_UNKNOWN": (502, "outcome_unknown"),
    "SUBMISSION_ABANDONED": (409, "submission_abandoned"),
}


class Answer:
    """One HTTP answer, read whole."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode("utf-8")

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def error(self):
        return self.json["error"]


@functools.lru_cache(maxsize=1)
def _document_of(http_address):
    with urllib.request.urlopen(f"http://{http_address}/v1/openapi.json") as answer:
        return Document(json.load(answer))


class HttpCase(Case):
    """A simulator and a server with its JSON front. Whatever it answers must be in its OpenAPI document."""

    def setUp(self):
        super().setUp()
        self.upstream = self.simulator()
        self.genledger = self.server(self.upstream.url)

    @property
    def document(self):
        return _document_of(self.genledger.http_address)

    def ask(self, method, path, body=None, server=None, **headers):
        """One request on a connection of its own; body: JSON, or text as it is."""
        connection = http.client.HTTPConnection((server or self.genledger).http_address, timeout=PATIENCE_SECONDS)
        self.addCleanup(connection.close)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = (body if isinstance(body, (str, bytes)) else json.dumps(body))
            body = body.encode("utf-8") if isinstance(body, str) else body
        # Read before the request, which may be the server's last.
        document = _document_of((server or self.genledger).http_address)
        connection.request(method, path, body=body, headers=headers)
        answer = Answer(connection.getresponse())
        document.check_answer(self, method, path, answer)
        return answer

    def generate(self, body, **headers):
        return self.ask("POST", GENERATIONS, body, **headers)

    def assert_page_error(self, answer, status, kind):
        self.assertEqual(answer.status, status, answer.text)
        self.assertEqual(list(answer.json), ["error"])
        self.assertEqual(list(answer.error), ["code", "message", "type"])
        self.assertEqual((answer.error["code"], answer.error["type"]), (status, kind), answer.text)
        self.assertTrue(answer.error["message"])


class PageTest(HttpCase):
    """POST /v1/videos/generations and GET /v1/tasks/{task_id}: the upstream's form."""

    def test_the_pages_own_example_with_curl(self):
        run = subprocess.run(
            ["curl", "--silent", "--show-error", "--request", "POST", "--url",
             f"http://{self.genledger.http_address}{GENERATIONS}", "--header", "Authorization: Bearer <token>",
             "--header", "Content-Type: application/json", "--data", json.dumps(EXAMPLE, ensure_ascii=False)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
        answer = json.loads(run.stdout)
        self.assertEqual(list(answer), ["code", "data"])
        self.assertEqual(answer["code"], 200)
        self.assertEqual(list(answer["data"][0]), ["status", "task_id"])
        self.assertEqual(answer["data"][0]["status"], "submitted")
        self.assertEqual(self.genledger.get(task_id=answer["data"][0]["task_id"]).task_id,
                         answer["data"][0]["task_id"])
        self.assertEqual(self.upstream.stats()["posts_received"], 1)

    def test_a_repeat_is_answered_from_the_ledger_and_says_so(self):
        first = self.generate(EXAMPLE)
        joined = self.generate(EXAMPLE)
        self.assertEqual((first.status, joined.status), (200, 200))
        self.assertEqual(first.text, joined.text)
        self.assertEqual(first.headers["Genledger-Dedupe"], "created")
        self.assertIsNone(first.headers["Idempotency-Replayed"])
        self.assertEqual(joined.headers["Genledger-Dedupe"], "joined")
        self.assertEqual(joined.headers["Idempotency-Replayed"], "true")
        self.assertEqual(first.headers["Genledger-Submission-Id"], joined.headers["Genledger-Submission-Id"])
        self.assertEqual(self.upstream.stats()["posts_received"], 1)

    def test_an_idempotency_key_is_the_request_id(self):
        first = self.generate(EXAMPLE, Idempotency_Key="job-1")
        replay = self.generate(EXAMPLE, Idempotency_Key="job-1")
        self.assertEqual(replay.text, first.text)
        self.assertEqual(replay.headers["Genledger-Dedupe"], "replayed")
        self.assertEqual(replay.headers["Idempotency-Replayed"], "true")
        self.assertEqual(self.genledger.get(request_id="job-1").task_id, first.json["data"][0]["task_id"])
        other = self.generate({"prompt": "another"}, Idempotency_Key="job-1")
        self.assert_page_error(other, 409, "idempotency_key_reused")
        self.assertEqual(other.headers["Genledger-Submission-Id"], first.headers["Genledger-Submission-Id"])
        for key in ("", "a b", "x" * 129):
            bad = self.generate(EXAMPLE, Idempotency_Key=key)
            self.assert_page_error(bad, 400, "invalid_request_error")
            self.assertIn("Idempotency-Key", bad.error["message"])
        self.assertEqual(self.upstream.stats()["posts_received"], 1)

    def test_a_wait_that_ends_without_a_task_id_says_when_to_retry_and_the_retry_joins(self):
        self.upstream.rules({"do": "hold", "when": {"count": 1}})
        pending = self.generate({"prompt": "slow"}, Idempotency_Key="slow", Prefer="wait=0")
        self.assert_page_error(pending, 503, "submission_pending")
        self.assertGreaterEqual(int(pending.headers["Retry-After"]), 1)
        self.assertTrue(pending.headers["Genledger-Submission-Id"])
        again = self.generate({"prompt": "slow"}, Idempotency_Key="slow", Prefer="wait=0")
        self.assertEqual(again.headers["Genledger-Submission-Id"], pending.headers["Genledger-Submission-Id"])
        self.assertEqual(again.headers["Genledger-Dedupe"], "replayed")
        self.assertEqual(self.upstream.stats()["posts_received"], 1)

    def test_an_unknown_outcome_invites_no_retry(self):
        self.upstream.rules({"do": "reset", "at": "body"})
        answer = self.generate({"prompt": "lost"})
        self.assert_page_error(answer, 502, "outcome_unknown")
        self.assertIsNone(answer.headers["Retry-After"])
        self.assertEqual(answer.headers["Genledger-Reason"], "UPSTREAM_OUTCOME_UNKNOWN")

    def test_every_fault_is_listed_by_its_name_and_nothing_is_written(self):
        answer = self.generate({"model": "veo3.1-lite", "prompt": 5, "duration": "long", "seed": 1, "resolution": "8k",
                                "n": 2, "image_urls": 5})
        self.assert_page_error(answer, 400, "invalid_request_error")
        for field in ("prompt", "duration", "seed", "resolution", "n", "image_urls"):
            # Once: what could not be read is not judged as absent, too.
            self.assertEqual(len(re.findall(rf"(?:^| ){field}: ", answer.error["message"])), 1, answer.text)
        self.assertNotIn("spec.", answer.error["message"])
        self.assertEqual(self.ask("GET", "/v1/submissions").json, {})
        self.assertEqual(self.upstream.stats()["posts_received"], 0)

    def test_at_most_sixteen_faults_are_told(self):
        answer = self.generate({f"unknown{i}": i for i in range(40)})
        # 40 names, and before them the prompt that is missing.
        self.assertEqual(len(re.findall(r"unknown[0-9]+: ", answer.error["message"])), 15)
        self.assertIn("and 25 more", answer.error["message"])

    def test_strict_json(self):
        prompt = '"prompt": "a cat"'
        for name, body in (("not JSON", "prompt=a"), ("trailing garbage", f"{{{prompt}}} x"), ("two values", "{} {}"),
                           ("duplicate", f"{{{prompt}, {prompt}}}"), ("array", "[]"), ("string", '"a"'),
                           ("null", "null"), ("cut short", f"{{{prompt}"), ("comma", f"{{{prompt},}}"),
                           ("comment", f"{{{prompt} /* x */}}"), ("NaN", f'{{{prompt}, "duration": NaN}}'),
                           ("Infinity", f'{{{prompt}, "duration": Infinity}}'), ("single quotes", "{'prompt': 'a'}"),
                           ("control", '{"prompt": "a\nb"}'), ("surrogate", '{"prompt": "\\ud800"}'),
                           ("deep", '{"prompt": ' + "[" * 100 + "]" * 100 + "}"),
                           ("range", f'{{{prompt}, "duration": 1e999}}'),
                           ("integer range", f'{{{prompt}, "duration": 99999999999999999999}}'),
                           ("32 bits", f'{{{prompt}, "duration": 4294967304}}'), ("nothing", "")):
            with self.subTest(name):
                self.assert_page_error(self.generate(body), 400, "invalid_request_error")
        for name, body in (("BOM", b"\xef\xbb\xbf{}"), ("UTF-16", '{"prompt": "a"}'.encode("utf-16")),
                           ("not UTF-8", b'{"prompt": "\xff"}'), ("NUL", b'{"prompt": "a"}\0'),
                           ("overlong", b'{"prompt": "\xc0\xaf"}')):
            with self.subTest(name):
                self.assert_page_error(self.generate(body), 400, "invalid_request_error")
        self.assertEqual(self.upstream.stats()["posts_received"], 0)

    def test_the_json_vectors_of_the_validation_rules(self):
        vectors = [vector for vector in VECTORS if "json" in vector]
        self.assertGreater(len(vectors), 5)
        for vector in vectors:
            with self.subTest(vector["json"]):
                answer = self.generate(vector["json"])
                if vector["violations"]:
                    self.assert_page_error(answer, 400, "invalid_request_error")
                    for field in vector["violations"]:
                        self.assertIn(field.removeprefix("spec."), answer.error["message"])
                else:
                    self.assertEqual(answer.status, 200, answer.text)

    def test_media_types(self):
        body = json.dumps(EXAMPLE)
        for content_type in ("application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'):
            self.assertEqual(self.generate(body, Content_Type=content_type).status, 200, content_type)
        for content_type in ("text/plain", "application/json; charset=latin1", "application/x-www-form-urlencoded", ""):
            self.assert_page_error(self.generate(body, Content_Type=content_type), 415, "invalid_request_error")
        self.assert_page_error(self.generate(body, Content_Encoding="gzip"), 415, "invalid_request_error")
        self.assertEqual(self.generate(body, Content_Encoding="identity").status, 200)

    def test_web_pages_of_other_sites_can_do_nothing(self):
        genledger = self.genledger.http_address
        cancel = "/v1/submissions/" + self.generate(EXAMPLE).headers["Genledger-Submission-Id"] + ":cancel"
        # What a browser sends without asking first: text, and a POST without a body.
        self.assert_page_error(self.generate(json.dumps({"prompt": "a"}), Content_Type="text/plain",
                                             Origin="http://evil.example"), 403, "permission_error")
        self.assertEqual(self.ask("POST", cancel, Origin="http://evil.example").status, 403)
        self.assertEqual(self.ask("POST", cancel, Origin="null").status, 403)
        # What it asks first, in vain.
        asked = self.ask("OPTIONS", GENERATIONS, Origin="http://evil.example", Access_Control_Request_Method="POST",
                         Access_Control_Request_Headers="content-type")
        self.assertEqual(asked.status, 403)
        self.assertIsNone(asked.headers["Access-Control-Allow-Origin"])
        # What it sends after its own name was made to lead here.
        for headers in ({"Host": "evil.example"}, {"Host": "evil.example", "Origin": "http://evil.example"}):
            self.assert_page_error(self.generate({"prompt": "a"}, **headers), 403, "permission_error")
            self.assertEqual(self.ask("GET", "/v1/submissions", **headers).status, 403)
        self.assertEqual(self.upstream.stats()["posts_received"], 1)
        for headers in ({"Host": "localhost:8080"}, {"Origin": f"http://{genledger}"}):
            self.assertEqual(self.ask("POST", cancel, **headers).status, 200)

    def test_names_are_taken_where_everybody_may_come(self):
        server = self.server(self.upstream.url, "--insecure_any_address", store=f"sqlite:{self.directory / 'other.db'}")
        self.assertEqual(self.ask("GET", "/v1/submissions", server=server, Host="genledger.example").status, 200)

    def test_messages_in_chinese_where_they_are_asked_for(self):
        chinese = self.generate({"seed": 1}, Accept_Language="zh-CN,zh;q=0.9,en;q=0.5")
        self.assertIn("未知字段", chinese.error["message"])
        self.assertIn("seed", chinese.error["message"])
        english = self.generate({"seed": 1}, Accept_Language="en,zh;q=0.5")
        self.assertIn("Unknown field", english.error["message"])
        self.assertEqual(self.ask("GET", "/v1/tasks/task_x", Accept_Language="zh").error["message"], "无效的任务ID")

    def test_a_task_is_what_the_ledger_knows_of_it(self):
        task_id = self.generate(EXAMPLE).json["data"][0]["task_id"]
        answer = self.ask("GET", f"/v1/tasks/{urllib.parse.quote(task_id, safe='')}")
        self.assertEqual(answer.json, {"code": 200, "data": {"id": task_id, "status": "submitted"}})
        self.assertTrue(answer.headers["Genledger-Submission-Id"])
        self.assert_page_error(self.ask("GET", "/v1/tasks/task_unknown"), 400, "invalid_request_error")

    def test_the_body_limit_is_that_of_grpc(self):
        too_long = self.generate(b'{"prompt": "' + b"a" * (1024 * 1024) + b'"}')
        self.assert_page_error(too_long, 413, "invalid_request_error")

    def test_what_curl_does_with_large_bodies_works(self):
        body = json.dumps({"prompt": "a" * 9000}) + " " * 900_000
        path = self.directory / "body.json"
        path.write_text(body, encoding="utf-8")
        for flags in (["-H", "Expect: 100-continue"], ["-H", "Transfer-Encoding: chunked"]):
            run = subprocess.run(
                ["curl", "-sS", "-w", "%{http_code}", "-o", "/dev/null", "-H", "Content-Type: application/json", *flags,
                 "--data-binary", f"@{path}", f"http://{self.genledger.http_address}{GENERATIONS}"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
            self.assertEqual(run.stdout, "200")

    def test_a_drain_answers_who_waits_and_refuses_who_comes(self):
        self.upstream.rules({"do": "hold"})
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(
            self.generate({"prompt": "slow"}, Prefer="wait=30")))
        waiting.start()
        wait_until(lambda: self.upstream.stats()["bodies_complete"] == 1, "the POST")
        self.genledger.process.signal(signal.SIGTERM)
        waiting.join(PATIENCE_SECONDS)
        self.assert_page_error(answers[0], 503, "submission_pending")
        with self.assertRaises(OSError):
            self.ask("GET", "/livez")


class OutcomeTest(HttpCase):
    """The outcome table as it is told over HTTP: rows without options of their own in the upstream's form."""

    def setUp(self):
        Case.setUp(self)
        self.keys = [f"sk-row-{number}" for number in range(len(table.OUTCOMES))]
        self.upstream = self.simulator(f"--api_keys={','.join(self.keys)}")
        self.port = self.upstream.url.rpartition(":")[2]

    def observe(self, number, row):
        directory = self.directory / str(number)
        directory.mkdir()
        # A server for each row: no circuit breaker of one is met by another.
        server = table.Server(directory, row.upstream_url.format(port=self.port) or self.upstream.url, *row.flags,
                              api_key=self.keys[number])
        self.addCleanup(server.kill)
        if row.fields:
            options = dict(row.fields)
            if "submit_within" in options:
                options["submit_within"] = f"{options['submit_within']['seconds']}s"
            answer = self.ask("POST", "/v1/submissions", {"spec": {"prompt": row.name}, "wait": "30s", **options},
                              server=server)
        else:
            answer = self.generate({"prompt": row.name}, server=server, Prefer="wait=30")
        server.kill()
        return answer

    def check(self, row, answer):
        if row.fields:
            self.assertEqual(answer.headers["Genledger-Reason"], row.seen.reason, answer.text)
        elif row.seen.code != table.OK:
            self.assert_page_error(answer, *PAGE_ERRORS[row.seen.reason])
        elif row.seen.state == "PENDING":
            self.assert_page_error(answer, 503, "submission_pending")
            self.assertTrue(answer.headers["Retry-After"])
        else:
            self.assertEqual(answer.status, 200, answer.text)
            self.assertTrue(answer.json["data"][0]["task_id"])
        if row.seen.code != table.OK:
            self.assertEqual(answer.headers["Retry-After"] is None, row.seen.retry_is_useless, answer.text)

    def test_every_row(self):
        self.upstream.rules(*(
            {**rule, "when": {**rule.get("when", {}), "credential": key}}
            for key, row in zip(self.keys, table.OUTCOMES) for rule in row.rules))
        with concurrent.futures.ThreadPoolExecutor(table.ROWS_AT_ONCE) as pool:
            answers = list(pool.map(self.observe, range(len(table.OUTCOMES)), table.OUTCOMES))
        for row, answer in zip(table.OUTCOMES, answers):
            with self.subTest(row.name):
                self.check(row, answer)


class ApiTest(HttpCase):
    """The whole gRPC API as JSON."""

    def submit(self, prompt, **fields):
        answer = self.ask("POST", "/v1/submissions", {"spec": {"prompt": prompt}, **fields})
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json["submission"]

    def assert_error(self, answer, status, code, reason):
        self.assertEqual(answer.status, status, answer.text)
        self.assertEqual((answer.error["code"], answer.error["status"]), (status, code))
        info = answer.error["details"][0]
        self.assertEqual(info["@type"], "type.googleapis.com/google.rpc.ErrorInfo")
        self.assertEqual((info["domain"], info["reason"]), ("genledger", reason))

    def test_submit_get_and_look_up(self):
        submitted = self.submit("a cat", requestId="r-1", labels={"team": "x"}, submit_within="60s")
        self.assertEqual(submitted["state"], "STATE_SUBMITTED")
        found = self.ask("GET", f"/v1/submissions/{submitted['id']}").json
        self.assertEqual(found["taskId"], submitted["taskId"])
        self.assertEqual(found["labels"], {"team": "x"})
        self.assertEqual(found["revision"], submitted["revision"])
        self.assertEqual(len(found["attempts"]), 1)
        basic = self.ask("GET", f"/v1/submissions/{submitted['id']}?view=SUBMISSION_VIEW_BASIC").json
        self.assertNotIn("attempts", basic)
        for query in ("requestId=r-1", "request_id=r-1", f"taskId={submitted['taskId']}"):
            self.assertEqual(self.ask("GET", f"/v1/submissions:lookup?{query}").json["id"], submitted["id"])
        self.assert_error(self.ask("GET", "/v1/submissions/sub_none"), 404, "NOT_FOUND", "SUBMISSION_NOT_FOUND")
        self.assert_error(self.ask("GET", "/v1/submissions:lookup"), 400, "INVALID_ARGUMENT", "FIELD_INVALID")

    def test_lists_batches_models_and_status(self):
        ids = [self.submit(f"cat {number}")["id"] for number in range(3)]
        page = self.ask("GET", "/v1/submissions?pageSize=2&filter=state%20%3D%20SUBMITTED&order_by=create_time").json
        self.assertEqual([s["id"] for s in page["submissions"]], ids[:2])
        rest = self.ask("GET", "/v1/submissions?" + urllib.parse.urlencode(
            {"pageSize": 2, "filter": "state = SUBMITTED", "orderBy": "create_time",
             "pageToken": page["nextPageToken"]})).json
        self.assertEqual([s["id"] for s in rest["submissions"]], ids[2:])
        batch = self.ask("GET", f"/v1/submissions:batchGet?ids={ids[1]}&ids={ids[0]}&view=1").json
        self.assertEqual([s["id"] for s in batch["submissions"]], [ids[1], ids[0]])
        self.assertEqual(len(self.ask("GET", "/v1/models").json["models"]), 3)
        status = self.ask("GET", "/v1/admin/status").json
        self.assertTrue(status["ready"])
        self.assertEqual(status["submissionsByState"]["SUBMITTED"], "3")

    def test_cancel_release_retry_and_resolve(self):
        submitted = self.submit("a cat")
        path = f"/v1/submissions/{submitted['id']}"
        self.assertEqual(self.ask("POST", f"{path}:cancel").json["outcome"], "OUTCOME_TOO_LATE")
        stale = self.ask("POST", f"{path}:releaseDedupe", {"etag": "stale"})
        self.assert_error(stale, 409, "ABORTED", "ETAG_MISMATCH")
        released = self.ask("POST", f"{path}:releaseDedupe", {"etag": submitted["etag"]})
        self.assertEqual(released.status, 200, released.text)
        self.assertNotEqual(self.submit("a cat")["id"], submitted["id"])
        self.upstream.rules({"do": "reset", "at": "body"})
        lost = self.ask("POST", "/v1/submissions", {"spec": {"prompt": "lost"}})
        self.assert_error(lost, 400, "FAILED_PRECONDITION", "UPSTREAM_OUTCOME_UNKNOWN")
        lost_id = lost.headers["Genledger-Submission-Id"]
        bulk = self.ask("POST", "/v1/admin/submissions:bulkResolve",
                        {"resolution": {"abandon": {}, "note": "x"}, "dryRun": True}).json
        self.assertEqual(bulk, {"matched": "1", "sampleIds": [lost_id]})
        resolved = self.ask("POST", f"/v1/admin/submissions/{lost_id}:resolve",
                            {"resolution": {"declareNotAccepted": {}, "note": "looked it up"}})
        self.assertEqual(resolved.json["state"], "STATE_FAILED", resolved.text)
        self.upstream.rules()
        retried = self.ask("POST", f"/v1/admin/submissions/{lost_id}:retry", {"note": "again"})
        self.assertEqual(retried.status, 200, retried.text)
        wait_until(lambda: self.genledger.get(id=lost_id).task_id, "the new run")

    def test_faults_name_their_fields(self):
        answer = self.ask("POST", "/v1/submissions", {"spec": {"prompt": 1, "seed": 2}, "wait": "soon", "labels": [],
                                                      "requestId": "a", "request_id": "b", "dedupeMode": "NONE",
                                                      "labelz": {}})
        self.assert_error(answer, 400, "INVALID_ARGUMENT", "FIELD_INVALID")
        violations = {v["field"]: v["description"] for v in answer.error["details"][1]["fieldViolations"]}
        self.assertEqual(set(violations), {"spec.prompt", "spec.seed", "wait", "labels", "request_id", "dedupe_mode",
                                           "labelz"})
        chinese = self.ask("POST", "/v1/submissions", {"spec": {"seed": 2}}, Accept_Language="zh")
        self.assertTrue(any("未知字段" in v["description"] for v in chinese.error["details"][1]["fieldViolations"]))

    def test_paths_and_queries_are_read_strictly(self):
        for path in ("/v1/submissions?pageSize=x", "/v1/submissions?pageSize=1&page_size=2", "/v1/submissions?page=1",
                     "/v1/submissions/sub_x?id=sub_y", "/v1/submissions:lookup?requestId=a&taskId=b",
                     "/v1/submissions:lookup?view=3", "/v1/submissions/sub_x?wait=5", "/v1/models?x=1"):
            self.assert_error(self.ask("GET", path), 400, "INVALID_ARGUMENT", "FIELD_INVALID")
        for path in ("/v1/submissions?pageSize=%zz", "/v1/submissions?filter=%ff"):
            self.assertEqual(self.ask("GET", path).status, 400)
        self.assert_error(self.ask("POST", "/v1/submissions/sub_x:cancel", {"id": "sub_y"}), 400, "INVALID_ARGUMENT",
                          "FIELD_INVALID")
        self.assert_error(self.ask("POST", "/v1/submissions/sub_x:cancel?etag=x", {}), 400, "INVALID_ARGUMENT",
                          "FIELD_INVALID")
        for path in ("/", "/v1", "/v1/submissions/", "/v1/nothing", "/v2/submissions", "/v1/submissions/a/b"):
            self.assertEqual(self.ask("GET", path).status, 404, path)
        wrong = self.ask("DELETE", "/v1/submissions/sub_x")
        self.assertEqual((wrong.status, wrong.headers["Allow"]), (405, "GET"))
        self.assertEqual(self.ask("GET", GENERATIONS).headers["Allow"], "POST")

    def test_a_long_poll_answers_when_something_changes(self):
        self.upstream.rules({"status": 429, "retry_after": 1, "when": {"count": 1}})
        waiting = self.submit("a cat", wait="0s")
        answer = self.ask("GET", f"/v1/submissions/{waiting['id']}?waitForRevisionAfter={waiting['revision']}&wait=20s")
        self.assertGreater(int(answer.json["revision"]), int(waiting["revision"]))

    def test_health(self):
        for path in ("/livez", "/readyz", "/healthz"):
            answer = self.ask("GET", path)
            self.assertEqual(answer.status, 200)
        self.assertEqual(self.ask("GET", "/readyz").text, "ready\n")
        self.assertEqual(self.ask("HEAD", "/readyz").text, "")


class EventsTest(HttpCase):
    """Server-sent events, with curl -N as a client of them."""

    def watch(self, path, *flags):
        """The events of a stream that ends by itself, as (event, id, data)."""
        run = subprocess.run(["curl", "-sSN", "--max-time", str(PATIENCE_SECONDS), *flags,
                              f"http://{self.genledger.http_address}{path}"],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS + 5,
                             check=True)
        return [self.parse(block) for block in run.stdout.split("\n\n") if block]

    @staticmethod
    def parse(block):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line)
        return fields.get("event"), int(fields.get("id", 0)), json.loads(fields["data"])

    def submission(self):
        self.generate(EXAMPLE)
        return self.ask("GET", "/v1/submissions").json["submissions"][0]

    def test_a_stream_ends_with_its_submission(self):
        submission = self.submission()
        events = self.watch(f"/v1/submissions/{submission['id']}:watch")
        self.assertEqual([event for event, _, _ in events], ["snapshot", "end"])
        self.assertEqual(events[0][1], int(submission["revision"]))
        self.assertEqual(events[0][2]["taskId"], submission["taskId"])

    def test_a_stream_goes_on_after_the_last_event_that_was_seen(self):
        submission = self.submission()
        path = f"/v1/submissions/{submission['id']}:watch"
        events = self.watch(path, "-H", "Last-Event-ID: 1")
        self.assertEqual([event for event, _, _ in events],
                         ["snapshot"] + ["event"] * (int(submission["revision"]) - 1) + ["end"])
        self.assertEqual([number for _, number, _ in events[1:-1]], list(range(2, int(submission["revision"]) + 1)))
        self.assertEqual(events[0][1], 0)  # its id would skip the events after it
        self.assertEqual(self.watch(f"{path}?afterRevision=1"), events)
        self.assertEqual(self.watch(f"{path}?afterRevision=2", "-H", "Last-Event-ID: 1"), events)

    def test_changes_come_as_they_happen(self):
        self.upstream.rules({"status": 429, "retry_after": 1, "when": {"count": 1}})
        waiting = self.ask("POST", "/v1/submissions", {"spec": {"prompt": "a"}, "requestId": "r", "wait": "0s"}).json
        events = self.watch("/v1/submissions:watch?requestId=r")
        self.assertEqual(events[-1][0], "end")
        self.assertEqual([event for event, _, _ in events[1:-1]], ["event"] * (len(events) - 2))
        self.assertIn("accepted", [data["type"] for event, _, data in events if event == "event"])
        self.assertEqual(waiting["submission"]["id"], events[0][2]["id"])

    def test_errors_come_before_a_stream(self):
        self.assertEqual(self.ask("GET", "/v1/submissions/sub_none:watch").status, 404)
        submission = self.submission()
        path = f"/v1/submissions/{submission['id']}:watch"
        self.assertEqual(self.ask("GET", path, Accept="application/json").status, 406)
        self.assertEqual(self.ask("GET", path, Last_Event_ID="x").status, 400)

    def test_a_drain_tells_where_to_go_on(self):
        self.upstream.rules({"do": "hold"})
        waiting = self.ask("POST", "/v1/submissions", {"spec": {"prompt": "a"}, "wait": "0s"}).json["submission"]
        with subprocess.Popen(
                ["curl", "-sSN", f"http://{self.genledger.http_address}/v1/submissions/{waiting['id']}:watch"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as curl:
            for line in curl.stdout:
                if line.startswith("data: "):
                    break
            self.genledger.process.signal(signal.SIGTERM)
            self.assertIn("event: resume\n", list(curl.stdout))


class LifeTest(HttpCase):
    """--http_listen, from the start to the drain."""

    def setUp(self):
        Case.setUp(self)

    def test_probes_are_told_of_a_drain_before_anything_is_refused(self):
        server = self.server("http://127.0.0.1:1", "--drain_delay=2s")
        self.assertEqual(self.ask("GET", "/readyz", server=server).status, 200)
        server.process.signal(signal.SIGTERM)
        drained = wait_until(lambda: next(iter([answer for answer in [self.ask("GET", "/readyz", server=server)]
                                                if answer.status == 503]), None), "readiness to end")
        self.assertEqual(drained.text, "this server is shutting down\n")
        self.assertEqual(self.ask("GET", "/livez", server=server).status, 200)
        self.assertEqual(server.process.wait(), 0)

    def test_no_front_where_none_is_wanted(self):
        server = self.server("http://127.0.0.1:1", "--http_listen=")
        self.assertIsNone(server.http_address)


if __name__ == "__main__":
    main()
