"""A server that is killed again and again, its upstream that goes on, and its callers."""

import collections
import random
import re
import signal
import subprocess

import grpc

import audit
import load
from harness import (PATIENCE_SECONDS, ROOT, DidNotStart, Server, Simulator, Submission, api, details_of,
                     start_server, wait_until)

VIEW_FULL = 2
KILL_POINTS = ROOT / "bazel-bin/tests/crash/libkill_points.so"
CALLERS = 12
# How long a kill point may take to be reached under load, and everything to settle at the end.
POINT_PATIENCE_SECONDS = 60
SETTLE_PATIENCE_SECONDS = 120
# Within that, a start has served or is about to.
START_SECONDS = 0.15
# Of an answer to SLOW_PROMPT: long enough for the test to act meanwhile.
SLOW_PROMPT = "slow"
SLOW_MS = 1000
# What the upstream does while the load runs. Those that speak against the upstream's health stay below what opens a
# circuit breaker.
FAULTS = [
    {"when": {"prompt_contains": SLOW_PROMPT}, "latency_ms": SLOW_MS},
    {"when": {"probability": 0.02}, "do": "reset", "at": "body"},
    {"when": {"probability": 0.01}, "do": "reset", "at": "body", "accept": False},
    {"when": {"probability": 0.01}, "do": "close", "at": "half"},
    {"when": {"probability": 0.01}, "transfer": "truncated"},
    {"when": {"probability": 0.01}, "status": 504, "shape": "html", "accept": True},
    {"when": {"probability": 0.02}, "status": 500},
    {"when": {"probability": 0.03}, "status": 429, "retry_after": 1},
    {"when": {"probability": 0.02}, "status": 409, "error_code": "idempotency_in_progress", "retry_after": 1},
    {"when": {"probability": 0.02}, "status": 400, "error_message": "no such style"},
    {"when": {"probability": 0.1}, "latency_ms": 200},
]
# Answers that are looked up again after each start.
REREAD = 200


class World:
    """accepted_max: of a submission, how many of its POSTs may have been accepted. store: of stores.py, made for the
    directory."""

    def __init__(self, directory, name, seed, accepted_max, store, server_flags=(), simulator_flags=()):
        self.directory = directory
        directory.mkdir()
        self.kills = collections.Counter()
        self._name = name
        self._accepted_max = accepted_max
        self._store = store
        self._flags = ("--upstream_timeout=4s", "--upstream_connect_timeout=2s", *store.flags, *server_flags)
        self._random = random.Random(f"{seed}-{name}")
        self._upstream = Simulator(directory, f"--seed={self._random.randrange(1, 2**63)}", *simulator_flags)
        self._upstream.rules(*FAULTS)
        self._load = load.Load(name, seed, CALLERS)
        self._load.start()
        self._server = None
        self._slow = 0

    def close(self):
        self._load.stop()
        if self._server is not None:
            self._server.kill()
        self._upstream.process.kill()

    # Kills. Each returns when the server is dead.

    def kill_at_random(self):
        """At a random moment under load."""
        server = self._start()
        enough = len(self._load.answers) + self._random.randint(1, 1000)
        wait_until(lambda: len(self._load.answers) >= enough, "answers under load")
        self._kill(server, "random")

    def kill_at(self, point, occurrence_max):
        """At a named point under load."""
        try:
            self._start(**self._armed(point, self._random.randint(1, occurrence_max)))
        except DidNotStart as died:  # it had more to recover than that
            self._check_report(died.process, point, point)
            return
        self._await_point(point, point)

    def kill_at_start(self):
        """At a random moment of the first milliseconds."""
        process, _ = start_server(self.directory, self._upstream.url, *self._flags, store=self._store.name)
        try:
            process.wait(self._random.uniform(0, START_SECONDS))
            raise AssertionError("it ended by itself: " + process.log())
        except subprocess.TimeoutExpired:
            process.kill()
        self.kills["start"] += 1

    def kill_in_recovery(self, point, occurrence_max):
        """Once with a POST out, and then at a named point while the next start recovers."""
        server = self._start()
        self._post_slowly(server)
        self._kill(server, "recovery: with a POST out")
        self._die_in_start(point, occurrence_max, f"recovery: {point}")

    def kill_in_drain(self, point):
        """At a named point after SIGTERM, with a POST out."""
        gate = self.directory / "draining"
        gate.unlink(missing_ok=True)
        server = self._start(**self._armed(point, 1), KILL_POINT_GATE=str(gate))
        self._post_slowly(server)
        self._load.endpoint.set(None)
        gate.touch()
        server.process.signal(signal.SIGTERM)
        self._await_point(point, f"drain: {point}")

    def kill_with_receipt(self, point):
        """At a named point of the receipt journal, which a store that takes no writes makes necessary; then while the next
        start brings a whole receipt to the store."""
        fault = self.directory / "store_fault"
        server = self._start(**self._armed(point, 1), KILL_POINT_GATE=str(fault), **{self._store.fault: str(fault)})
        self._post_slowly(server)
        fault.touch()
        try:
            self._await_point(point, point)
        finally:
            fault.unlink()
        if point == "receipt_write_half":
            return  # which proves nothing
        journal = self._store.receipts.read_bytes()
        self._die_in_start("receipt_write_half", 1, "recovery: receipt_write_half")
        server = self._start()
        for task_id in set(re.findall(rb"task_[0-9A-Z]{26}", journal)):
            server.get(task_id=task_id.decode())
        self._kill(server, "random")

    def _die_in_start(self, point, occurrence_max, what):
        try:
            self._start(**self._armed(point, self._random.randint(1, occurrence_max)))
        except DidNotStart as died:
            self._check_report(died.process, point, what)
            return
        raise AssertionError(f"{point} was not reached before it served")

    def _armed(self, point, occurrence):
        self._report().unlink(missing_ok=True)
        return {"KILL_POINT": point, "KILL_POINT_AT": str(occurrence), "KILL_POINT_REPORT": str(self._report()),
                "KILL_POINT_UPSTREAM_PORT": self._upstream.url.rpartition(":")[2], **self._store.environment}

    def _report(self):
        return self.directory / "killed_at"

    def _await_point(self, point, what):
        process = self._server.process
        wait_until(lambda: not process.running(), f"{what} to be reached", POINT_PATIENCE_SECONDS)
        self._load.endpoint.set(None)
        self._check_report(process, point, what)

    def _check_report(self, process, point, what):
        code = process.wait()
        report = self._report().read_text(encoding="utf-8") if self._report().exists() else "nothing"
        if (code, report) != (-signal.SIGKILL, point):
            raise AssertionError(f"{what}: exit {code}, reported {report}: {process.log()}")
        self.kills[what] += 1

    def _kill(self, server, what):
        server.process.kill()  # and leaves the channel to the callers that use it
        self._load.endpoint.set(None)
        self.kills[what] += 1

    def _post_slowly(self, server):
        """Returns while the upstream has the whole POST and has not answered."""
        before = self._upstream.applications()[0]
        self._slow += 1
        prompt = f"{SLOW_PROMPT} {self._name} {self._slow}"
        answer = wait_until(lambda: self._submit_unless_refused(server, prompt), "a slow submission",
                            POINT_PATIENCE_SECONDS)
        self._load.keep_submission("slow", "", answer)
        wait_until(lambda: self._upstream.applications()[0] > before, "a slow POST")

    def _submit_unless_refused(self, server, prompt):
        """None if the upstream's breaker is open, as the faults of the load may have it."""
        try:
            return server.submit(prompt, wait=0).submission
        except grpc.RpcError as error:
            if details_of(error)["reason"] != "UPSTREAM_UNAVAILABLE":
                raise
            return None

    # The server, between kills.

    def _start(self, **environment):
        self._server = Server(self.directory, self._upstream.url, *self._flags, store=self._store.name,
                              environment={"LD_PRELOAD": str(KILL_POINTS), **environment})
        try:
            self._reread(self._server)
        except grpc.RpcError:
            if "KILL_POINT" not in environment:
                raise
        self._load.endpoint.set(self._server)
        return self._server

    def _reread(self, server):
        """What callers were told, the latest of it above all, is still there."""
        answers = self._load.answers[-REREAD // 2:] + self._random.sample(
            self._load.answers, min(REREAD // 2, len(self._load.answers)))
        ids = sorted({answer.submission_id for answer in answers})
        found = {}
        for start in range(0, len(ids), 100):
            request = api.BatchGetSubmissionsRequest(ids=ids[start:start + 100])
            answer = server.api.BatchGetSubmissions(request, timeout=PATIENCE_SECONDS)
            found.update((submission.id, submission) for submission in answer.submissions)
        for answer in answers:
            now = found[answer.submission_id]
            assert now.revision >= answer.revision, f"{answer}: went back to {now}"
            assert answer.task_id in ("", now.task_id), f"{answer}: became {now}"

    def let_time_pass(self):
        """While no server runs: as if it had been down for longer than RESUBMIT_ONCE waits."""
        self._store.let_time_pass()

    # The end.

    def settle_and_audit(self):
        """Totals, if the audit finds nothing."""
        self._load.stop()
        self._upstream.rules()
        self.let_time_pass()
        server = self._start()
        wait_until(lambda: not self._unsettled(server), "everything to settle", SETTLE_PATIENCE_SECONDS)
        assert not self._load.faults, self._load.faults
        submissions = {s.id: s for s in self._list(server)}
        request_ids = {}
        for request_id in {answer.request_id for answer in self._load.answers} - {""}:
            request_ids[request_id] = server.get(request_id=request_id).id
        exit_code = server.stop()
        assert exit_code == 0, f"exit {exit_code}: {server.process.log()}"
        evidence = audit.Evidence(submissions=submissions,
                                  events=self._store.events(),
                                  posts=audit.read_posts(self.directory / "posts.log"),
                                  answers=self._load.answers, request_ids=request_ids,
                                  accepted_max=self._accepted_max)
        audit.assert_sound(evidence)
        return audit.totals(evidence)

    def _unsettled(self, server):
        """What goes on by itself, a policy that has yet to act included."""
        unsettled = "state = PENDING OR state = DISPATCHING OR state = OUTCOME_UNKNOWN"
        return [s for s in self._list(server, filter=unsettled)
                if s.state != Submission.STATE_OUTCOME_UNKNOWN or s.HasField("next_attempt_time")]

    def _list(self, server, **fields):
        found, token = [], ""
        while True:
            page = server.api.ListSubmissions(
                api.ListSubmissionsRequest(page_size=200, page_token=token, view=VIEW_FULL, **fields),
                timeout=PATIENCE_SECONDS)
            found += page.submissions
            token = page.next_page_token
            if not token:
                return found
