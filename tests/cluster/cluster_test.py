"""Three replicas over PostgreSQL behind haproxy and nginx: one POST for one content, whatever dies.

PostgreSQL, pgbouncer, haproxy and nginx are Debian's, started here. GENLEDGER_TEST_ALL=1 kills 70 replicas and fails
over 6 times. GENLEDGER_TEST_SEED repeats the choices of a run (not its races). What a failure left (the upstream's log,
what the replicas and PostgreSQL said) is kept in .test/cluster/.
"""

import concurrent.futures
import contextlib
import os
import pathlib
import random
import shutil
import signal
import sys
import threading
import time

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import balancers  # noqa: E402
import postgres  # noqa: E402
from cluster_world import LOAD_PATIENCE_SECONDS, World  # noqa: E402
from harness import ROOT, Case, Submission, api, details_of, main, wait_until  # noqa: E402
from replicas import REPLICAS, Front, Replicas  # noqa: E402

EVIDENCE = ROOT / ".test/cluster"
LONG_FORM = os.environ.get("GENLEDGER_TEST_ALL") == "1"
CREATED, JOINED = 1, 2
CALLS = 1000
THREADS = 32
# Long for a change to be seen on another replica, and less than the 15 s after which a watch looks by itself.
WATCH_SECONDS = 10
SKIPPED = 77
PROGRAMS = (balancers.HAPROXY, balancers.NGINX, postgres.PROGRAMS / "postgres", postgres.Pgbouncer.PROGRAM)


class ClusterCase(Case):
    def setUp(self):
        super().setUp()
        self.seed = os.environ.get("GENLEDGER_TEST_SEED") or str(random.SystemRandom().getrandbits(32))
        print(f"seed {self.seed}", flush=True)
        self.postgres = postgres.Postgres(self.directory, "primary").initialize()
        self.addCleanup(self.postgres.stop)
        self.postgres.start()

    @contextlib.contextmanager
    def world(self, name, balancer=balancers.haproxy, **options):
        """A world under load, which is audited after the block."""
        world = World(self.directory, self.postgres, name, self.seed, balancer, **options)
        try:
            yield world
            for table in (world.counts, world.settle_and_audit()):
                print("\n".join(f"  {count:7} {what}" for what, count in sorted(table.items())), flush=True)
        except BaseException:
            self.keep_evidence(name)
            raise
        finally:
            world.close()

    def keep_evidence(self, name):
        kept = EVIDENCE / f"{name}-{self.seed}"
        kept.mkdir(parents=True, exist_ok=True)
        for path in self.directory.iterdir():
            if path.suffix in (".log", ".out"):
                shutil.copy(path, kept)
        print(f"the logs are in {kept}", flush=True)

    def kill_replicas(self, world, times):
        for _ in range(times):
            world.await_answers(world.random.randint(50, 500))
            replica = world.random.choice(world.replicas.all)
            replica.kill()
            world.counts["kills of a replica"] += 1
            world.await_answers(50)  # the others go on
            replica.start()


class StillClusterCase(ClusterCase):
    """Replicas of which none dies, and an upstream that does as it is told."""

    def setUp(self):
        super().setUp()
        self.upstream = self.simulator()
        self.replicas = Replicas(self.directory, self.store(), self.upstream.url)
        self.addCleanup(self.replicas.close)
        self.replicas.start()

    def store(self):
        return self.postgres.url()

    def front(self, address):
        front = Front(address)
        self.addCleanup(front.close)
        return front

    def fronts_of_replicas(self):
        return [self.front(f"127.0.0.1:{port}") for port in self.replicas.ports()]

    def check_duplicates_in_flight_join(self):
        self.upstream.rules({"latency_ms": 1000})
        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(REPLICAS) as pool:
            answers = list(pool.map(lambda front: front.submit("in flight", wait=25), self.fronts_of_replicas()))
        print(f"  {time.monotonic() - started:7.2f} s to the last answer, of which the upstream took 1 s", flush=True)
        self.assertEqual(sorted(answer.dedupe for answer in answers), [CREATED, JOINED, JOINED])
        self.assertEqual({answer.submission.state for answer in answers}, {Submission.STATE_SUBMITTED})
        self.assertEqual(len({answer.submission.task_id for answer in answers}), 1)
        self.assertEqual(self.upstream.stats()["posts_received"], 1)

    def check_a_watch_sees_what_another_replica_does(self):
        self.upstream.rules({"latency_ms": 500})
        here, there, _ = self.fronts_of_replicas()
        submission = here.submit("watched", wait=0).submission
        request = api.WatchSubmissionRequest(id=submission.id)
        messages = list(there.api.WatchSubmission(request, timeout=WATCH_SECONDS))
        revisions = [m.event.revision for m in messages if m.HasField("event")]
        self.assertEqual(revisions, sorted(set(revisions)))
        self.assertEqual(messages[-1].event.state, Submission.STATE_SUBMITTED)


class OneContentTest(StillClusterCase):
    """Callers that do not know of each other, on replicas that only share the store."""

    def test_a_thousand_identical_submissions_make_one_post(self):
        for balancer in (balancers.haproxy, balancers.nginx):
            started = balancer(self.directory, self.replicas.ports())
            self.addCleanup(started.close)
            fronts = [self.front(started.address) for _ in range(REPLICAS)]
            fronts[0].await_replicas()
            for channels in (1, REPLICAS):
                with self.subTest(f"{balancer.__name__}, {channels} channels"):
                    before = self.upstream.stats()["posts_received"]
                    prompt = f"{balancer.__name__} {channels}"
                    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
                        answers = list(pool.map(lambda n: fronts[n % channels].submit(prompt), range(CALLS)))
                    self.assertEqual(len({answer.submission.id for answer in answers}), 1)
                    self.assertEqual({answer.submission.state for answer in answers}, {Submission.STATE_SUBMITTED})
                    self.assertEqual(len({answer.submission.task_id for answer in answers}), 1)
                    self.assertEqual(self.upstream.stats()["posts_received"], before + 1)

    def test_duplicates_in_flight_on_different_replicas_join(self):
        self.check_duplicates_in_flight_join()

    def test_a_watch_on_one_replica_sees_what_another_one_does(self):
        self.check_a_watch_sees_what_another_replica_does()


    def test_what_a_replica_learns_after_its_lease_was_taken_over_is_kept(self):
        self.upstream.rules({"latency_ms": 3000})
        hanging, other, _ = self.fronts_of_replicas()
        submission = hanging.submit("hanging", wait=0).submission
        wait_until(lambda: self.upstream.stats()["posts_received"], "the POST")
        process = self.replicas.all[0].process
        process.signal(signal.SIGSTOP)
        self.postgres.query("UPDATE submissions SET lease_expire_time = 1 WHERE state = 2")
        wait_until(lambda: other.get(id=submission.id).state == Submission.STATE_OUTCOME_UNKNOWN,
                   "another replica to take the lease over")
        process.signal(signal.SIGCONT)
        wait_until(lambda: other.get(id=submission.id).state == Submission.STATE_SUBMITTED, "the proof of acceptance")
        self.assertEqual([other.get(id=submission.id).task_id], self.upstream.log()[0]["task_ids"])
        self.assertEqual(self.upstream.stats()["posts_received"], 1)


class PoolerTest(StillClusterCase):
    """Behind pgbouncer in transaction mode nobody hears a notification: changes are found by looking."""

    def store(self):
        pooler = postgres.Pgbouncer(self.directory, self.postgres)
        self.addCleanup(pooler.close)
        return pooler.url()

    def test_duplicates_in_flight_on_different_replicas_join(self):
        self.check_duplicates_in_flight_join()

    def test_a_watch_on_one_replica_sees_what_another_one_does(self):
        self.check_a_watch_sees_what_another_replica_does()


class KillsTest(ClusterCase):
    def test_replicas_killed_under_load(self):
        with self.world("kills") as world:
            self.kill_replicas(world, 50 if LONG_FORM else 10)

    def test_replicas_killed_under_load_behind_nginx_and_over_pgbouncer(self):
        pooler = postgres.Pgbouncer(self.directory, self.postgres)
        self.addCleanup(pooler.close)
        with self.world("pooler", balancers.nginx, store=pooler.url()) as world:
            self.kill_replicas(world, 20 if LONG_FORM else 3)

    def test_postgresql_killed_under_load(self):
        with self.world("postgres") as world:
            for _ in range(10 if LONG_FORM else 2):
                world.await_answers(world.random.randint(50, 500))
                began = time.monotonic()
                self.postgres.kill()
                self.postgres.start()
                down = time.monotonic() - began
                print(f"  {world.await_recovery(began):7.2f} s from the kill of PostgreSQL to the next submission, of"
                      f" which PostgreSQL was down for {down:.2f} s", flush=True)
                world.counts["kills of PostgreSQL"] += 1
            world.await_answers(100)

    def test_failover_to_the_synchronous_standby(self):
        standby = postgres.Postgres(self.directory, "standby").copy_of(self.postgres)
        self.addCleanup(standby.stop)
        standby.start()
        self.postgres.wait_for_standby(standby)
        primary = self.postgres
        with self.world("failover", store=primary.url(standby)) as world:
            for _ in range(6 if LONG_FORM else 1):
                world.await_answers(world.random.randint(100, 500))
                began = time.monotonic()
                primary.kill()
                standby.promote()
                standby.wait_for_nobody()
                world.postgres = standby
                print(f"  {world.await_recovery(began):7.2f} s from the kill of the primary to the next submission",
                      flush=True)
                world.counts["failovers"] += 1
                primary.copy_of(standby).start()
                standby.wait_for_standby(primary)
                primary, standby = standby, primary
            world.await_answers(100)


class RollingRestartTest(ClusterCase):
    CALLERS = 12
    # Between one event and the next.
    CALLS = 200

    def setUp(self):
        super().setUp()
        self.upstream = self.simulator()
        self.replicas = Replicas(self.directory, self.postgres.url(), self.upstream.url, "--drain_delay=2s")
        self.addCleanup(self.replicas.close)
        self.replicas.start()
        balancer = balancers.haproxy(self.directory, self.replicas.ports())
        self.addCleanup(balancer.close)
        self.front = Front(balancer.address)
        self.addCleanup(self.front.close)
        self.front.await_replicas()
        self.end = threading.Event()
        self.answered, self.failures, self.lost = [], [], []

    def call(self, name):
        """True if it was answered."""
        try:
            self.front.submit(name, request_id=name)
            return True
        except grpc.RpcError as error:
            self.failures.append((name, error.code(), details_of(error)))
            return False

    def caller(self, number):
        count = 0
        while not self.end.is_set():
            count += 1
            name = f"rolling-{number}-{count}"
            if not self.call(name) and not self.call(name):
                self.lost.append(self.failures[-1])
                return
            self.answered.append(name)

    def await_calls(self):
        enough = len(self.answered) + self.CALLS
        wait_until(lambda: len(self.answered) >= enough or self.lost, "calls under load", LOAD_PATIENCE_SECONDS)

    def test_no_call_is_lost_that_is_retried_once(self):
        with concurrent.futures.ThreadPoolExecutor(self.CALLERS) as pool:
            callers = [pool.submit(self.caller, number) for number in range(self.CALLERS)]
            try:
                for replica in self.replicas.all:
                    self.await_calls()
                    self.assertEqual(replica.drain(), 0, replica.log()[-2000:])
                    self.await_calls()
                    replica.start()
                self.front.await_replicas()
                self.await_calls()
            finally:
                self.end.set()
        for caller in callers:
            caller.result()
        print(f"  {len(self.answered)} calls, {len(self.failures)} failures, {len(self.lost)} lost", flush=True)
        self.assertEqual(self.lost, [])
        self.assertEqual(self.upstream.stats()["posts_received"], len(self.answered))


if __name__ == "__main__":
    missing = [str(program) for program in PROGRAMS if not os.access(program, os.X_OK)]
    if missing:
        print(f"SKIPPED: not installed: {', '.join(missing)}")
        sys.exit(SKIPPED)
    main()
