"""`genledgerctl submit --file` against the real server: many jobs, interrupted and repeated, paid for once."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

from ctl_case import CTL, CtlCase
from harness import PATIENCE_SECONDS, Process, main, wait_until


class BulkTest(CtlCase):
    def jobs(self, *lines, name="jobs.jsonl"):
        """A file of lines: text as it is, everything else as JSON."""
        path = self.directory / name
        path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
        return f"--file={path}"

    def bulk(self, *words, code=0, stdin=None):
        """The objects that it printed, the summary apart, and what went to stderr."""
        done = self.run_ctl("submit", *words, "--output=json", code=code, stdin=stdin)
        *answers, last = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(last["summary"]["exit_code"], code)
        return answers, last["summary"], done.stderr

    def posts(self):
        return self.upstream.stats()["posts_received"]

    def test_every_line_is_submitted_once_and_a_repeat_is_replayed(self):
        prompts = [f"video {number}" for number in range(30)]
        jobs = self.jobs(*({"prompt": prompt} for prompt in prompts))
        answers, summary, _ = self.bulk(jobs, "--label=batch=b1")
        self.assertEqual([answer["line"] for answer in answers], list(range(1, 31)))
        self.assertEqual([answer["submission"]["spec"]["prompt"] for answer in answers], prompts)
        self.assertEqual([answer["submission"]["request_id"] for answer in answers],
                         [answer["request_id"] for answer in answers])
        self.assertEqual((summary["lines"], summary["created"], summary["failed"]), (30, 30, 0))
        again, summary, _ = self.bulk(self.jobs(*({"prompt": prompt} for prompt in reversed(prompts))))
        self.assertEqual(summary["replayed"], 30)
        self.assertEqual([answer["submission"]["id"] for answer in reversed(again)],
                         [answer["submission"]["id"] for answer in answers])
        self.assertEqual(self.posts(), 30)
        self.assertEqual(len(self.ctl("list", "--filter=labels.batch = b1", "--all", "--output=id").split()), 30)

    def test_repeated_lines_are_told_apart_by_their_occurrence(self):
        line = {"prompt": "the same"}
        answers, summary, _ = self.bulk(self.jobs(line, line, line))
        self.assertEqual(len({answer["request_id"] for answer in answers}), 3)
        self.assertEqual((summary["created"], summary["joined"], self.posts()), (1, 2, 1))
        other = {"prompt": "each of them"}
        jobs = self.jobs(other, other)
        self.assertEqual(self.bulk(jobs, "--dedupe_mode=request_id_only")[1]["created"], 2)
        self.assertEqual(self.bulk(jobs, "--dedupe_mode=request_id_only")[1]["replayed"], 2)
        self.assertEqual(self.posts(), 3)
        self.assertEqual(self.bulk(jobs, "--variation=2")[1]["created"], 1)

    def test_a_run_that_is_killed_is_repeated_and_pays_for_nothing_twice(self):
        jobs = self.jobs(*({"prompt": f"video {number}"} for number in range(40)))
        self.upstream.rules({"latency_ms": 200})
        killed = Process([CTL, "submit", f"--server={self.genledger.address}", "--concurrency=4", jobs],
                         self.directory / "killed.out")
        self.addCleanup(killed.kill)
        wait_until(lambda: self.posts() >= 10 or not killed.running(), "10 POSTs")
        self.assertTrue(killed.running(), killed.log())
        killed.kill()
        summary = self.bulk(jobs, "--concurrency=40")[1]
        self.assertEqual(summary["created"] + summary["replayed"], 40)
        self.assertGreaterEqual(summary["replayed"], 10)
        self.assertEqual(self.posts(), 40)

    def test_failures_are_told_counted_and_written_to_be_submitted_again(self):
        self.upstream.rules({"when": {"prompt_contains": "refused"}, "status": 400, "shape": "envelope"})
        failures = self.directory / "failed.jsonl"
        jobs = self.jobs({"prompt": "good"}, "", "{not json", {"prompt": "short", "duration": 5}, {"promt": "x"},
                         {"spec": {"prompt": "refused"}, "request_id": 'my"own"', "labels": {"k": "v"}}, "[]")
        answers, summary, err = self.bulk(jobs, f"--failures={failures}", code=1)
        self.assertEqual([answer["line"] for answer in answers], [1, 3, 4, 5, 6, 7])
        self.assertEqual((summary["created"], summary["failed"]), (1, 5))
        self.assertEqual(summary["failed_by_reason"],
                         {"FIELD_INVALID": 1, "INVALID_ARGUMENT": 3, "UPSTREAM_REFUSED_REQUEST": 1})
        self.assertEqual(answers[4]["request_id"], 'my"own"')
        self.assertEqual(answers[4]["error"]["reason"], "UPSTREAM_REFUSED_REQUEST")
        self.assertIn("line 4: INVALID_ARGUMENT (FIELD_INVALID): spec.duration", err)
        self.assertEqual(re.findall(r"^next, (\w+): ", err, re.MULTILINE), ["FIELD_INVALID", "UPSTREAM_REFUSED_REQUEST"])
        written = failures.read_text().splitlines()
        self.assertEqual([written[0], written[2], written[4]], ["{not json", '{"promt": "x"}', "[]"])
        request = json.loads(written[3])
        self.assertEqual((request["request_id"], request["labels"]), ('my"own"', {"k": "v"}))
        self.assertEqual(json.loads(written[1])["request_id"], answers[2]["request_id"])
        again = self.bulk(f"--file={failures}", code=1)[0]
        self.assertEqual([answer.get("request_id") for answer in again],
                         [answer.get("request_id") for answer in answers[1:]])

    def test_a_run_that_is_told_to_stop_prints_its_summary(self):
        jobs = self.jobs({"prompt": " "}, *({"prompt": f"video {number}"} for number in range(40)))
        self.upstream.rules({"latency_ms": 300})
        failures = self.directory / "failed.jsonl"
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            before = self.posts()
            stopped = Process([CTL, "submit", f"--server={self.genledger.address}", "--concurrency=2", "--output=json",
                               f"--failures={failures}", jobs], self.directory / f"stopped-{code}.out")
            self.addCleanup(stopped.kill)
            wait_until(lambda: self.posts() >= before + 4 or not stopped.running(), "4 POSTs")
            stopped.signal(number)
            self.assertEqual(stopped.wait(), code, stopped.log())
            *answers, last = [json.loads(line) for line in stopped.log().splitlines() if line.startswith("{")]
            summary = last["summary"]
            self.assertEqual((summary["exit_code"], summary["lines"], summary["failed"]), (code, len(answers), 1))
            # Nobody's answer is lost: what was out was waited for.
            self.assertEqual(summary["created"] + summary["replayed"], self.posts())
            self.assertLess(self.posts(), 40)
            self.assertEqual(len(failures.read_text().splitlines()), 1)
        self.assertEqual(self.bulk(jobs, code=3)[1]["failed"], 1)
        self.assertEqual(self.posts(), 40)

    def test_a_run_that_is_told_to_stop_waits_neither_for_a_server_nor_for_a_line(self):
        self.genledger.stop()
        stopped = Process([CTL, "submit", f"--server={self.genledger.address}", self.jobs({"prompt": "x"})],
                          self.directory / "stopped.out")
        self.addCleanup(stopped.kill)
        waiting = subprocess.Popen([CTL, "submit", "--file=-"], env=self.environment(), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(waiting.stdout.close)
        self.addCleanup(waiting.stdin.close)
        self.addCleanup(waiting.kill)
        for pid in (stopped.pid, waiting.pid):
            wait_until(lambda pid=pid: self.waits_for_signals(pid), "the run to begin")
            os.kill(pid, signal.SIGTERM)
        self.assertEqual(stopped.wait(), 143, stopped.log())
        self.assertIn("lines ", stopped.log())
        self.assertEqual(waiting.wait(timeout=PATIENCE_SECONDS), 143)
        self.assertIn("lines ", waiting.stdout.read())

    @staticmethod
    def waits_for_signals(pid):
        """Whether it has blocked SIGTERM, to ask for it."""
        blocked = re.search(r"^SigBlk:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE).group(1)
        return int(blocked, 16) >> (signal.SIGTERM - 1) & 1

    def test_lines_that_contradict_each_other_are_refused_before_anything_is_sent(self):
        lines = [{"prompt": "good"}, {"spec": {"prompt": "one"}, "request_id": "r"}, "",
                 {"spec": {"prompt": "two"}, "request_id": "r"}]
        done = self.run_ctl("submit", self.jobs(*lines), "--concurrency=1", code=2)
        self.assertIn("lines 2 and 4 differ and have one request_id, r", done.stderr)
        self.assertEqual(self.posts(), 0)
        # Standard input is not read twice: the server refuses the later one.
        text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        answers, summary, _ = self.bulk("--file=-", "--concurrency=1", stdin=text, code=6)
        self.assertEqual((summary["created"], answers[-1]["error"]["reason"]), (2, "REQUEST_ID_REUSED"))

    def test_the_jobs_are_never_their_own_failures_file(self):
        jobs = self.jobs({"prompt": "kept"}, {"prompt": " "})
        path = self.directory / "jobs.jsonl"
        (self.directory / "symbolic").symlink_to(path)
        (self.directory / "hard").hardlink_to(path)
        before = path.read_text()
        for name in ("jobs.jsonl", "symbolic", "hard", "../" + self.directory.name + "/jobs.jsonl"):
            done = self.run_ctl("submit", jobs, f"--failures={self.directory / name}", code=2)
            self.assertIn("is the file of the jobs", done.stderr)
            with path.open() as stdin:
                piped = subprocess.run([CTL, "submit", "--file=-", f"--failures={self.directory / name}"], stdin=stdin,
                                       env=self.environment(), capture_output=True, text=True, check=False)
            self.assertEqual(piped.returncode, 2, piped.stderr)
            self.assertEqual(path.read_text(), before)
        self.assertEqual(self.posts(), 0)

    def test_an_earlier_failures_file_survives_a_run_that_is_killed(self):
        failures, link = self.directory / "failed.jsonl", self.directory / "link"
        failures.write_text("of the run before\n")
        failures.chmod(0o600)
        link.symlink_to(failures)
        self.upstream.rules({"when": {"prompt_contains": "slow"}, "latency_ms": 60000})
        jobs = self.jobs({"prompt": " "}, {"prompt": "slow"})
        killed = Process([CTL, "submit", f"--server={self.genledger.address}", f"--failures={link}", jobs],
                         self.directory / "killed.out")
        self.addCleanup(killed.kill)

        def partial():
            return [path for path in self.directory.glob("failed.jsonl.*.partial") if path.stat().st_size > 0]

        wait_until(lambda: partial() or not killed.running(), "the first failure")
        killed.kill()
        self.assertEqual(failures.read_text(), "of the run before\n")
        self.assertEqual(len(partial()), 1)
        partial()[0].unlink()
        self.run_ctl("submit", self.jobs({"prompt": "good"}, {"prompt": ""}), f"--failures={link}", code=3)
        self.assertEqual(len(failures.read_text().splitlines()), 1)
        self.assertEqual((link.is_symlink(), failures.stat().st_mode & 0o777), (True, 0o600))
        self.assertEqual(list(self.directory.glob("*.partial")), [])
        shown = self.run_ctl("submit", self.jobs({"prompt": ""}), "--failures=/dev/stdout", "--output=id", code=3)
        self.assertEqual(json.loads(shown.stdout)["spec"]["prompt"], "")

    def test_exit_codes_tell_what_failures_have_in_common(self):
        self.bulk(self.jobs({"prompt": " "}, {"prompt": ""}), code=3)
        self.upstream.rules({"status": 429, "retry_after": 3600})
        self.assertEqual(self.bulk(self.jobs({"prompt": "waits"}), "--wait=0", code=11)[1]["pending"], 1)
        self.upstream.rules({"do": "reset", "at": "body", "accept": False})
        self.bulk(self.jobs({"prompt": "unknown"}, {"prompt": " "}), code=8)

    def test_a_line_that_the_server_cannot_take_now_is_repeated(self):
        port = self.genledger.address.rpartition(":")[2]
        jobs = self.jobs(*({"prompt": f"video {number}"} for number in range(10)))
        self.upstream.rules({"latency_ms": 100})
        running = Process([CTL, "submit", f"--server={self.genledger.address}", "--concurrency=2", "--output=json", jobs],
                          self.directory / "outlives.out")
        self.addCleanup(running.kill)
        wait_until(lambda: self.posts() >= 2 or not running.running(), "2 POSTs")
        self.assertEqual(self.genledger.stop(), 0)
        self.genledger = self.server(self.upstream.url, f"--listen=127.0.0.1:{port}")
        # A server that drains answers 11 for what it has out.
        self.assertIn(running.wait(2 * PATIENCE_SECONDS), (0, 11), running.log())
        self.assertEqual(json.loads(running.log().splitlines()[-1])["summary"]["failed"], 0)
        self.assertEqual(self.bulk(jobs)[1]["replayed"], 10)
        self.assertEqual(self.posts(), 10)
        self.genledger.stop()
        self.run_ctl("submit", self.jobs({"prompt": "x"}), "--patience=0", "--wait=0", "--timeout=1s", code=5)

    def test_standard_input_ids_and_previews(self):
        done = self.run_ctl("submit", "--file=-", "--output=id", stdin='{"prompt": "one"}\r\n\n  {"prompt": "two"}')
        self.assertEqual(len(done.stdout.split()), 2)
        self.assertRegex(done.stderr, r"^lines +2\n")
        answers, summary, _ = self.bulk("--file=-", "--validate_only", stdin='{"prompt": "one"}\n{"prompt": "new"}\n')
        self.assertEqual([answer["preview"]["would"] for answer in answers], ["DEDUPE_REPLAYED", "DEDUPE_CREATED"])
        self.assertEqual((summary["replayed"], summary["created"], summary["pending"]), (1, 1, 0))
        self.assertEqual(self.posts(), 2)

    def test_a_progress_bar_and_colours_on_a_terminal_only(self):
        jobs = self.jobs(*({"prompt": f"video {number}"} for number in range(20)), {"prompt": " "})
        self.upstream.rules({"latency_ms": 100})
        shown = self.on_terminal("submit", "--concurrency=2", jobs)
        self.assertRegex(shown, r"\[#+\.+\]  +\d+%  \d+ of 21.*, [\d.]+/s, .*s left")
        self.assertIn("\x1b[31m1\x1b[0m", shown)
        plain = self.on_terminal("submit", jobs, NO_COLOR="1")
        self.assertNotRegex(plain, r"\x1b\[\d+m")
        piped = self.run_ctl("submit", jobs, code=3)
        self.assertNotIn("\x1b", piped.stdout + piped.stderr)
        self.assertEqual(re.sub(" +", " ", piped.stdout).splitlines(),
                         ["lines 21", "created 0", "joined 0", "replayed 20", "reopened 0", "pending 0", "failed 1",
                          " FIELD_INVALID 1"])

    def test_flags_that_contradict_each_other(self):
        jobs = self.jobs({"prompt": "x"})
        for words in ([jobs, "--prompt=x"], [jobs, "--request_id=r"], [jobs, "--concurrency=0"], ["--file="],
                      ["--prompt=x", "--failures=f"], [jobs, "--failures="], ["--file=/nowhere"],
                      [f"--file={self.directory}"], [jobs, f"--failures={self.directory}"]):
            self.ctl("submit", *words, code=2)
        self.assertEqual(self.posts(), 0)


if __name__ == "__main__":
    main()
