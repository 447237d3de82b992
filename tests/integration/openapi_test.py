"""The OpenAPI document is true: what the server answers, well or badly, is what the document says it may answer."""

import json
import re

import jsonschema

from harness import EXAMPLE, main, wait_until
from http_test import GENERATIONS, PAGE_ERRORS, HttpCase


class OpenApiTest(HttpCase):
    def setUp(self):
        super().setUp()
        self.seen = set()

    def check(self, method, path, body=None, status=200, **headers):
        """Asks, and holds request and answer against the document."""
        found = self.document.operation(method, path)
        self.assertIsNotNone(found, f"{method} {path} is not in the document")
        template, operation = found
        if status == 200 and body is not None:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            self.document.validator(schema).validate(body)
        if status == 200 and "?" in path:
            known = {p["name"] for p in operation["parameters"] if p["in"] == "query"}
            self.assertLessEqual({part.split("=")[0] for part in path.split("?")[1].split("&")}, known)
        answer = self.ask(method, path, body, **headers)
        self.assertEqual(answer.status, status, answer.text)
        if status == 200 and answer.headers["Content-Type"].startswith("application/json"):
            self.seen.add((template, method))
        return answer

    def operations(self):
        return [(template, method.upper(), operation) for template, item in self.document.all["paths"].items()
                for method, operation in item.items()]

    def test_the_document_is_openapi(self):
        self.assertEqual(self.document.all["openapi"], "3.1.0")
        components = self.document.all["components"]
        for kind, reference in re.findall(r'"#/components/(\w+)/([^"]*)"', json.dumps(self.document.all)):
            self.assertIn(reference, components[kind])
        for schema in components["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)
        ids = [operation["operationId"] for _, _, operation in self.operations()]
        self.assertEqual(len(ids), len(set(ids)))
        for template, _, operation in self.operations():
            in_path = [p["name"] for p in operation.get("parameters", []) if p["in"] == "path"]
            self.assertEqual(re.findall(r"{([^}]*)}", template), in_path)

    def test_every_operation_tells_its_errors_and_takes_a_language(self):
        for template, method, operation in self.operations():
            responses, asked = operation["responses"], f"{method} {template}"
            self.assertLessEqual({"200", "403", "413", "default"}, set(responses), asked)
            if operation.get("security") == []:
                continue  # the probes and this document
            self.assertLessEqual({"400", "401", "429", "500", "503"}, set(responses), asked)
            self.assertIn("WWW-Authenticate", responses["401"]["headers"], asked)
            self.assertIn("Retry-After", responses["429"]["headers"], asked)
            self.assertIn("Accept-Language", [p["name"] for p in operation["parameters"]], asked)
        _, submit = self.document.operation("POST", GENERATIONS)
        self.assertLessEqual({"409", "415", "502"}, set(submit["responses"]))
        self.assertLessEqual({"Idempotency-Replayed", "Genledger-Dedupe", "Genledger-Submission-Id"},
                             set(submit["responses"]["200"]["headers"]))

    def test_a_key_in_the_path_excludes_the_others(self):
        def keys(path, method="GET"):
            _, operation = self.document.operation(method, path)
            return {p["name"] for p in operation["parameters"] if p["in"] == "query"} & {"id", "requestId", "taskId"}

        self.assertEqual(keys("/v1/submissions/sub_x"), set())
        self.assertEqual(keys("/v1/submissions/sub_x:watch"), set())
        self.assertEqual(keys("/v1/submissions:lookup"), {"id", "requestId", "taskId"})
        _, cancel = self.document.operation("POST", "/v1/submissions/sub_x:cancel")
        body = cancel["requestBody"]["content"]["application/json"]["schema"]["properties"]
        self.assertEqual(set(body), {"etag", "tenant"})

    def test_the_body_of_the_page_says_what_the_server_takes(self):
        _, submit = self.document.operation("POST", GENERATIONS)
        valid = self.document.validator(submit["requestBody"]["content"]["application/json"]["schema"]).is_valid
        for body in (EXAMPLE, {"prompt": "x"}, {"prompt": "x", "image_urls": "https://example.com/a.png"},
                     {"prompt": "x", "image_urls": ["https://example.com/a.png"] * 2, "generation_type": "frame"},
                     {"prompt": "x", "model": "veo3.1-lite", "duration": 8, "resolution": "4k", "aspect_ratio": "9:16"}):
            self.assertTrue(valid(body), body)
            self.assertEqual(self.generate(body).status, 200, body)
        for fields in ({"prompt": ""}, {"prompt": "x" * 16385}, {"model": "veo3"}, {"duration": 5},
                       {"resolution": "8k"}, {"aspect_ratio": "1:1"}, {"generation_type": "text"},
                       {"image_urls": ["https://example.com/a.png"] * 4},
                       {"image_urls": ["https://example.com/" + "a" * 2048 + ".png"]}, {"enable_gif": 2},
                       {"seed": 1}):
            body = {"prompt": "x", **fields}
            self.assertFalse(valid(body), fields)
            self.assertEqual(self.generate(body).status, 400, fields)
        self.assertFalse(valid({"model": "veo3.1-fast"}))
        self.assertEqual(self.generate({"model": "veo3.1-fast"}).status, 400)
        types = self.document.all["components"]["schemas"]["PageError"]["properties"]["error"]["properties"]["type"]
        self.assertLessEqual({kind for _, kind in PAGE_ERRORS.values()} | {"submission_pending"}, set(types["enum"]))

    def test_a_wrong_answer_would_be_noticed(self):
        schema = self.document.operation("GET", "/v1/models")[1]["responses"]["200"]["content"]["application/json"]["schema"]
        for wrong in ([], {"model": []}, {"models": [{"nome": "x"}]}, {"models": [{"imageUrlsMax": "3"}]}):
            with self.assertRaises(jsonschema.ValidationError):
                self.document.validator(schema).validate(wrong)
        answer = self.ask("GET", "/v1/models")
        answer.headers["Genledger-New"] = "x"
        with self.assertRaises(AssertionError):
            self.document.check_answer(self, "GET", "/v1/models", answer)

    def test_every_answer(self):
        task_id = self.check("POST", GENERATIONS, EXAMPLE).json["data"][0]["task_id"]
        self.check("POST", GENERATIONS, {"seed": 1}, status=400)
        self.check("GET", f"/v1/tasks/{task_id}")
        self.check("GET", "/v1/tasks/task_none", status=400)
        submitted = self.check("POST", "/v1/submissions", {
            "spec": {"prompt": "a cat", "duration": 8, "imageUrls": ["https://example.com/a.png"]}, "requestId": "r",
            "labels": {"team": "x"}, "wait": "20s", "dedupeMode": "DEDUPE_MODE_CONTENT"}).json["submission"]
        preview = self.check("POST", "/v1/submissions", {"spec": {"prompt": "a dog"}, "validateOnly": True})
        self.assertIn("preview", preview.json)
        self.check("POST", "/v1/submissions", {"spec": {"prompt": 1}}, status=400)
        path = f"/v1/submissions/{submitted['id']}"
        self.check("GET", path)
        self.check("GET", "/v1/submissions/sub_none", status=404)
        self.check("GET", "/v1/submissions:lookup?requestId=r&view=SUBMISSION_VIEW_FULL")
        self.check("GET", f"/v1/submissions:batchGet?ids={submitted['id']}")
        self.check("GET", "/v1/submissions?pageSize=1")
        self.check("GET", f"{path}:watch")
        self.check("GET", "/v1/submissions:watch?requestId=none", status=404)
        self.check("POST", f"{path}:cancel", {})
        self.check("POST", "/v1/submissions:cancel", {"requestId": "r"})
        self.check("POST", f"{path}:releaseDedupe", {"etag": "x"}, status=409)
        self.check("POST", f"{path}:releaseDedupe", {})
        self.check("GET", "/v1/models")
        self.check("GET", "/v1/admin/status")
        self.upstream.rules({"do": "reset", "at": "body"})
        lost = self.check("POST", "/v1/submissions", {"spec": {"prompt": "lost"}}, status=400)
        lost_path = f"/v1/admin/submissions/{lost.headers['Genledger-Submission-Id']}"
        self.check("POST", "/v1/admin/submissions:bulkResolve",
                   {"resolution": {"abandon": {}, "note": "x"}, "dryRun": True})
        self.check("POST", f"{lost_path}:resolve", {"resolution": {"declareNotAccepted": {}, "note": "x"}})
        self.upstream.rules()
        self.check("POST", f"{lost_path}:retry", {"note": "again"})
        wait_until(lambda: self.genledger.get(id=lost.headers["Genledger-Submission-Id"]).task_id, "the new run")
        self.check("GET", lost_path.replace("/admin", ""))  # with a failure behind it, and two attempts
        self.check("GET", "/v1/openapi.json")
        for probe in ("/livez", "/readyz", "/healthz"):
            self.check("GET", probe)
        # Every route was answered well at least once.
        self.assertEqual(self.seen, {
            (template, method) for template, method, operation in self.operations()
            if "application/json" in operation["responses"]["200"]["content"]})


if __name__ == "__main__":
    main()
