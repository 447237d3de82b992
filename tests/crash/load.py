"""Callers that submit, repeat, join, cancel and read while the server dies and comes back, and keep every answer."""

import collections
import dataclasses
import random
import sys
import threading

import grpc

from harness import api, details_of

HOLD, RESUBMIT_ONCE, FAIL = 1, 2, 3
REQUEST_ID_ONLY = 2
CALL_TIMEOUT_SECONDS = 15
# Answers that acknowledge nothing: the caller says the same again.
NOT_ACKNOWLEDGED = ("STORE_UNAVAILABLE", "SHUTTING_DOWN")
# How long a caller lets the server be before it says the same again.
BACK_OFF_SECONDS = 0.05
# How many of the latest submissions are repeated, joined, cancelled and read.
RECENT = 200


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a caller was told about a submission. An error tells its reason, and neither task_id nor revision."""
    operation: str
    request_id: str
    submission_id: str
    state: int = 0
    task_id: str = ""
    revision: int = 0
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Content:
    """Something to generate. All that want it agree in everything else, so that its number tells its policy."""
    world: str
    number: int

    @property
    def policy(self):
        return (HOLD, RESUBMIT_ONCE, HOLD, FAIL)[self.number % 4]

    def request(self, request_id, wait_seconds):
        request = api.SubmitGenerationRequest(
            spec={"prompt": f"{self.world} {self.number}"}, request_id=request_id, ambiguity_policy=self.policy)
        if self.number % 10 == 0 and request_id:
            request.dedupe_mode = REQUEST_ID_ONLY
        request.wait.FromMilliseconds(int(wait_seconds * 1000))
        return request


class Endpoint:
    """Where the server is now; None while there is none. Thread safe."""

    def __init__(self):
        self._changed = threading.Condition()
        self._server = None
        self._closed = False

    def set(self, server):
        with self._changed:
            self._server = server
            self._changed.notify_all()

    def close(self):
        """Nobody needs to wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait(self, other_than=None):
        """A server that is not `other_than`; None once this is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._server not in (None, other_than))
            return None if self._closed else self._server


class Load:
    """Some callers, and everything that they were told."""

    def __init__(self, world, seed, callers):
        self.endpoint = Endpoint()
        self.answers = []
        self.faults = []
        self.recent = collections.deque(maxlen=RECENT)
        self.stopping = threading.Event()
        self._world = world
        self._numbers = iter(range(1, sys.maxsize))
        self._mu = threading.Lock()
        self._callers = [_Caller(self, f"{seed}-{world}-{number}") for number in range(callers)]

    def start(self):
        for caller in self._callers:
            caller.start()

    def stop(self):
        self.stopping.set()
        self.endpoint.close()
        for caller in self._callers:
            caller.join()

    def new_content(self):
        with self._mu:
            return Content(self._world, next(self._numbers))

    def remember(self, answer):
        self.answers.append(answer)

    def keep_submission(self, operation, request_id, submission):
        self.remember(Answer(operation, request_id, submission.id, submission.state, submission.task_id,
                             submission.revision))


class _Caller(threading.Thread):
    """One call after the other; a call that was not answered is made again, as a worker would."""

    def __init__(self, load, seed):
        super().__init__(daemon=True)
        self._load = load
        self._random = random.Random(seed)
        self._name = seed
        self._request_ids = 0

    def run(self):
        try:
            self._run()
        except Exception as error:  # pylint: disable=broad-except  # told by the test, not by a thread nobody joins
            self._load.faults.append(f"a caller failed: {error!r}")

    def _run(self):
        call, server = None, None
        while (server := self._load.endpoint.wait()) is not None:
            call = call or self._choose()
            try:
                call(server)
                call = None
            except grpc.RpcError as error:
                details = details_of(error)
                if details["reason"] is None and error.code() == grpc.StatusCode.UNAVAILABLE:
                    self._load.endpoint.wait(other_than=server)
                elif details["reason"] is None or details["reason"] in NOT_ACKNOWLEDGED:
                    self._load.stopping.wait(BACK_OFF_SECONDS)
                else:
                    self._keep_error(call, details)
                    call = None

    def _keep_error(self, call, details):
        operation, request_id = call.meaning
        submission_id = details["metadata"].get("submission_id", "")
        if submission_id:
            self._load.remember(Answer(operation, request_id, submission_id, reason=details["reason"]))
        elif details["reason"] == "SUBMISSION_NOT_FOUND":
            self._load.faults.append(f"{operation} of {request_id}: told before, and not found now")

    def _choose(self):
        draw = self._random.random()
        recent = self._random.choice(self._load.recent) if self._load.recent else None
        if recent is None or draw < 0.6:
            return self._submit("submit", self._load.new_content(), self._new_request_id())
        content, request_id, submission_id = recent
        if draw < 0.7:
            return self._submit("repeat", content, request_id)
        if draw < 0.8:
            return self._submit("join", content, self._new_request_id())
        if draw < 0.85:
            return self._cancel(request_id, submission_id)
        return self._get(request_id, submission_id)

    def _new_request_id(self):
        """Sometimes none."""
        self._request_ids += 1
        return "" if self._random.random() < 0.3 else f"{self._name}-{self._request_ids}"

    def _submit(self, operation, content, request_id):
        request = content.request(request_id, self._random.choice((0, 2)))

        def call(server):
            answer = server.api.SubmitGeneration(request, timeout=CALL_TIMEOUT_SECONDS).submission
            self._load.keep_submission(operation, request_id, answer)
            self._load.recent.append((content, request_id, answer.id))
        call.meaning = (operation, request_id)
        return call

    def _cancel(self, request_id, submission_id):
        key = {"request_id": request_id} if request_id else {"id": submission_id}

        def call(server):
            answer = server.api.CancelSubmission(api.CancelSubmissionRequest(**key), timeout=CALL_TIMEOUT_SECONDS)
            self._load.keep_submission("cancel", request_id, answer.submission)
        call.meaning = ("cancel", request_id)
        return call

    def _get(self, request_id, submission_id):
        key = {"request_id": request_id} if request_id else {"id": submission_id}

        def call(server):
            self._load.keep_submission("get", request_id, server.api.GetSubmission(
                api.GetSubmissionRequest(**key), timeout=CALL_TIMEOUT_SECONDS))
        call.meaning = ("get", request_id)
        return call
