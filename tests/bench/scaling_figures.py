"""What a submission costs on this machine: CPU of the replicas, of PostgreSQL and of haproxy, WAL, disk, connections, and
the memory of what is in flight. deploy/SCALING.md is worked out from these figures.

  bazel build --config=opt //:all //tests/bench:closed_loop_load
  /usr/bin/python3 tests/bench/scaling_figures.py [cpu] [disk] [retention] [in_flight]

Bytes a call are the same on a busy machine, CPU a call nearly, calls a second are not: those tell how busy it was.
PostgreSQL syncs every commit here, as a user's does.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests/integration"), str(ROOT / "tests/cluster")]

import balancers  # noqa: E402
from harness import Server, Simulator  # noqa: E402
from postgres import Postgres  # noqa: E402
from replicas import Replicas  # noqa: E402

LOAD = ROOT / "bazel-bin/tests/bench/closed_loop_load"
CALLS = int(os.environ.get("GENLEDGER_BENCH_CALLS", "20000"))
CHEAP_CALLS = 3 * CALLS  # duplicates and reads
ROWS = 2000
AGED = 20000  # submissions to delete
POLL_SECONDS = 0.5
CONCURRENCY = 64  # a replica
REPEATS = 2
IN_FLIGHT = (0, 1000, 5000, 10000)
IN_FLIGHT_LATENCY_MS = 15000
TICKS = os.sysconf("SC_CLK_TCK")
STATISTICS_SECONDS = 1.5  # an idle PostgreSQL backend tells its counters within a second
TABLES = ("submissions", "events", "attempts", "attempt_tasks", "hash_holds", "request_ids")


def cpu_seconds(pid, with_reaped_children=False):
    """User and system time of a process; 0 if it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(int(ticks) for ticks in fields[11:15 if with_reaped_children else 13]) / TICKS


def children(pid):
    found = subprocess.run(["pgrep", "-P", str(pid)], check=False, capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


class Database:
    """A private PostgreSQL, and what it spends."""

    def __init__(self, directory):
        self._server = Postgres(directory, "figures").initialize().start()
        self._pid = int((directory / "figures" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        self.url = self._server.url()
        self.query = self._server.query

    def close(self):
        self._server.stop()

    def cpu(self):
        """Of the postmaster, of everything under it, and of what has ended under it."""
        return cpu_seconds(self._pid, with_reaped_children=True) + sum(cpu_seconds(pid) for pid in children(self._pid))

    def notifying_cpu(self):
        """Of the backends that carry LISTEN and NOTIFY, one a replica."""
        pids = self.query("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN %' OR query LIKE '%pg_notify%'"
                          " AND pid <> pg_backend_pid()")
        return sum(cpu_seconds(pid) for pid in pids.split())

    def wal(self):
        """Bytes of WAL, full page images among them, and syncs of it."""
        time.sleep(STATISTICS_SECONDS)
        return [int(word) for word in self.query(
            "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn, wal_fpi, wal_sync FROM pg_stat_wal").split("|")]

    def connections(self):
        return int(self.query("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'genledger'"))

    def submissions(self):
        """Counted: the statistics of a backend come up to ten seconds late."""
        return int(self.query("SELECT count(*) FROM submissions"))

    def checkpoint(self):
        self.query("CHECKPOINT")


def run_load(address, operation, calls, *flags):
    """Drives the replicas; calls a second. Fails with the load's own words."""
    done = subprocess.run([LOAD, f"--server={address}", f"--operation={operation}", f"--calls={calls}",
                           f"--concurrency={CONCURRENCY}", f"--rows={ROWS}", *flags],  # the last of two flags counts
                          check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return int(re.search(r"(\d+)/s", done.stdout).group(1))


class Meter:
    """Seconds of CPU of everybody who takes part."""

    def __init__(self, replicas, database=None, balancer=None):
        self._replicas, self._database, self._balancer = replicas, database, balancer

    def read(self):
        database = self._database
        return [sum(cpu_seconds(pid) for pid in self._replicas), database.cpu() if database else 0,
                database.notifying_cpu() if database else 0, cpu_seconds(self._balancer) if self._balancer else 0]

    def cost(self, work):
        """Microseconds of CPU in each that `work` took."""
        before = self.read()
        work()
        return [(after - first) * 1e6 for after, first in zip(self.read(), before)]


OPERATIONS = (("new",), ("new", "--request_ids"), ("duplicate",), ("get",))


def measure(name, address, meter, concurrency, operations=OPERATIONS):
    """The cheapest of REPEATS: whatever else runs on the machine only ever adds."""
    for operation, *flags in operations:
        flags = [f"--concurrency={concurrency}", *flags]
        # Duplicates and reads need rows first: their cost is measured alone and taken off.
        preparation, calls = [0] * 4, CALLS
        if operation != "new":
            preparation, calls = meter.cost(lambda: run_load(address, operation, 1, *flags)), CHEAP_CALLS
        rates, wholes = [], []
        for _ in range(REPEATS):
            wholes.append(meter.cost(lambda: rates.append(run_load(address, operation, calls, *flags))))
        server, postgres, notify, balancer = ((a - b) / calls for a, b in zip(min(wholes, key=sum), preparation))
        print(f"{name:24} {' '.join([operation, *flags]):38} replicas {server:6.1f} us, PostgreSQL {postgres:6.1f} us "
              f"(of that LISTEN/NOTIFY {notify:5.1f} us), haproxy {balancer:5.1f} us a call; {max(rates)}/s", flush=True)


@contextlib.contextmanager
def place():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="genledger-figures-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@contextlib.contextmanager
def fleet(directory, count, *flags, simulator_flags=()):
    """`count` replicas over a new PostgreSQL: their simulator, the database, the replicas."""
    with contextlib.ExitStack() as stack:
        simulator = Simulator(directory, *simulator_flags)
        stack.callback(simulator.process.kill)
        database = Database(directory)
        stack.callback(database.close)
        replicas = Replicas(directory, database.url, simulator.url, *flags, count=count).start()
        stack.callback(replicas.close)
        yield simulator, database, replicas


def pids(replicas):
    return [replica.process.pid for replica in replicas.all]


def cpu():
    """One process on SQLite and on PostgreSQL; then 1, 2 and 3 replicas behind haproxy."""
    with place() as directory:
        simulator = Simulator(directory)
        server = Server(directory, simulator.url, "--upstream_account=simulator")
        measure("SQLite", server.address, Meter([server.process.pid]), CONCURRENCY)
        server.kill()
        simulator.process.kill()
    with place() as directory, fleet(directory, 1) as (_, database, replicas):
        address, meter = f"127.0.0.1:{replicas.ports()[0]}", Meter(pids(replicas), database)
        measure("PostgreSQL, 1, direct", address, meter, CONCURRENCY)
        for concurrency in (8, 512):  # smaller and larger groups
            measure("PostgreSQL, 1, direct", address, meter, concurrency, OPERATIONS[:1])
    for count in (1, 2, 3):
        with place() as directory, fleet(directory, count) as (_, database, replicas):
            balancer = balancers.haproxy(directory, replicas.ports())
            measure(f"PostgreSQL, {count}, haproxy", balancer.address,
                    Meter(pids(replicas), database, balancer.process.pid), count * CONCURRENCY)
            print(f"{count} replicas: {database.connections()} connections", flush=True)
            balancer.close()


def disk():
    """Bytes a submission: SQLite's file, WAL, tables and indexes."""
    for flags in ((), ("--request_ids",)):
        with place() as directory:
            simulator = Simulator(directory)
            server = Server(directory, simulator.url, "--upstream_account=simulator")
            run_load(server.address, "new", CALLS, *flags)
            server.stop()
            size = sum(path.stat().st_size for path in directory.glob("ledger.db*") if "receipts" not in path.name)
            print(f"SQLite {flags}: {size / CALLS:.0f} bytes a submission in the file", flush=True)
            simulator.process.kill()
        with place() as directory, fleet(directory, 1) as (_, database, replicas):
            address = f"127.0.0.1:{replicas.ports()[0]}"
            run_load(address, "new", ROWS, *flags)
            database.checkpoint()
            first = database.wal()
            run_load(address, "new", CALLS, *flags)
            wal, images, syncs = (after - before for after, before in zip(database.wal(), first))
            print(f"PostgreSQL {flags}: {wal / CALLS:.0f} bytes of WAL a submission, {images / CALLS:.3f} full page images, "
                  f"{syncs / CALLS:.3f} syncs", flush=True)
            database.query("VACUUM ANALYZE")
            for table in TABLES:
                heap, whole = (int(word) / (CALLS + ROWS) for word in database.query(
                    f"SELECT pg_table_size('{table}'), pg_total_relation_size('{table}')").split("|"))
                print(f"  {table:14} {heap:6.0f} bytes of rows, {whole - heap:6.0f} of indexes", flush=True)
            print(database.query("SELECT indexrelname, pg_relation_size(indexrelid) / "
                                 f"{CALLS + ROWS} FROM pg_stat_user_indexes ORDER BY 2 DESC LIMIT 12"), flush=True)


def retention():
    """How fast submissions that are old enough are deleted, and what that costs; the first sweep comes after a minute."""
    for count in (1, 3):
        with place() as directory, fleet(directory, count) as (simulator, database, replicas):
            run_load(f"127.0.0.1:{replicas.ports()[0]}", "new", AGED, "--request_ids")
            replicas.close()
            two_days = 2 * 24 * 3600 * 10**6
            database.query(f"UPDATE submissions SET create_time = create_time - {two_days}, "
                           f"update_time = update_time - {two_days}")
            database.query("VACUUM ANALYZE")
            replicas = Replicas(directory, database.url, simulator.url, "--retention=24h", count=count).start()
            meter, first_wal = Meter(pids(replicas), database), database.wal()[0]
            before, started = meter.read(), time.monotonic()
            while database.submissions() == AGED:
                before, started = meter.read(), time.monotonic()
                time.sleep(POLL_SECONDS)
            while database.submissions() > 0:
                time.sleep(POLL_SECONDS)
            seconds = time.monotonic() - started
            server, postgres = ((after - first) / AGED * 1e6 for after, first in zip(meter.read()[:2], before))
            print(f"{count} replicas: {AGED / seconds:.0f} deleted a second; replicas {server:.0f} us, PostgreSQL "
                  f"{postgres:.0f} us, {(database.wal()[0] - first_wal) / AGED:.0f} bytes of WAL a submission", flush=True)
            replicas.close()


def memory_kib(pid, key):
    return int(re.search(rf"{key}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")).group(1))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def in_flight():
    """Memory and file descriptors of one replica while so many POSTs are out, their callers waiting."""
    for target in IN_FLIGHT:
        with place() as directory, fleet(directory, 1, simulator_flags=(f"--latency={IN_FLIGHT_LATENCY_MS}ms",)) as (
                simulator, database, replicas):
            pid = replicas.all[0].process.pid
            peak = [0, 0, 0]
            over = threading.Event()

            def watch():
                while not over.wait(0.2):
                    files = descriptors(pid)
                    if files >= peak[1]:
                        peak[:] = [memory_kib(pid, "VmRSS"), files, memory_kib(pid, "Threads")]

            watcher = threading.Thread(target=watch)
            watcher.start()
            if target:
                subprocess.run([LOAD, f"--server=127.0.0.1:{replicas.ports()[0]}", "--operation=new", f"--calls={target * 3}",
                                f"--concurrency={target}"], check=False)
            else:
                time.sleep(3)
            over.set()
            watcher.join()
            print(f"{target} in flight: {peak[0] / 1024:.0f} MiB resident, {peak[1]} file descriptors, {peak[2]} threads; "
                  f"high water {memory_kib(pid, 'VmHWM') / 1024:.0f} MiB; {database.connections()} connections; "
                  f"{simulator.stats().get('posts_received')} POSTs", flush=True)


def main():
    steps = {"cpu": cpu, "disk": disk, "retention": retention, "in_flight": in_flight}
    for name in sys.argv[1:] or steps:
        print(f"-- {name}", flush=True)
        steps[name]()


if __name__ == "__main__":
    main()
