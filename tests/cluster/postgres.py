"""PostgreSQL servers of a test's own, from Debian's packages: alone, or a primary with a synchronous standby."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess

from harness import Process, wait_until
from ports import accepts, free_port

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
# PostgreSQL and pgbouncer refuse to run as root.
USER = "postgres"
PATIENCE_SECONDS = 60


def as_user(*command):
    """The command, as somebody who may run PostgreSQL."""
    words = [str(word) for word in command]
    if os.geteuid() != 0:
        return words
    entry = pwd.getpwnam(USER)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups",
            # The change of user drops what the harness has set: the process ends with the test.
            "--pdeathsig=KILL", *words]


class Postgres:
    """One server on loopback, everybody trusted; its files lie in `directory`/`name`."""

    def __init__(self, directory, name):
        self.name = name
        self.port = free_port()
        self._files = directory / name
        self._log = directory / f"{name}.log"
        self._process = None
        directory.chmod(0o755)

    def initialize(self):
        self._make_files()
        self._run("initdb", "-D", self._files, "-A", "trust", "-U", "postgres", "--no-locale", "-E", "UTF8")
        with open(self._files / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write("listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 200\n")
        return self

    def copy_of(self, primary):
        """A standby that streams from `primary`; what was here before is gone."""
        self._make_files()
        self._run("pg_basebackup", "-h", "127.0.0.1", "-p", primary.port, "-U", "postgres", "-D", self._files, "-R",
                  "-X", "stream", "-c", "fast")
        with open(self._files / "postgresql.auto.conf", "a", encoding="utf-8") as conf:
            conf.write(f"primary_conninfo = 'host=127.0.0.1 port={primary.port} user=postgres "
                       f"application_name={self.name}'\n")
        return self

    def start(self):
        """Returns when it takes connections."""
        self._process = Process(as_user(PROGRAMS / "postgres", "-D", self._files, "-p", self.port), self._log)
        wait_until(lambda: self._accepts() or not self._process.running(), f"{self.name} to start", PATIENCE_SECONDS)
        if not self._process.running():
            raise AssertionError(f"{self.name} did not start: {self._process.log()[-2000:]}")
        return self

    def _accepts(self):
        done = subprocess.run(["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"],
                              check=False)
        return done.returncode == 0

    def stop(self):
        """At once, and without a checkpoint; what it shares with its processes goes too."""
        if self._process is None:
            return
        if self._process.running():
            self._process.signal(signal.SIGQUIT)
            self._process.wait(PATIENCE_SECONDS)
        self._forget_shared_memory()

    def kill(self):
        """kill -9 of the postmaster; returns when a new one may start: the others end when they see it gone."""
        self._process.kill()
        wait_until(lambda: self._attached() == 0, f"the end of {self.name}'s processes", PATIENCE_SECONDS)

    def _shared_memory(self):
        """The id of the segment by which a new postmaster sees that processes of an old one are left; None without."""
        try:
            return (self._files / "postmaster.pid").read_text(encoding="utf-8").splitlines()[6].split()[1]
        except (FileNotFoundError, IndexError):
            return None

    def _attached(self):
        """How many processes use the server's shared memory."""
        segment = self._shared_memory()
        for line in pathlib.Path("/proc/sysvipc/shm").read_text(encoding="utf-8").splitlines()[1:]:
            fields = line.split()
            if fields[1] == segment:
                return int(fields[6])
        return 0

    def _forget_shared_memory(self):
        """Of a server that was killed, and whose files will not be started again, which would remove it."""
        segment = self._shared_memory()
        if segment is not None:
            subprocess.run(["ipcrm", "-m", segment], check=False, stderr=subprocess.DEVNULL)

    def promote(self):
        self._run("pg_ctl", "-D", self._files, "-w", "promote")

    def wait_for_standby(self, standby):
        """From now on a commit waits for `standby`, which streams."""
        self.query(f"ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({standby.name})'")
        self.query("SELECT pg_reload_conf()")
        wait_until(lambda: self.query(
            f"SELECT sync_state FROM pg_stat_replication WHERE application_name = '{standby.name}'") == "sync",
                   "a synchronous standby", PATIENCE_SECONDS)

    def wait_for_nobody(self):
        """After a promotion: the standby it would wait for is gone."""
        self.query("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.query("SELECT pg_reload_conf()")

    def query(self, sql, database="postgres"):
        """The answer as text, without its last line end."""
        return subprocess.run(
            ["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database, "-At", "-v",
             "ON_ERROR_STOP=1", "-c", sql],
            check=True, capture_output=True, text=True).stdout.rstrip("\n")

    def url(self, *others, database="postgres"):
        """What --store is given; with others: whichever of them takes writes."""
        servers = (self, *others)
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
        suffix = "&target_session_attrs=read-write&tcp_user_timeout=2000" if others else ""
        return f"postgresql://postgres@{hosts}/{database}?connect_timeout=2{suffix}"

    def _make_files(self):
        if self._files.exists():
            self._forget_shared_memory()
            shutil.rmtree(self._files)
        self._files.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(self._files, USER, USER)

    def _run(self, program, *arguments):
        done = subprocess.run(as_user(PROGRAMS / program, *arguments), check=False, capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"})
        if done.returncode != 0:
            raise AssertionError(f"{program}: {done.stdout}{done.stderr}")


class Pgbouncer:
    """Lends the sessions of a Postgres to transactions, as platform teams have it."""

    PROGRAM = "/usr/sbin/pgbouncer"

    def __init__(self, directory, postgres):
        self.port = free_port()
        settings = directory / "pgbouncer.ini"
        settings.write_text(f"""[databases]
postgres = host=127.0.0.1 port={postgres.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
ignore_startup_parameters = extra_float_digits
""", encoding="utf-8")
        self._process = Process(as_user(self.PROGRAM, settings), directory / "pgbouncer.log")
        wait_until(lambda: accepts(self.port) or not self._process.running(), "pgbouncer's port")
        if not self._process.running():
            raise AssertionError(f"pgbouncer did not start: {self._process.log()}")

    def url(self):
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres?connect_timeout=2"

    def close(self):
        self._process.kill()
