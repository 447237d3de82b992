"""PostgreSQL servers of a test's own, from Debian's packages: alone, or a primary with a synchronous standby."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess

from harness import wait_until
from ports import free_port

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
# PostgreSQL refuses to run as root.
USER = "postgres"


class Postgres:
    """One server on loopback, everybody trusted; its files lie in `directory`/`name`."""

    def __init__(self, directory, name):
        self.name = name
        self.port = free_port()
        self._files = directory / name
        self._log = directory / f"{name}.log"
        self._directory = directory
        self._cluster_name = f"{name}-{self.port}"
        directory.chmod(0o755)
        self._log.touch()
        if os.geteuid() == 0:
            shutil.chown(self._log, USER)

    def initialize(self):
        self._make_files()
        self._run("initdb", "-D", self._files, "-A", "trust", "-U", "postgres", "--no-locale", "-E", "UTF8")
        self._configure()
        return self

    def copy_of(self, primary):
        """A standby that streams from `primary`."""
        self._make_files()
        self._run("pg_basebackup", "-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres", "-D", self._files, "-R",
                  "-X", "stream", "-c", "fast", "-d", f"application_name={self.name}")
        self._configure()
        with open(self._files / "postgresql.auto.conf", "a", encoding="utf-8") as conf:
            conf.write(f"primary_conninfo = 'host=127.0.0.1 port={primary.port} user=postgres "
                       f"application_name={self.name}'\n")
        return self

    def start(self):
        self._run("pg_ctl", "-D", self._files, "-w", "-t", "60", "-l", self._log, "start")
        return self

    def stop(self):
        if (self._files / "postmaster.pid").exists():
            subprocess.run(self._as_user(PROGRAMS / "pg_ctl", "-D", self._files, "-m", "immediate", "stop"), check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        """kill -9 of the postmaster; the others end when they see it gone."""
        pid = int((self._files / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self._anybody_left(), f"the end of {self.name}'s processes")

    def _anybody_left(self):
        """Backends outlive the postmaster for a moment; cluster_name is in their titles."""
        found = subprocess.run(["pgrep", "-f", f"postgres: {self._cluster_name}: "], check=False, stdout=subprocess.DEVNULL)
        return found.returncode == 0

    def promote(self):
        self._run("pg_ctl", "-D", self._files, "-w", "promote")

    def wait_for_standby(self, standby):
        """From now on a commit waits for `standby`, which streams."""
        self.query(f"ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({standby.name})'")
        self.query("SELECT pg_reload_conf()")
        wait_until(lambda: self.query(
            f"SELECT sync_state FROM pg_stat_replication WHERE application_name = '{standby.name}'") == "sync",
                   "a synchronous standby")

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
        shutil.rmtree(self._files, ignore_errors=True)
        self._files.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(self._files, USER, USER)

    def _configure(self):
        with open(self._files / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = ''\n"
                       f"max_connections = 200\nwal_log_hints = on\ncluster_name = '{self._cluster_name}'\n")

    def _as_user(self, *command):
        words = [str(word) for word in command]
        if os.geteuid() != 0:
            return words
        entry = pwd.getpwnam(USER)
        return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "env",
                f"HOME={self._directory}", "LC_ALL=C", *words]

    def _run(self, program, *arguments):
        done = subprocess.run(self._as_user(PROGRAMS / program, *arguments), check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{program}: {done.stdout}{done.stderr}"
                                 f"{self._log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
