"""Three replicas over PostgreSQL behind haproxy and nginx: one POST for one content, whatever dies.

PostgreSQL, haproxy and nginx are Debian's, started here. GENLEDGER_TEST_ALL=1 kills 50 replicas and fails over 5 times.
"""

import concurrent.futures
import os
import pathlib
import random
import sys
import threading
import time

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import balancers  # noqa: E402
from cluster_world import World  # noqa: E402
from harness import Case, Submission, api, details_of, main, wait_until  # noqa: E402
from postgres import Postgres  # noqa: E402
from replicas import REPLICAS, Front, Replicas  # noqa: E402

LONG_FORM = os.environ.get("GENLEDGER_TEST_ALL") == "1"
CREATED, JOINED = 1, 2
CALLS = 1000
THREADS = 32


class ClusterCase(Case):
    def setUp(self):
        super().setUp()
        self.seed = os.environ.get("GENLEDGER_TEST_SEED") or str(random.SystemRandom().getrandbits(32))
        print(f"seed {self.seed}", flush=True)
        self.postgres = Postgres(self.directory, "primary").initialize().start()
        self.addCleanup(self.postgres.stop)

    def world(self, name, **options):
        world = World(self.directory, self.postgres, name, self.seed, balancers.haproxy, **options)
        self.addCleanup(world.close)
        return world

    def settle(self, world):
        for table in (world.counts, world.settle_and_audit()):
            print("\n".join(f"  {count:7} {what}" for what, count in sorted(table.items())), flush=True)


class OneContentTest(ClusterCase):
    """Callers that do not know of each other, on replicas that only share the store."""

    def setUp(self):
        super().setUp()
        self.upstream = self.simulator()
        self.replicas = Replicas(self.directory, self.postgres.url(), self.upstream.url).start()
        self.addCleanup(self.replicas.close)

    def front(self, address):
        front = Front(address)
        self.addCleanup(front.close)
        return front

    def behind(self, balancer):
        started = balancer(self.directory, self.replicas.ports())
        self.addCleanup(started.close)
        fronts = [self.front(started.address) for _ in range(REPLICAS)]
        wait_until(lambda: self.replica_of(fronts[0]), "the balancer to find the replicas")
        return fronts

    @staticmethod
    def replica_of(front):
        try:
            return front.status().replica
        except grpc.RpcError:
            return None

    def test_a_thousand_identical_submissions_make_one_post(self):
        for balancer in (balancers.haproxy, balancers.nginx):
            fronts = self.behind(balancer)
            with self.subTest(balancer.__name__):
                self.assertEqual(len({self.replica_of(fronts[0]) for _ in range(30)}), REPLICAS)
            for channels in (1, REPLICAS):
                with self.subTest(f"{balancer.__name__}, {channels} channels"):
                    before = self.upstream.stats()["posts_received"]
                    prompt = f"{balancer.__name__} {channels}"
                    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
                        answers = list(pool.map(lambda n: fronts[n % channels].submit(prompt), range(CALLS)))
                    self.assertEqual(len({answer.submission.id for answer in answers}), 1)
                    self.assertEqual(len({answer.submission.task_id for answer in answers} - {""}), 1)
                    self.assertEqual(self.upstream.stats()["posts_received"], before + 1)

    def test_duplicates_in_flight_on_different_replicas_join(self):
        self.upstream.rules({"latency_ms": 1000})
        fronts = [self.front(f"127.0.0.1:{port}") for port in self.replicas.ports()]
        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(REPLICAS) as pool:
            answers = list(pool.map(lambda front: front.submit("in flight"), fronts))
        print(f"answered {time.monotonic() - started:.2f} s after it was asked, of which the upstream took 1 s", flush=True)
        self.assertEqual(sorted(answer.dedupe for answer in answers), [CREATED, JOINED, JOINED])
        self.assertEqual({answer.submission.state for answer in answers}, {Submission.STATE_SUBMITTED})
        self.assertEqual(len({answer.submission.task_id for answer in answers}), 1)
        self.assertEqual(self.upstream.stats()["posts_received"], 1)

    def test_a_watch_on_one_replica_sees_what_another_one_does(self):
        self.upstream.rules({"latency_ms": 500})
        here, there = (self.front(f"127.0.0.1:{port}") for port in self.replicas.ports()[:2])
        submission = here.submit("watched", wait=0).submission
        messages = list(there.api.WatchSubmission(api.WatchSubmissionRequest(id=submission.id), timeout=20))
        revisions = [m.event.revision for m in messages if m.HasField("event")]
        self.assertEqual(revisions, sorted(set(revisions)))
        self.assertEqual(messages[-1].event.state, Submission.STATE_SUBMITTED)


class KillsTest(ClusterCase):
    def test_replicas_killed_under_load(self):
        world = self.world("kills")
        for _ in range(50 if LONG_FORM else 10):
            world.await_answers(world.random.randint(50, 500))
            replica = world.random.choice(world.replicas.all)
            replica.kill()
            world.counts["kills of a replica"] += 1
            world.await_answers(50)  # the others go on
            replica.start()
        self.settle(world)

    def test_postgresql_killed_under_load(self):
        world = self.world("postgres")
        for _ in range(5 if LONG_FORM else 2):
            world.await_answers(world.random.randint(50, 300))
            self.postgres.kill()
            self.postgres.start()
            began = time.monotonic()
            world.await_answers(1)
            print(f"  {time.monotonic() - began:7.2f} s from PostgreSQL's start to the next answer", flush=True)
            world.counts["kills of PostgreSQL"] += 1
        self.settle(world)

    def test_failover_to_the_synchronous_standby(self):
        standby = Postgres(self.directory, "standby").copy_of(self.postgres).start()
        self.addCleanup(standby.stop)
        self.postgres.wait_for_standby(standby)
        primary = self.postgres
        world = self.world("failover", store=primary.url(standby))
        for _ in range(5 if LONG_FORM else 1):
            world.await_answers(world.random.randint(100, 500))
            began = time.monotonic()
            primary.kill()
            standby.promote()
            standby.wait_for_nobody()
            world.postgres = standby
            world.await_answers(1)
            print(f"  {time.monotonic() - began:7.2f} s from the kill of the primary to the next answer", flush=True)
            world.counts["failovers"] += 1
            primary.copy_of(standby).start()
            standby.wait_for_standby(primary)
            primary, standby = standby, primary
        self.settle(world)


class RollingRestartTest(ClusterCase):
    def test_no_call_is_lost_that_is_retried_once(self):
        upstream = self.simulator()
        replicas = Replicas(self.directory, self.postgres.url(), upstream.url, "--drain_delay=2s").start()
        self.addCleanup(replicas.close)
        balancer = balancers.haproxy(self.directory, replicas.ports())
        self.addCleanup(balancer.close)
        front = Front(balancer.address)
        self.addCleanup(front.close)
        wait_until(lambda: OneContentTest.replica_of(front), "the balancer to find the replicas")
        end, lost, calls, retried = threading.Event(), [], [0], [0]

        def caller(number):
            count = 0
            while not end.is_set():
                count += 1
                try:
                    front.submit(f"rolling {number} {count}", request_id=f"{number}-{count}")
                except grpc.RpcError:
                    retried[0] += 1
                    try:
                        front.submit(f"rolling {number} {count}", request_id=f"{number}-{count}")
                    except grpc.RpcError as error:
                        lost.append((error.code(), details_of(error)))
                calls[0] += 1

        threads = [threading.Thread(target=caller, args=(number,), daemon=True) for number in range(12)]
        for thread in threads:
            thread.start()
        for replica in replicas.all:
            before = calls[0]
            wait_until(lambda enough=before + 200: calls[0] > enough, "calls under load")
            self.assertEqual(replica.drain(), 0, replica.log()[-2000:])
            replica.start()
            time_to_be_found = calls[0]
            wait_until(lambda enough=time_to_be_found + 200: calls[0] > enough, "calls under load")
        end.set()
        for thread in threads:
            thread.join()
        print(f"  {calls[0]} calls, {retried[0]} retried once, {len(lost)} lost", flush=True)
        self.assertEqual(lost, [])
        self.assertEqual(upstream.stats()["posts_received"], calls[0])


if __name__ == "__main__":
    main()
