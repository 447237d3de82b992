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

from harness import EXAMPLE, PATIENCE_SECONDS, Case, DidNotStart, Submission, admin, main, wait_until
from refusing_postgres import RefusingPostgres

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
SKIPPED = 77
# More than the patience of a replica with its store.
NOT_READY_SECONDS = 60


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
        self.store = self.location()

    def location(self, user="postgres", database="postgres", more=""):
        return f"postgresql:host={self._directory} user={user} dbname={database} {more}"

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

    def query(self, sql, database="postgres"):
        return subprocess.run(["psql", "-h", self._directory, "-U", "postgres", "-d", database, "-At", "-c", sql], check=True,
                              capture_output=True, text=True).stdout.strip()

    def ask_for_a_password(self, user):
        """From the next start on."""
        with open(self._data / "pg_hba.conf", "w", encoding="utf-8") as rules:
            rules.write(f"local all {user} scram-sha-256\nlocal all all trust\n")

    def standby(self):
        """Of this one, and read-only as they are."""
        standby = Postgres.__new__(Postgres)
        standby._directory, standby._user = self._directory / "standby", self._user
        standby._directory.mkdir()
        if self._user:
            shutil.chown(standby._directory, self._user, self._user)
        with open(self._data / "pg_hba.conf", "a", encoding="utf-8") as rules:
            rules.write("local replication all trust\n")
        self.query("SELECT pg_reload_conf()")
        self._run("pg_basebackup", "-h", self._directory, "-U", "postgres", "-D", standby._data, "-R", "-c", "fast")
        standby.start()
        return standby

    def remove(self):
        self.stop()
        shutil.rmtree(self._directory)


class PostgresCase(Case):
    def setUp(self):
        super().setUp()
        self.postgres = Postgres()
        self.addCleanup(self.postgres.remove)

    def replica(self, upstream, name, *flags, store=None):
        # A port file and a log of its own each.
        home, self.directory = self.directory, self.directory / name
        self.directory.mkdir(exist_ok=True)
        try:
            return self.server(upstream.url, f"--replica={name}", f"--receipt_journal={self.directory / 'receipts'}",
                               *flags, store=store or self.postgres.store)
        finally:
            self.directory = home


class PostgresTest(PostgresCase):
    def test_identical_submissions_on_two_replicas_make_one_post(self):
        upstream = self.simulator()
        replicas = [self.replica(upstream, "a"), self.replica(upstream, "b")]
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(lambda n: replicas[n % 2].submit(spec=EXAMPLE, request_id=f"job-{n}"), range(200)))
        self.assertEqual({answer.submission.task_id for answer in answers}, {answers[0].submission.task_id})
        self.assertEqual(upstream.stats()["posts_received"], 1)

    def test_the_log_names_the_tables(self):
        self.postgres.query("CREATE ROLE apart SUPERUSER LOGIN")
        self.postgres.query("CREATE SCHEMA elsewhere")
        self.postgres.query("ALTER ROLE apart SET search_path = elsewhere")
        server = self.replica(self.simulator(), "a", store=self.postgres.location("apart"))
        self.assertIn("schema=elsewhere role=apart", server.process.log())

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

    def status(self, server):
        return server.admin.GetServiceStatus(admin.GetServiceStatusRequest(), timeout=PATIENCE_SECONDS)

    def test_a_store_that_takes_no_writes_ends_readiness_and_says_why(self):
        upstream = self.simulator()
        self.postgres.query("CREATE ROLE writer SUPERUSER LOGIN PASSWORD 'right'")
        for database in ("standby", "locked", "gone"):
            self.postgres.query(f"CREATE DATABASE {database}")
        passwords = self.directory / "passwords"
        passwords.write_text("*:*:*:writer:wrong\n", encoding="utf-8")
        passwords.chmod(0o600)
        servers = {
            "default_transaction_read_only is on": self.replica(
                upstream, "a", store=self.postgres.location(database="standby")),
            "password authentication failed": self.replica(
                upstream, "b", store=self.postgres.location("writer", "locked", f"passfile={passwords}")),
            'database "gone" does not exist': self.replica(upstream, "c", store=self.postgres.location(database="gone"))}
        well = self.replica(upstream, "d")
        self.assertTrue(all(self.status(server).ready for server in (*servers.values(), well)))

        self.postgres.query("ALTER DATABASE standby SET default_transaction_read_only = on")
        self.postgres.query("DROP DATABASE gone WITH (FORCE)")
        self.postgres.ask_for_a_password("writer")
        self.postgres.stop()
        self.postgres.start()
        for reason, server in servers.items():
            wait_until(lambda server=server: not self.status(server).ready, f"{reason}: not ready", NOT_READY_SECONDS)
            status = self.status(server)
            self.assertIn(reason, status.not_ready_reason)
            self.assertNotIn("\n", status.not_ready_reason)
            self.assertEqual(dict(status.submissions_by_state), {})
        self.assertTrue(self.status(well).ready)
        self.assertEqual(well.submit("well", request_id="well").submission.state, Submission.STATE_SUBMITTED)

        self.postgres.query("ALTER DATABASE standby RESET default_transaction_read_only")
        wait_until(lambda: self.status(servers["default_transaction_read_only is on"]).ready, "ready again")


class RefusedCase(Case):
    """Each ends the start with one line."""

    def assert_refused(self, reason, store, *flags):
        journal = f"--receipt_journal={self.directory / 'receipts'}"
        with self.assertRaises(DidNotStart) as raised:
            self.server("http://127.0.0.1:1", *(flags or (journal,)), store=store)
        process = raised.exception.process
        self.assertEqual(process.wait(), 1)
        lines = process.log().splitlines()
        process.log_path.unlink()
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith("genledger: "), lines)
        self.assertIn(reason, lines[0])
        return lines[0]


class BadConnectionTest(RefusedCase):
    def test_nobody_listens(self):
        self.assert_refused("Connection refused", "postgresql://postgres@127.0.0.1:1/ledger")

    def test_server_without_synchronous_commit(self):
        server = RefusingPostgres()
        self.addCleanup(server.close)
        self.assert_refused("does not let synchronous_commit be set", f"postgresql://postgres@127.0.0.1:{server.port}/x")

    def test_password_in_the_flag(self):
        line = self.assert_refused("a password in a flag shows in the list of processes",
                                   "postgresql://postgres:sesame@127.0.0.1/ledger")
        self.assertNotIn("sesame", line)

    def test_unknown_parameter(self):
        self.assert_refused("libpq does not understand this connection string",
                            "postgresql://127.0.0.1/ledger?colour=blue")


class BadDatabaseTest(RefusedCase, PostgresCase):
    def test_wrong_password(self):
        self.postgres.query("CREATE ROLE writer SUPERUSER LOGIN PASSWORD 'right'")
        self.postgres.ask_for_a_password("writer")
        self.postgres.query("SELECT pg_reload_conf()")
        passwords = self.directory / "passwords"
        passwords.write_text("*:*:*:writer:wrong\n", encoding="utf-8")
        passwords.chmod(0o600)
        line = self.assert_refused("password authentication failed for user \"writer\"",
                                   self.postgres.location("writer", more=f"passfile={passwords}"))
        self.assertNotIn("wrong", line)

    def test_no_such_database(self):
        self.assert_refused('database "nowhere" does not exist', self.postgres.location(database="nowhere"))

    def test_schema_from_the_future(self):
        self.assertEqual(self.replica(self.simulator(), "a").stop(), 0)
        self.postgres.query("UPDATE store_meta SET value = '99' WHERE key = 'schema_version'")
        self.assert_refused("it has schema version 99, but this binary knows versions up to", self.postgres.store)

    def test_tables_of_another_application(self):
        self.postgres.query("CREATE TABLE submissions (paper TEXT)")
        self.assert_refused("it may be another application's", self.postgres.store)

    def test_role_that_may_not_create_tables(self):
        self.postgres.query("CREATE ROLE reader LOGIN")
        self.assert_refused("permission denied", self.postgres.location("reader"))

    def test_standby(self):
        standby = self.postgres.standby()
        self.addCleanup(standby.stop)
        self.assert_refused("the server is read-only, a standby for example; name the primary", standby.location())

    def test_another_account(self):
        self.assertEqual(self.replica(self.simulator(), "a", "--upstream_account=ours").stop(), 0)
        journal = f"--receipt_journal={self.directory / 'receipts'}"
        self.assert_refused("theirs", self.postgres.store, journal, "--upstream_account=theirs")

    def test_receipt_journal_is_needed(self):
        self.assert_refused("--receipt_journal: is needed with PostgreSQL", self.postgres.store, "--drain_delay=0s")


if __name__ == "__main__":
    if not (BINARIES / "postgres").exists():
        print("SKIPPED: PostgreSQL 15 is not installed (package postgresql-15)")
        sys.exit(SKIPPED)
    main()
