"""A start that cannot succeed says why in one line and exits non-zero; nothing is left half open."""

import os
import pathlib
import socket
import sqlite3
import stat
import subprocess
import time

from harness import PATIENCE_SECONDS, SERVER, Case, main, wait_until


class StartTest(Case):
    def start_and_fail(self, *flags, **replaced):
        """Runs the server with good flags but those replaced; its one line."""
        key_file = self.directory / "key"
        key_file.write_text("sk-simulator")
        wanted = {"listen": "127.0.0.1:0", "http_listen": "127.0.0.1:0",
                  "store": f"sqlite:{self.directory / 'ledger.db'}",
                  "upstream_url": "http://127.0.0.1:1", "upstream_api_key_file": str(key_file), **replaced}
        run = subprocess.run([SERVER, "--insecure", *(f"--{k}={v}" for k, v in wanted.items()), *flags],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS,
                             check=False)
        self.assertNotEqual(run.returncode, 0)
        self.assertGreater(run.returncode, 0, "ended by a signal: " + run.stderr)
        lines = run.stderr.splitlines()
        self.assertEqual(len(lines), 1, run.stderr)
        self.assertNotIn("sk-simulator", run.stderr)
        return lines[0]

    def test_bad_flags(self):
        for flag, value in (("upstream_url", "ftp://x"), ("upstream_url", "http://u:p@h"), ("upstream_url", ""),
                            ("listen", "nowhere"), ("listen", "127.0.0.1:99999"), ("listen", "0.0.0.0:0"),
                            ("http_listen", "nowhere"), ("http_listen", "0.0.0.0:0"), ("http_listen", "127.0.0.1:65536"),
                            ("store", "mysql://x"), ("store", "sqlite:"), ("upstream_timeout", "0s"),
                            ("upstream_timeout", "2h"), ("upstream_concurrency_max", "0"),
                            ("upstream_idempotency", "perhaps"), ("upstream_account", "a b"),
                            ("upstream_account", "x" * 129), ("replica", "caf\u00e9"), ("upstream_ca_file", "/tmp"),
                            ("upstream_ca_file", __file__), ("prompt_bytes_max", "0"), ("upstream_api_key_file", "/does/not/exist")):
            with self.subTest(f"--{flag}={value}"):
                line = self.start_and_fail(**{flag: value})
                self.assertIn("CA file" if flag == "upstream_ca_file" else flag, line)

    def test_an_unknown_flag(self):
        self.assertIn("no_such_flag", self.start_and_fail("--no_such_flag=1"))

    def test_an_empty_key_file(self):
        empty = self.directory / "empty"
        empty.write_text("\n")
        self.assertIn("empty", self.start_and_fail(upstream_api_key_file=empty))

    def test_plaintext_must_be_asked_for(self):
        run = subprocess.run([SERVER, "--listen=127.0.0.1:0"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             timeout=PATIENCE_SECONDS, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn("--insecure", run.stderr)

    def test_a_busy_port(self):
        with socket.socket() as busy:
            busy.bind(("127.0.0.1", 0))
            busy.listen()
            address = f"127.0.0.1:{busy.getsockname()[1]}"
            self.assertIn(address, self.start_and_fail(listen=address))
            line = self.start_and_fail(http_listen=address)
            self.assertIn(address, line)
            self.assertIn("--http_listen", line)

    def test_the_port_of_another_genledger(self):
        server = self.server("http://127.0.0.1:1")
        self.assertIn("in use", self.start_and_fail(listen=server.address,
                                                    store=f"sqlite:{self.directory / 'other.db'}"))

    def test_a_file_that_is_no_database(self):
        path = self.directory / "text.db"
        path.write_text("this is not a database, although it is long enough to be looked at" * 20)
        self.assertIn(str(path), self.start_and_fail(store=f"sqlite:{path}"))

    def test_the_database_of_another_program(self):
        path = self.directory / "other.db"
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE things (id INTEGER)")
        connection.commit()
        connection.close()
        self.assertIn(str(path), self.start_and_fail(store=f"sqlite:{path}"))

    def test_a_newer_schema(self):
        server = self.server("http://127.0.0.1:1")
        server.stop()
        path = self.directory / "ledger.db"
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA user_version = 999")
        connection.commit()
        connection.close()
        line = self.start_and_fail()
        self.assertIn("999", line)
        self.assertIn("newer", line)

    def test_a_directory_that_is_missing_and_a_path_that_is_a_directory(self):
        self.start_and_fail(store=f"sqlite:{self.directory / 'no' / 'such' / 'ledger.db'}")
        self.start_and_fail(store=f"sqlite:{self.directory}")

    def test_an_unwritable_place(self):
        self.assertIn("/proc/ledger.db", self.start_and_fail(store="sqlite:/proc/ledger.db"))
        read_only = self.directory / "readonly.db"
        read_only.touch(mode=0o400)
        if os.geteuid() != 0:  # root may write there all the same
            self.assertIn(str(read_only), self.start_and_fail(store=f"sqlite:{read_only}"))

    def test_one_process_per_file_whatever_path_leads_to_it(self):
        server = self.server("http://127.0.0.1:1")
        ledger = self.directory / "ledger.db"
        for number, link in enumerate((os.link, os.symlink)):
            other = self.directory / f"other{number}.db"
            link(ledger, other)
            self.assertIn("in use", self.start_and_fail(store=f"sqlite:{other}"))
        (self.directory / "ledger.db.lock").unlink()
        self.assertIn("in use", self.start_and_fail())
        self.assertTrue(server.process.running())

    def test_a_refused_file_stays_as_it_was(self):
        text, other = self.directory / "text", self.directory / "other.db"
        text.write_text("not a database" * 100)
        connection = sqlite3.connect(other)
        connection.execute("CREATE TABLE things (id INTEGER)")
        connection.commit()
        connection.close()
        for path in (text, other):
            path.chmod(0o644)
            content = path.read_bytes()
            self.start_and_fail(store=f"sqlite:{path}")
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o644)
            self.assertEqual(path.read_bytes(), content)
            self.assertFalse(pathlib.Path(f"{path}.lock").exists())

    def test_nothing_is_posted_by_a_start_that_fails(self):
        upstream = self.simulator()
        upstream.rules({"status": 429, "retry_after": 1})
        server = self.server(upstream.url)
        pending = [server.submit(f"pending {number}", wait=1).submission for number in range(5)]
        server.kill()
        upstream.rules()
        posted = upstream.stats()["posts_received"]
        due = max(s.next_attempt_time.seconds for s in pending) + 1
        wait_until(lambda: time.time() > due, "all of it being due")
        with socket.socket() as busy:
            busy.bind(("127.0.0.1", 0))
            busy.listen()
            self.start_and_fail(listen=f"127.0.0.1:{busy.getsockname()[1]}", upstream_url=upstream.url)
        self.start_and_fail(port_file=str(self.directory), upstream_url=upstream.url)
        self.assertEqual(upstream.stats()["posts_received"], posted)
        server = self.server(upstream.url)
        for submission in pending:
            wait_until(lambda s=submission: server.get(id=s.id).task_id, "the work that was left")

    def test_a_fifo_as_key_file(self):
        fifo = self.directory / "fifo"
        os.mkfifo(fifo)
        self.assertIn("upstream_api_key_file", self.start_and_fail(upstream_api_key_file=fifo))

    def test_one_process_per_file(self):
        server = self.server("http://127.0.0.1:1")
        line = self.start_and_fail()
        self.assertIn("in use", line)
        self.assertIn(str(server.process.pid), line)

    def test_the_store_stays_with_its_upstream_account(self):
        self.server("http://127.0.0.1:1").stop()
        line = self.start_and_fail(upstream_url="http://127.0.0.1:2")
        self.assertIn("127.0.0.1:1", line)
        self.assertIn("127.0.0.1:2", line)
        self.assertIn("prod", self.start_and_fail(upstream_account="prod"))
        self.server("http://127.0.0.1:2", "--new_upstream_account", "--upstream_account=prod").stop()
        self.server("http://127.0.0.1:3", "--upstream_account=prod").stop()

    def test_the_database_is_for_its_owner_only(self):
        server = self.server("http://127.0.0.1:1")
        server.submit("x", wait=0)
        files = list(pathlib.Path(self.directory).glob("ledger.db*"))
        self.assertGreaterEqual(len(files), 3)
        for path in files:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)


if __name__ == "__main__":
    main()
