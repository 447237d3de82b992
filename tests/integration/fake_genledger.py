"""A gRPC server that misbehaves as no real one can be made to on demand: what every client library must survive.

Clients choose by the prompt, or by the id of what they watch; what follows a # only tells one use from another.
Submission.request_id_count of an answer says how many request_ids came with that prompt, Submission.revision how many
attempts, labels what credentials they showed.
"""

import concurrent.futures
import threading
import time

import grpc

from harness import api, api_grpc, resources
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

REASON_PREFIX = "reason:"
PUSHBACK_MS = 300


def _fail(context, code, message, *details, pushback=None):
    trailers = []
    if details:
        packed = []
        for detail in details:
            packed.append(any_pb2.Any())
            packed[-1].Pack(detail)
        status = status_pb2.Status(code=code.value[0], message=message, details=packed)
        trailers.append(("grpc-status-details-bin", status.SerializeToString()))
    if pushback is not None:
        trailers.append(("grpc-retry-pushback-ms", str(pushback)))
    context.set_trailing_metadata(trailers)
    context.abort(code, message)


def _retry_info(milliseconds):
    info = error_details_pb2.RetryInfo()
    info.retry_delay.FromMilliseconds(milliseconds)
    return info


class _Generations(api_grpc.GenerationServiceServicer):
    def __init__(self):
        self._lock = threading.Lock()
        self._attempts = {}  # prompt or id: when each attempt came
        self._request_ids = {}

    def _attempt(self, key, request_id=""):
        with self._lock:
            times = self._attempts.setdefault(key, [])
            times.append(time.monotonic())
            self._request_ids.setdefault(key, set()).add(request_id)
            return len(times)

    def _answer(self, request, context):
        times = self._attempts[request.spec.prompt]
        submission = resources.Submission(
            id="sub_fake", state=resources.Submission.STATE_SUBMITTED, task_id="task_fake", revision=len(times),
            request_id=request.request_id, request_id_count=len(self._request_ids[request.spec.prompt]))
        submission.labels["authorization"] = dict(context.invocation_metadata()).get("authorization", "")
        submission.labels["waited_ms"] = str(int(1000 * (times[-1] - times[0])))
        return api.SubmitGenerationResponse(submission=submission,
                                            dedupe=api.SubmitGenerationResponse.DEDUPE_CREATED)

    def SubmitGeneration(self, request, context):
        attempt = self._attempt(request.spec.prompt, request.request_id)
        prompt = request.spec.prompt.partition("#")[0]
        if prompt.startswith(REASON_PREFIX):
            info = error_details_pb2.ErrorInfo(domain="genledger", reason=prompt[len(REASON_PREFIX):],
                                               metadata={"submission_id": "sub_fake"})
            bad = error_details_pb2.BadRequest(field_violations=[{"field": "spec.prompt", "description": "too long"},
                                                                 {"field": "", "description": "and 3 more"}])
            _fail(context, grpc.StatusCode.FAILED_PRECONDITION, "as asked", info, bad, _retry_info(7000))
        if prompt == "other domain":
            _fail(context, grpc.StatusCode.FAILED_PRECONDITION, "a proxy's",
                  error_details_pb2.ErrorInfo(domain="example.com", reason="FIELD_INVALID"))
        if prompt == "exhausted":
            _fail(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "attempt %d" % attempt)
        if prompt == "never":
            _fail(context, grpc.StatusCode.UNAVAILABLE, "attempt %d" % attempt, pushback=-1)
        if prompt == "not a number":
            _fail(context, grpc.StatusCode.UNAVAILABLE, "attempt %d" % attempt, pushback="soon")
        if prompt == "always":
            _fail(context, grpc.StatusCode.UNAVAILABLE, "attempt %d" % attempt)
        if prompt == "far":
            _fail(context, grpc.StatusCode.UNAVAILABLE, "attempt %d" % attempt, pushback=3_600_000)
        if prompt == "flaky" and attempt < 3:
            _fail(context, grpc.StatusCode.UNAVAILABLE, "attempt %d" % attempt)
        if prompt == "pushback" and attempt == 1:
            _fail(context, grpc.StatusCode.UNAVAILABLE, "later", pushback=PUSHBACK_MS)
        if prompt == "retry info" and attempt == 1:
            _fail(context, grpc.StatusCode.UNAVAILABLE, "later", _retry_info(PUSHBACK_MS))
        if prompt == "reset" and attempt == 1:
            _fail(context, grpc.StatusCode.CANCELLED, "a server that shuts down does this")
        if prompt == "silent":
            _until_gone(context)
        return self._answer(request, context)

    def WatchSubmission(self, request, context):
        stream = self._attempt(request.id)
        scene = request.id.partition("#")[0]
        if scene == "sub_missing":
            _fail(context, grpc.StatusCode.NOT_FOUND, "no such submission",
                  error_details_pb2.ErrorInfo(domain="genledger", reason="SUBMISSION_NOT_FOUND"))
        if scene == "sub_never":
            _until_gone(context)
        if stream == 1:
            yield _snapshot(1)
            yield api.WatchSubmissionResponse(heartbeat={})
            yield _event(2)
            if scene == "sub_resume":
                yield api.WatchSubmissionResponse(resume={"after_revision": 2})
            elif scene == "sub_lost":
                _fail(context, grpc.StatusCode.UNAVAILABLE, "the connection broke")
            elif scene == "sub_silent":
                _until_gone(context)
        elif stream == 2 and scene == "sub_lost":
            _fail(context, grpc.StatusCode.UNAVAILABLE, "still away")
        else:
            # The snapshot is of now, ahead of the events; an event that was told comes again.
            yield _snapshot(4)
            for revision in range(min(request.after_revision, 2), 5):
                yield _event(revision)


def _until_gone(context):
    """Says nothing for as long as the caller is there."""
    gone = threading.Event()
    if context.add_callback(gone.set):
        gone.wait()


def _snapshot(revision):
    return api.WatchSubmissionResponse(snapshot={"id": "sub_fake", "revision": revision})


def _event(revision):
    return api.WatchSubmissionResponse(event={"revision": revision, "type": "claimed"})


class FakeGenledger:
    """The server, on a free port of loopback; with `certificate` and `key`, PEM, it speaks TLS only."""

    def __init__(self, certificate=None, key=None):
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=16))
        api_grpc.add_GenerationServiceServicer_to_server(_Generations(), self._server)
        if certificate is None:
            self.port = self._server.add_insecure_port("127.0.0.1:0")
        else:
            self.port = self._server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, certificate)]))
        self.address = f"127.0.0.1:{self.port}"
        self._server.start()

    def stop(self):
        self._server.stop(grace=None).wait()
