"""Replicas over PostgreSQL behind a balancer, an upstream that misbehaves, callers, and the audit at the end."""

import collections
import pathlib
import random
import sys
import threading
import time

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "crash"))

import audit  # noqa: E402
import load  # noqa: E402
from harness import PATIENCE_SECONDS, Simulator, Submission, api, details_of, wait_until  # noqa: E402
from replicas import Front, Replicas  # noqa: E402

VIEW_FULL = 2
CALLERS = 12
# The lease of a dead replica's attempt is the timeout and 30 s.
FLAGS = ("--upstream_timeout=4s", "--upstream_connect_timeout=2s", "--drain_timeout=10s")
# How long the callers may be without answers, and how long everything may take to settle at the end.
LOAD_PATIENCE_SECONDS = 120
SETTLE_PATIENCE_SECONDS = 120
# What the upstream does while the load runs; below what opens a circuit breaker.
FAULTS = [
    {"when": {"probability": 0.01}, "do": "reset", "at": "body"},
    {"when": {"probability": 0.01}, "do": "reset", "at": "body", "accept": False},
    {"when": {"probability": 0.01}, "do": "close", "at": "half"},
    {"when": {"probability": 0.01}, "status": 504, "shape": "html", "accept": True},
    {"when": {"probability": 0.02}, "status": 500},
    {"when": {"probability": 0.02}, "status": 429, "retry_after": 1},
    {"when": {"probability": 0.1}, "latency_ms": 300},
]
# More than a lease, and than RESUBMIT_ONCE waits.
LONG_TIME_MICROSECONDS = 200_000_000


class Balanced(load.Endpoint):
    """One address that is always there, whoever is behind it."""

    def __init__(self, front):
        super().__init__()
        self._front = front
        self._end = threading.Event()

    def close(self):
        self._end.set()

    def wait(self, other_than=None):
        if other_than is not None:
            self._end.wait(load.BACK_OFF_SECONDS)
        return None if self._end.is_set() else self._front


class World:
    """postgres: the server that takes writes now. store: what --store is given, if it is not the URL of that."""

    def __init__(self, directory, postgres, name, seed, balancer, store=None):
        self.counts = collections.Counter()
        self.random = random.Random(f"{seed}-{name}")
        self.postgres = postgres
        self._name = name
        self._directory = directory
        self._probes = 0
        self._closing = []
        try:
            self._start(seed, balancer, store or postgres.url())
        except BaseException:
            self.close()
            raise

    def _start(self, seed, balancer, store):
        self.upstream = Simulator(self._directory, f"--seed={self.random.randrange(1, 2**63)}")
        self._closing.append(self.upstream.process.kill)
        self.upstream.rules(*FAULTS)
        self.replicas = Replicas(self._directory, store, self.upstream.url, *FLAGS)
        self._closing.append(self.replicas.close)
        self.replicas.start()
        started = balancer(self._directory, self.replicas.ports())
        self._closing.append(started.close)
        self.front = Front(started.address)
        self._closing.append(self.front.close)
        self.front.await_replicas()
        self.load = load.Load(self._name, seed, CALLERS)
        self.load.endpoint = Balanced(self.front)
        self.load.start()
        self._closing.append(self.load.stop)

    def close(self):
        """Ends everything, the callers first."""
        while self._closing:
            self._closing.pop()()

    def await_answers(self, count):
        """Until callers have been given so many more answers."""
        enough = len(self.load.answers) + count
        wait_until(lambda: len(self.load.answers) >= enough, f"{count} answers under load", LOAD_PATIENCE_SECONDS)

    def await_recovery(self, began):
        """Until a new submission is acknowledged; how long that took, in seconds since `began`."""
        self._probes += 1
        name = f"{self._name}-probe-{self._probes}"
        submission = wait_until(lambda: self._submit_if_possible(name), "a new submission to be taken",
                                LOAD_PATIENCE_SECONDS)
        self.load.keep_submission("probe", name, submission)
        return time.monotonic() - began

    def _submit_if_possible(self, name):
        """None if that was not acknowledged."""
        try:
            return self.front.submit(name, request_id=name, wait=0, timeout=2).submission
        except grpc.RpcError as error:
            if details_of(error)["reason"] not in (None, *load.NOT_ACKNOWLEDGED):
                raise
            return None

    def settle_and_audit(self):
        """Totals, if the audit finds nothing."""
        self.load.stop()
        assert not self.load.faults, self.load.faults
        self.upstream.rules()
        for replica in self.replicas.all:
            code = replica.drain()
            assert code == 0, f"{replica.name} ended with {code}: {replica.log()[-2000:]}"
        self._let_time_pass()
        self.replicas.start()
        self.front.await_replicas()
        wait_until(lambda: not self._unsettled(), "everything to settle", SETTLE_PATIENCE_SECONDS)
        evidence = audit.Evidence(
            submissions={s.id: s for s in self._list()}, events=audit.read_postgres_events(self.postgres),
            posts=audit.read_posts(self._directory / "posts.log"), answers=self.load.answers,
            request_ids=audit.read_postgres_request_ids(self.postgres),
            accepted_max=lambda s: 2 if s.ambiguity_policy == load.RESUBMIT_ONCE else 1)
        audit.assert_sound(evidence, *audit.postgres_faults(self.postgres))
        return audit.totals(evidence)

    def _let_time_pass(self):
        """While no replica runs: as if all had been down for longer than leases and RESUBMIT_ONCE wait."""
        self.postgres.query(
            f"UPDATE submissions SET next_attempt_time = greatest(1, next_attempt_time - {LONG_TIME_MICROSECONDS})"
            " WHERE next_attempt_time > 0;"
            f"UPDATE submissions SET lease_expire_time = lease_expire_time - {LONG_TIME_MICROSECONDS} WHERE state = 2;"
            f"UPDATE attempts SET start_time = start_time - {LONG_TIME_MICROSECONDS},"
            f" end_time = greatest(0, end_time - {LONG_TIME_MICROSECONDS})")

    def _unsettled(self):
        """What goes on by itself, a policy that has yet to act included."""
        unsettled = "state = PENDING OR state = DISPATCHING OR state = OUTCOME_UNKNOWN"
        return [s for s in self._list(filter=unsettled)
                if s.state != Submission.STATE_OUTCOME_UNKNOWN or s.HasField("next_attempt_time")]

    def _list(self, **fields):
        found, token = [], ""
        while True:
            page = self.front.api.ListSubmissions(
                api.ListSubmissionsRequest(page_size=200, page_token=token, view=VIEW_FULL, **fields),
                timeout=PATIENCE_SECONDS)
            found += page.submissions
            token = page.next_page_token
            if not token:
                return found
