"""Two replicas over one PostgreSQL, as a user would start them."""

import concurrent.futures
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

import grpc

from harness import EXAMPLE, Case, DidNotStart, Submission, main, wait_until

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
SKIPPED = 77


class Postgres:
    """A private PostgreSQL, reached by a socket in its directory; as user postgres where this is root."""

    def __init__(self):
        # Not the test's directory: only its owner may enter that.
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix="genledger-pg-"))
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(self._directory, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "postgres", "--no-locale", "-E", "UTF8")
        self.start()
        self.store = f"postgresql:host={self._directory} user=postgres dbname=postgres"

    @property
    def _data(self):
        return self._directory / "data"

    def _run(self, program, *arguments):
        subprocess.run([BINARIES / program, *arguments], check=True, user=self._user, group=self._user,
                       extra_groups=[] if self._user else None, cwd=self._directory, stdout=subprocess.DEVNULL)

    def start(self):
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self._directory / "log",
                  "-o", f"-k {self._directory} -c listen_addresses=", "start")

    def stop(self):
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    def remove(self):
        self.stop()
        shutil.rmtree(self._directory)


class PostgresTest(Case):
    def setUp(self):
        super().setUp()
        self.postgres = Postgres()
        self.addCleanup(self.postgres.remove)

    def replica(self, upstream, name, *flags):
        # A port file and a log of its own each.
        home, self.directory = self.directory, self.directory / name
        self.directory.mkdir(exist_ok=True)
        try:
            return self.server(upstream.url, f"--replica={name}", f"--receipt_journal={self.directory / 'receipts'}",
                               *flags, store=self.postgres.store)
        finally:
            self.directory = home

    def test_identical_submissions_on_two_replicas_make_one_post(self):
        upstream = self.simulator()
        replicas = [self.replica(upstream, "a"), self.replica(upstream, "b")]
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(lambda n: replicas[n % 2].submit(spec=EXAMPLE, request_id=f"job-{n}"), range(200)))
        self.assertEqual({answer.submission.task_id for answer in answers}, {answers[0].submission.task_id})
        self.assertEqual(upstream.stats()["posts_received"], 1)

    def test_a_caller_learns_at_once_what_the_other_replica_did(self):
        upstream = self.simulator()
        upstream.rules({"latency_ms": 1500})
        a, b = self.replica(upstream, "a"), self.replica(upstream, "b")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            posted = pool.submit(a.submit, "slow", request_id="slow")
            wait_until(lambda: upstream.stats()["posts_received"] == 1, "the POST")
            joined = b.submit("slow", request_id="other", wait=20)
            self.assertEqual(joined.submission.state, Submission.STATE_SUBMITTED)
            self.assertEqual(joined.submission.task_id, posted.result().submission.task_id)
        self.assertEqual(upstream.stats()["posts_received"], 1)

    def test_a_server_that_dies_and_comes_back_loses_nothing(self):
        upstream = self.simulator()
        server = self.replica(upstream, "a")
        before = server.submit("before", request_id="before").submission
        self.postgres.stop()
        with self.assert_error(grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE"):
            server.submit("meanwhile", request_id="meanwhile")
        self.postgres.start()

        def submit_again():
            try:
                return server.submit("meanwhile", request_id="meanwhile")
            except grpc.RpcError:
                return None
        wait_until(submit_again, "the store")
        self.assertEqual(server.get(id=before.id).task_id, before.task_id)
        self.assertEqual(upstream.stats()["posts_received"], 2)

    def test_a_receipt_journal_is_needed(self):
        with self.assertRaises(DidNotStart) as raised:
            self.server("http://127.0.0.1:1", store=self.postgres.store)
        self.assertIn("--receipt_journal: is needed with PostgreSQL", raised.exception.process.log())


if __name__ == "__main__":
    if not (BINARIES / "postgres").exists():
        print("SKIPPED: PostgreSQL 15 is not installed (package postgresql-15)")
        sys.exit(SKIPPED)
    main()
