"""Replicas over PostgreSQL behind a balancer, an upstream that misbehaves, callers, and the audit at the end."""

import collections
import random
import sys
import pathlib
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "crash"))

import audit  # noqa: E402
import load  # noqa: E402
from harness import PATIENCE_SECONDS, Simulator, Submission, api, wait_until  # noqa: E402
from replicas import Front, Replicas  # noqa: E402

VIEW_FULL = 2
CALLERS = 12
# The lease of a dead replica's attempt is the timeout and 30 s.
FLAGS = ("--upstream_timeout=4s", "--upstream_connect_timeout=2s", "--drain_timeout=10s")
SETTLE_PATIENCE_SECONDS = 120
FAULTS = [
    {"when": {"probability": 0.01}, "do": "reset", "at": "body"},
    {"when": {"probability": 0.01}, "do": "reset", "at": "body", "accept": False},
    {"when": {"probability": 0.01}, "do": "close", "at": "half"},
    {"when": {"probability": 0.01}, "status": 504, "shape": "html", "accept": True},
    {"when": {"probability": 0.02}, "status": 500},
    {"when": {"probability": 0.02}, "status": 429, "retry_after": 1},
    {"when": {"probability": 0.1}, "latency_ms": 300},
]


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
    """accepted_max as the audit's: RESUBMIT_ONCE waits 150 s and so never posts a second time here."""

    def __init__(self, directory, postgres, name, seed, balancer, store=None):
        self.counts = collections.Counter()
        self.random = random.Random(f"{seed}-{name}")
        self.upstream = Simulator(directory, f"--seed={self.random.randrange(1, 2**63)}")
        self.upstream.rules(*FAULTS)
        self.postgres = postgres
        self.replicas = Replicas(directory, store or postgres.url(), self.upstream.url, *FLAGS).start()
        self._balancer = balancer(directory, self.replicas.ports())
        self.front = Front(self._balancer.address)
        wait_until(self._serves, "the balancer to find the replicas")
        self._directory = directory
        self.load = load.Load(name, seed, CALLERS)
        self.load.endpoint = Balanced(self.front)
        self.load.start()

    def close(self):
        self.load.stop()
        self.front.close()
        self._balancer.close()
        self.replicas.close()
        self.upstream.process.kill()

    def _serves(self):
        try:
            return self.front.status().ready
        except Exception:  # pylint: disable=broad-except  # not yet
            return False

    def await_answers(self, count):
        """Until callers have been given so many more answers."""
        enough = len(self.load.answers) + count
        wait_until(lambda: len(self.load.answers) >= enough, f"{count} answers under load", SETTLE_PATIENCE_SECONDS)

    def settle_and_audit(self):
        """Totals, if the audit finds nothing."""
        self.load.stop()
        self.upstream.rules()
        wait_until(lambda: not self._list(filter="state = PENDING OR state = DISPATCHING"), "everything to settle",
                   SETTLE_PATIENCE_SECONDS)
        assert not self.load.faults, self.load.faults
        request_ids = {request_id: self.front.get(request_id=request_id).id
                       for request_id in {answer.request_id for answer in self.load.answers} - {""}}
        evidence = audit.Evidence(
            submissions={s.id: s for s in self._list()}, events=audit.read_postgres_events(self.postgres),
            posts=audit.read_posts(self._directory / "posts.log"), answers=self.load.answers, request_ids=request_ids,
            accepted_max=lambda submission: 1)
        audit.assert_sound(evidence)
        return audit.totals(evidence)

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
