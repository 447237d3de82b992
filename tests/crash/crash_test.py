"""kill -9 under load, at random moments and at named points of the server's I/O; then the audit of DESIGN.md section 3.

The server, SQLite, PostgreSQL, libpq and libcurl are the real ones; kill_points.cc is loaded into the server. About 90 kills,
or 750 with GENLEDGER_TEST_ALL=1. GENLEDGER_TEST_SEED repeats the choices of a run (not its races). What a failure left (the ledger,
the upstream's log, what the server said) is kept in .test/crash/.
"""

import dataclasses
import os
import pathlib
import random
import shutil
import sys
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "integration"), str(TESTS / "cluster")]

from harness import ROOT, Case, main  # noqa: E402
from load import RESUBMIT_ONCE  # noqa: E402
from postgres import PROGRAMS, Postgres  # noqa: E402
from stores import PostgresStore, SqliteStore  # noqa: E402
from world import World  # noqa: E402

EVIDENCE = ROOT / ".test/crash"


@dataclasses.dataclass(frozen=True)
class Points:
    """Where to kill. By name, up to which occurrence: far enough for the load to be in full swing, near enough to come soon."""
    under_load: dict
    in_recovery: dict
    in_drain: tuple


UPSTREAM = {"upstream_connected": 12, "upstream_half_sent": 300, "upstream_all_sent": 300, "upstream_answered": 300}
OF_SQLITE = Points(
    under_load={"wal_write_before": 600, "wal_write_half": 600, "wal_write_after": 600, "wal_sync_before": 600,
                "wal_sync_after": 600, "checkpoint_write": 300, **UPSTREAM},
    in_recovery={"wal_read": 8, "wal_write_before": 1, "wal_sync_before": 1, "wal_sync_after": 1},
    in_drain=("upstream_answered", "wal_sync_before", "wal_sync_after"))
# A start commits at least thrice: its schema, its account, the leases that ran out.
OF_POSTGRES = Points(
    under_load={"store_commit_before": 300, "store_commit_half": 300, "store_commit_after": 300, "store_commit_answered": 300,
                **UPSTREAM},
    in_recovery={"store_commit_before": 3, "store_commit_half": 3, "store_commit_after": 3, "store_commit_answered": 3},
    in_drain=("upstream_answered", "store_commit_before", "store_commit_answered"))
WITH_RECEIPT = ("receipt_write_half", "receipt_write_after", "receipt_sync_after")
# Kills, before time passes for RESUBMIT_ONCE.
LEAP_EVERY = 8
LONG_FORM_KILLS = 250  # of each world


def kills_of(world, points):
    """Every way to kill once."""
    kills = [lambda p=p, n=n: world.kill_at(p, n) for p, n in points.under_load.items()]
    kills += [lambda p=p, n=n: world.kill_in_recovery(p, n) for p, n in points.in_recovery.items()]
    kills += [lambda p=p: world.kill_in_drain(p) for p in points.in_drain]
    kills += [world.kill_at_random] * 4 + [world.kill_at_start] * 2
    kills += [lambda p=p: world.kill_with_receipt(p) for p in WITH_RECEIPT]
    return kills


class CrashTest(Case):
    def setUp(self):
        super().setUp()
        self.seed = os.environ.get("GENLEDGER_TEST_SEED") or str(random.SystemRandom().getrandbits(32))
        print(f"seed {self.seed}", flush=True)

    def run_world(self, name, store=SqliteStore, points=OF_SQLITE, **options):
        started = time.monotonic()
        world = World(self.directory / name, name, self.seed, store=store(self.directory / name), **options)
        self.addCleanup(world.close)
        try:
            totals = self.kill_and_audit(world, points, random.Random(f"{self.seed}-{name}-kills"))
        except BaseException:
            shutil.copytree(world.directory, EVIDENCE / f"{name}-{self.seed}")
            raise
        print(f"{name}: {sum(world.kills.values())} kills in {time.monotonic() - started:.0f} s", flush=True)
        for table in (world.kills, totals):
            print("\n".join(f"  {count:7} {what}" for what, count in sorted(table.items())), flush=True)

    def kill_and_audit(self, world, points, choice):
        """Every way to kill in some order, once or again and again."""
        kills_min = LONG_FORM_KILLS if os.environ.get("GENLEDGER_TEST_ALL") == "1" else 1
        leap = LEAP_EVERY
        while sum(world.kills.values()) < kills_min:
            kills = kills_of(world, points)
            choice.shuffle(kills)
            for kill in kills:
                kill()
                if sum(world.kills.values()) >= leap:
                    world.let_time_pass()
                    leap += LEAP_EVERY
        return world.settle_and_audit()

    def test_kills_with_every_ambiguity_policy(self):
        self.run_world("policies", accepted_max=lambda s: 2 if s.ambiguity_policy == RESUBMIT_ONCE else 1)

    def test_kills_with_trusted_idempotency(self):
        # The upstream keeps its promise, so that re-posts with the same key are accepted once in all.
        self.run_world("trusted", accepted_max=lambda s: 1, server_flags=("--upstream_idempotency=trusted",),
                       simulator_flags=("--idempotency=on",))

    @unittest.skipUnless((PROGRAMS / "postgres").exists(), "PostgreSQL 15 is not installed (package postgresql-15)")
    def test_kills_over_postgresql(self):
        server = Postgres(self.directory, "postgres")
        server.initialize().start()
        self.addCleanup(server.stop)
        self.run_world("postgresql", store=lambda directory: PostgresStore(directory, server, "ledger"), points=OF_POSTGRES,
                       accepted_max=lambda s: 2 if s.ambiguity_policy == RESUBMIT_ONCE else 1)


if __name__ == "__main__":
    main()
