"""The OpenAPI document is true: what the server answers, well or badly, is what the document says it may answer."""

import json
import re

import jsonschema

from harness import EXAMPLE, main, wait_until
from http_test import GENERATIONS, HttpCase


class OpenApiTest(HttpCase):
    def setUp(self):
        super().setUp()
        answer = self.ask("GET", "/v1/openapi.json")
        self.assertEqual(answer.headers["Content-Type"], "application/json; charset=utf-8")
        self.document = answer.json
        self.seen = set()

    def validator(self, schema):
        """Of a schema of the document, which may refer to others of it."""
        return jsonschema.Draft202012Validator({**schema, "components": self.document["components"]},
                                               format_checker=jsonschema.FormatChecker())

    def operation(self, method, path):
        """The path template and the operation that a request is for; one with a verb comes before one without."""
        found = [(template, item) for template, item in self.document["paths"].items()
                 if re.fullmatch(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template)), path.split("?")[0])
                 and method.lower() in item]
        self.assertTrue(found, f"{method} {path} is not in the document")
        template, item = max(found, key=lambda entry: entry[0].count(":"))
        return template, item[method.lower()]

    def check(self, method, path, body=None, status=200, **headers):
        """Asks, and holds request and answer against the document."""
        template, operation = self.operation(method, path)
        if status == 200 and body is not None:
            self.validator(operation["requestBody"]["content"]["application/json"]["schema"]).validate(body)
        if status == 200 and "?" in path:
            known = {p["name"] for p in operation["parameters"] if p["in"] == "query"}
            self.assertLessEqual({part.split("=")[0] for part in path.split("?")[1].split("&")}, known)
        answer = self.ask(method, path, body, **headers)
        self.assertEqual(answer.status, status, answer.text)
        responses = operation["responses"]
        content = responses.get(str(status), responses.get("default"))["content"]
        media_type = answer.headers["Content-Type"].split(";")[0]
        self.assertIn(media_type, content)
        if media_type == "application/json":
            self.validator(content[media_type]["schema"]).validate(answer.json)
            if status == 200:
                self.seen.add((template, method))
        return answer

    def test_the_document_is_openapi(self):
        self.assertEqual(self.document["openapi"], "3.1.0")
        schemas = self.document["components"]["schemas"]
        for reference in re.findall(r'"#/components/schemas/([^"]*)"', json.dumps(self.document)):
            self.assertIn(reference, schemas)
        for schema in schemas.values():
            jsonschema.Draft202012Validator.check_schema(schema)
        ids = [operation["operationId"] for item in self.document["paths"].values() for operation in item.values()]
        self.assertEqual(len(ids), len(set(ids)))
        for template, item in self.document["paths"].items():
            for operation in item.values():
                in_path = [p["name"] for p in operation.get("parameters", []) if p["in"] == "path"]
                self.assertEqual(re.findall(r"{([^}]*)}", template), in_path)

    def test_a_wrong_answer_would_be_noticed(self):
        schema = self.operation("GET", "/v1/models")[1]["responses"]["200"]["content"]["application/json"]["schema"]
        for wrong in ([], {"model": []}, {"models": [{"nome": "x"}]}, {"models": [{"imageUrlsMax": "3"}]}):
            with self.assertRaises(jsonschema.ValidationError):
                self.validator(schema).validate(wrong)

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
        for probe in ("/livez", "/readyz", "/healthz"):
            self.check("GET", probe)
        # Every route was answered well at least once.
        self.assertEqual(self.seen, {
            (template, method.upper()) for template, item in self.document["paths"].items()
            for method, operation in item.items()
            if "application/json" in operation["responses"]["200"]["content"]})


if __name__ == "__main__":
    main()
