"""Every RPC and every HTTP route, with no, wrong, expired, foreign and lesser credentials.

The tables are keyed by what the descriptors and the OpenAPI document list: a method or a route that is in no table fails
the test, so that none is added without saying who may call it."""

import json
import uuid

from harness import PATIENCE_SECONDS, admin, api, details_of, grpc, main
from security_case import SecurityCase, bearer, new_token

OK = "OK"
NOT_FOUND, DENIED, ILLEGAL = "SUBMISSION_NOT_FOUND", "PERMISSION_DENIED", "ILLEGAL_STATE"
NOTE = {"declare_not_accepted": {}, "note": "a test"}

# The method: a request about the submission of tenant `video`, and what becomes of it when it is made by
#   foreign   a caller of another tenant
#   reader    a reader of the submission's tenant
#   caller    a caller of the submission's tenant
#   operator  an operator of another tenant, who names the submission's tenant where the request can
RPCS = {
    "GetSubmission": (lambda s, t: api.GetSubmissionRequest(id=s.id, tenant=t), NOT_FOUND, OK, OK, OK),
    "BatchGetSubmissions": (lambda s, t: api.BatchGetSubmissionsRequest(ids=[s.id], tenant=t), NOT_FOUND, OK, OK, OK),
    "WatchSubmission": (lambda s, t: api.WatchSubmissionRequest(id=s.id, tenant=t), NOT_FOUND, OK, OK, OK),
    "ListSubmissions": (lambda s, t: api.ListSubmissionsRequest(tenant=t), OK, OK, OK, OK),
    "ListModels": (lambda s, t: api.ListModelsRequest(), OK, OK, OK, OK),
    "SubmitGeneration": (lambda s, t: api.SubmitGenerationRequest(spec={"prompt": str(uuid.uuid4())}), OK, DENIED, OK, OK),
    "CancelSubmission": (lambda s, t: api.CancelSubmissionRequest(id=s.id, tenant=t), NOT_FOUND, DENIED, OK, OK),
    "ReleaseDedupe": (lambda s, t: api.ReleaseDedupeRequest(id=s.id, etag='"old"', tenant=t), NOT_FOUND, DENIED,
                      "ETAG_MISMATCH", "ETAG_MISMATCH"),
    "ResolveSubmission": (lambda s, t: admin.ResolveSubmissionRequest(id=s.id, tenant=t, resolution=NOTE), DENIED, DENIED,
                          DENIED, ILLEGAL),
    "BulkResolveSubmissions": (lambda s, t: admin.BulkResolveSubmissionsRequest(tenant=t, resolution=NOTE, dry_run=True),
                               DENIED, DENIED, DENIED, OK),
    "RetrySubmission": (lambda s, t: admin.RetrySubmissionRequest(id=s.id, tenant=t, note="a test"), DENIED, DENIED, DENIED,
                        ILLEGAL),
    "GetServiceStatus": (lambda s, t: admin.GetServiceStatusRequest(), DENIED, DENIED, DENIED, OK),
}

# The same for HTTP: the body and the query of a request, and the status. PUBLIC needs no credential.
PUBLIC = {("GET", "/v1/openapi.json"), ("GET", "/livez"), ("GET", "/readyz"), ("GET", "/healthz")}
SPEC = {"prompt": "a dolphin for HTTP"}
ROUTES = {
    ("POST", "/v1/videos/generations"): (SPEC, "", 200, 403, 200),
    ("GET", "/v1/tasks/{task_id}"): (None, "", 400, 200, 200),  # the upstream's family answers 400 for an unknown task
    ("POST", "/v1/submissions"): ({"spec": SPEC}, "", 200, 403, 200),
    ("GET", "/v1/submissions"): (None, "", 200, 200, 200),
    ("GET", "/v1/submissions/{id}"): (None, "", 404, 200, 200),
    ("GET", "/v1/submissions:lookup"): (None, "?requestId=r-1", 404, 200, 200),
    ("GET", "/v1/submissions:batchGet"): (None, "?ids={id}", 404, 200, 200),
    ("GET", "/v1/submissions/{id}:watch"): (None, "", 404, 200, 200),
    ("GET", "/v1/submissions:watch"): (None, "?requestId=r-1", 404, 200, 200),
    ("POST", "/v1/submissions/{id}:cancel"): ({}, "", 404, 403, 200),
    ("POST", "/v1/submissions:cancel"): ({"requestId": "r-1"}, "", 404, 403, 200),
    ("POST", "/v1/submissions/{id}:releaseDedupe"): ({"etag": '"old"'}, "", 404, 403, 409),
    ("GET", "/v1/models"): (None, "", 200, 200, 200),
    ("POST", "/v1/admin/submissions/{id}:resolve"): ({"resolution": {"abandon": {}, "note": "n"}}, "", 403, 403, 403),
    ("POST", "/v1/admin/submissions:bulkResolve"): ({"resolution": {"abandon": {}, "note": "n"}}, "", 403, 403, 403),
    ("POST", "/v1/admin/submissions/{id}:retry"): ({"note": "n"}, "", 403, 403, 403),
    ("GET", "/v1/admin/status"): (None, "", 403, 403, 403),
}


class AccessTest(SecurityCase):
    def setUp(self):
        super().setUp()
        self.token, lines = {}, []
        for name, flags in {"caller": ("--tenant=video",), "foreign": ("--tenant=other",),
                            "reader": ("--tenant=video", "--role=reader"),
                            "granted": ("--tenant=audit", "--role=reader", "--reads=video,empty"),
                            "operator": ("--tenant=operations", "--role=operator"),
                            "expired": ("--tenant=video", "--valid_for=0")}.items():
            self.token[name], line = new_token(f"--id={name}", *flags)
            lines.append(line)
        self.write_tokens(*lines)
        self.running = self.tls_server()
        channel = self.channel(self.running)
        self.methods = {
            method.name: (channel.unary_stream if method.server_streaming else channel.unary_unary)(
                f"/{service.full_name}/{method.name}", method.input_type._concrete_class.SerializeToString,
                method.output_type._concrete_class.FromString)
            for module in (api, admin) for service in module.DESCRIPTOR.services_by_name.values()
            for method in service.methods}
        self.submission = self.call("SubmitGeneration", api.SubmitGenerationRequest(spec={"prompt": "a dolphin"},
                                                                                    request_id="r-1"), "caller").submission
        self.assertTrue(self.submission.task_id)

    def bad_headers(self):
        """What is no credential, by name."""
        good = self.token["caller"]
        ident, secret = good.split(".")
        return {"none": None, "empty": "", "no scheme": good, "another scheme": f"Basic {good}", "no token": "Bearer ",
                "an unknown id": f"Bearer nobody.{secret}", "a wrong secret": f"Bearer {ident}.{secret[:-1]}~",
                "no secret": f"Bearer {ident}.", "no id": f"Bearer .{secret}", "another's secret":
                f"Bearer foreign.{secret}", "more than the secret": f"Bearer {good}x", "part of it": f"Bearer {good[:-1]}",
                "a long one": f"Bearer {'x' * 4000}", "the salt": f"Bearer {ident}.{self.salt()}",
                "expired": f"Bearer {self.token['expired']}", "a JWT without a JWKS file": "Bearer e30.e30.e30"}

    def salt(self):
        return self.tokens.read_text().split("sha256:")[1].split(":")[0]

    def call(self, method, request, who):
        answer = self.methods[method](request, metadata=bearer(self.token[who]), timeout=PATIENCE_SECONDS)
        return list(answer) if hasattr(answer, "__next__") else answer

    def reason(self, method, request, metadata):
        """The ErrorInfo reason that a call ends with, or OK."""
        try:
            answer = self.methods[method](request, metadata=metadata, timeout=PATIENCE_SECONDS)
            if hasattr(answer, "__next__"):
                list(answer)
        except grpc.RpcError as error:
            return details_of(error)["reason"]
        return OK

    def test_every_rpc(self):
        self.assertEqual(set(RPCS), set(self.methods))
        for method, (request, foreign, reader, caller, operator) in RPCS.items():
            for name, header in self.bad_headers().items():
                with self.subTest(method=method, credential=name):
                    metadata = (("authorization", header),) if header is not None else None
                    self.assertEqual(self.reason(method, request(self.submission, ""), metadata), "UNAUTHENTICATED")
            for who, tenant, expected in (("foreign", "", foreign), ("reader", "", reader), ("caller", "", caller),
                                          ("operator", "video", operator)):
                with self.subTest(method=method, credential=who):
                    self.assertEqual(self.reason(method, request(self.submission, tenant), bearer(self.token[who])), expected)
            # Whoever names a tenant that is not its own is told so, and nothing of the submission.
            if "tenant" in request(self.submission, "").DESCRIPTOR.fields_by_name:
                for tenant in ("video", "-"):
                    with self.subTest(method=method, names=tenant):
                        self.assertEqual(self.reason(method, request(self.submission, tenant), bearer(self.token["foreign"])),
                                         DENIED)

    def test_every_route(self):
        _, document = self.http(self.running, "GET", "/v1/openapi.json")
        listed = {(method.upper(), path) for path, item in json.loads(document)["paths"].items() for method in item}
        self.assertEqual(listed | PUBLIC, set(ROUTES) | PUBLIC)
        for (method, template), (body, query, *expected) in ROUTES.items():
            path = (template + query).replace("{id}", self.submission.id).replace("{task_id}", self.submission.task_id)
            text = None if body is None else json.dumps(body)
            for name, header in self.bad_headers().items():
                with self.subTest(route=(method, template), credential=name):
                    headers = (("Authorization", header),) if header is not None else ()
                    status, answer = self.http(self.running, method, path, body=text, headers=headers)
                    self.assertEqual(status, 401, answer)
            with self.subTest(route=(method, template), credential="two headers"):
                status, answer = self.http(self.running, method, path, body=text, token=self.token["caller"],
                                           headers=(("Authorization", f"Bearer {self.token['caller']}"),))
                self.assertEqual(status, 401, answer)
            for who, wanted in zip(("foreign", "reader", "caller"), expected):
                with self.subTest(route=(method, template), credential=who):
                    status, answer = self.http(self.running, method, path, body=text, token=self.token[who])
                    self.assertEqual(status, wanted, answer)
                    if who == "foreign" and template not in ("/v1/videos/generations", "/v1/submissions"):
                        self.assertNotIn(b"a dolphin", answer)
        for method, path in PUBLIC:
            self.assertEqual(self.http(self.running, method, path)[0], 200)

    def test_what_another_tenant_submitted_is_found_by_no_key_filter_or_page_token(self):
        mine = self.submission
        for key in ({"id": mine.id}, {"request_id": "r-1"}, {"task_id": mine.task_id}):
            self.assertEqual(self.reason("GetSubmission", api.GetSubmissionRequest(**key), bearer(self.token["foreign"])),
                             NOT_FOUND)
            if "task_id" not in key:
                for method, request in (("WatchSubmission", api.WatchSubmissionRequest(**key)),
                                        ("CancelSubmission", api.CancelSubmissionRequest(**key))):
                    self.assertEqual(self.reason(method, request, bearer(self.token["foreign"])), NOT_FOUND)
        for text in ("", f"id = {mine.id}", f"task_id = {mine.task_id}", "request_id = r-1", f"request_hash = {mine.request_hash}",
                     "state = SUBMITTED", "state = SUBMITTED OR state = PENDING", "-labels:none"):
            with self.subTest(filter=text):
                found = self.call("ListSubmissions", api.ListSubmissionsRequest(filter=text), "foreign")
                self.assertEqual((list(found.submissions), found.next_page_token), ([], ""))
        self.call("SubmitGeneration", api.SubmitGenerationRequest(spec={"prompt": "a cat"}), "caller")
        token = self.call("ListSubmissions", api.ListSubmissionsRequest(page_size=1), "caller").next_page_token
        self.assertTrue(token)
        self.assertEqual(self.reason("ListSubmissions", api.ListSubmissionsRequest(page_size=1, page_token=token),
                                     bearer(self.token["foreign"])), "FIELD_INVALID")
        # The same request_id and the same content are another tenant's own: nothing is joined, and it is paid for itself.
        other = self.call("SubmitGeneration", api.SubmitGenerationRequest(spec={"prompt": "a dolphin"}, request_id="r-1"),
                          "foreign")
        self.assertEqual(api.SubmitGenerationResponse.Dedupe.Name(other.dedupe), "DEDUPE_CREATED")
        self.assertNotEqual((other.submission.id, other.submission.task_id), (mine.id, mine.task_id))

    def test_every_call_has_one_access_line(self):
        self.reason("GetSubmission", api.GetSubmissionRequest(id=self.submission.id), bearer(self.token["foreign"]))
        self.reason("ListModels", api.ListModelsRequest(), bearer("nobody.x"))
        self.call("WatchSubmission", api.WatchSubmissionRequest(id=self.submission.id), "reader")
        self.http(self.running, "GET", f"/v1/submissions/{self.submission.id}:watch", token=self.token["caller"])
        self.http(self.running, "GET", f"/v1/tasks/{self.submission.task_id}", token=self.token["caller"])
        self.assertEqual(self.running.stop(), 0)
        records = [json.loads(line) for line in self.running.process.log().splitlines() if line.startswith("{")]
        lines = [tuple(record.get(name, "") for name in ("front", "method", "caller", "tenant", "code", "reason"))
                 for record in records if record["event"] == "access"]
        self.assertEqual(sorted(lines), sorted([
            ("grpc", "SubmitGeneration", "token:caller", "video", "OK", ""),
            ("grpc", "GetSubmission", "token:foreign", "other", "NOT_FOUND", NOT_FOUND),
            ("grpc", "ListModels", "", "", "UNAUTHENTICATED", "UNAUTHENTICATED"),
            ("grpc", "WatchSubmission", "token:reader", "video", "OK", ""),
            ("http", "WatchSubmission", "token:caller", "video", "OK", ""),
            ("http", "GetSubmission", "token:caller", "video", "OK", "")]))
        self.assertNotIn("a dolphin", self.running.process.log())
        self.assertFalse([secret for secret in self.token.values() if secret.split(".")[1] in self.running.process.log()])

    def test_a_reader_may_be_granted_several_tenants(self):
        read = lambda tenant: self.reason("GetSubmission", api.GetSubmissionRequest(id=self.submission.id, tenant=tenant),
                                          bearer(self.token["granted"]))
        self.assertEqual([read(""), read("video"), read("empty"), read("other"), read("-")],
                         [NOT_FOUND, OK, NOT_FOUND, DENIED, DENIED])
        listed = self.call("ListSubmissions", api.ListSubmissionsRequest(tenant="video"), "granted")
        self.assertEqual([one.id for one in listed.submissions], [self.submission.id])
        for _ in range(3):
            self.call("SubmitGeneration", api.SubmitGenerationRequest(spec={"prompt": str(uuid.uuid4())}), "caller")
            self.call("SubmitGeneration", api.SubmitGenerationRequest(spec={"prompt": str(uuid.uuid4())}), "foreign")
        tenants, token = [], None
        while token != "":  # "-" is all of its own, page by page
            page = self.call("ListSubmissions", api.ListSubmissionsRequest(tenant="-", page_size=1, page_token=token), "granted")
            tenants += [one.tenant for one in page.submissions]
            token = page.next_page_token
        self.assertEqual(tenants, ["video"] * 4)
        for method, request in (("CancelSubmission", api.CancelSubmissionRequest(id=self.submission.id, tenant="video")),
                                ("ReleaseDedupe", api.ReleaseDedupeRequest(id=self.submission.id, tenant="video"))):
            self.assertEqual(self.reason(method, request, bearer(self.token["granted"])), DENIED)


if __name__ == "__main__":
    main()
