"""The programs of the upstream's page, as they are printed there, against Genledger: the base URL and the token are changed.

Each runs with the tools that this machine has; ./test.sh --all installs all of them, and then a missing one is a failure.
"""

import os
import re
import subprocess
import sys

import page_programs
from harness import EXAMPLE, PATIENCE_SECONDS, Case, api, main
from page_languages import LANGUAGES, NOT_IN_DEBIAN
from tls_front import TlsFront, make_certificate

TOKEN = "sk-of-a-caller"
# Compilers and virtual machines start on a machine that does other things too.
RUN_SECONDS = 4 * PATIENCE_SECONDS


def runs(command, directory):
    try:
        return subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=RUN_SECONDS, check=False).returncode == 0
    except FileNotFoundError:
        return False


class PageProgramTest(Case):
    def check(self, title):
        self.language = LANGUAGES[title]
        if not runs(self.language.probe, self.directory):
            missing = f"the page's {title} program, which needs {self.language.packages}; ./test.sh --all installs that"
            self.assertNotEqual(os.environ.get("GENLEDGER_TEST_ALL"), "1", missing)
            # On a line of its own: the test's name stands on this one.
            print(f"\nNOT TESTED: {missing}", flush=True)
            self.skipTest(missing)
        self.program = page_programs.programs()[title]
        for old, new in self.language.mend.items():
            self.assertEqual(self.program.count(old), 1)
            self.program = self.program.replace(old, new)
        self.check_program()

    def check_program(self):
        """A refusal in the page's form; then a task; then the same task, from the ledger, by every URL that it takes."""
        upstream = self.simulator()
        server = self.server(upstream.url)
        certificate, key = make_certificate(self.directory)
        front = TlsFront(server.http_address, certificate, key)
        self.addCleanup(front.stop)
        urls = [f"http://{server.http_address}"] if self.language.takes_plaintext else []
        urls += [f"https://{front.address}"] if self.language.trust else []
        environment = {self.language.trust: str(certificate)} if self.language.trust else {}

        upstream.rules({"status": 400, "when": {"count": 1}})
        self.assertRegex(self.output_of(urls[0], environment), r"\berror\b.*\binvalid_request_error\b")
        task_id = self.task_of(urls[0], environment)
        for url in urls:
            self.assertEqual(self.task_of(url, environment), task_id)
        self.assertEqual(upstream.stats()["posts_received"], 2)
        self.assertEqual(upstream.stats()["accepted"], 1)
        # What it said is what the page's example says.
        joined = server.submit(spec=EXAMPLE)
        self.assertEqual(joined.dedupe, api.SubmitGenerationResponse.DEDUPE_JOINED)
        self.assertEqual(joined.submission.task_id, task_id)

    def task_of(self, base_url, environment):
        output = self.output_of(base_url, environment)
        tasks = re.findall(r"\btask_\w{20,}", output)
        self.assertEqual(len(tasks), 1, output)
        self.assertIn("submitted", output)
        return tasks[0]

    def output_of(self, base_url, environment):
        """What the program prints, in one line."""
        text = page_programs.for_genledger(self.program, base_url, TOKEN)
        (self.directory / self.language.file).write_text(text, encoding="utf-8")
        # The programs are in UTF-8, and so are the machines that they are meant for.
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "GOCACHE": str(self.directory / "go"), **environment}
        for command in filter(None, (self.language.build, self.language.run)):
            done = subprocess.run(command, env=environment, cwd=self.directory, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return " ".join(done.stdout.split())

    def test_curl(self):
        self.check("cURL")

    def test_python(self):
        self.check("Python")

    def test_javascript(self):
        self.check("JavaScript")

    def test_java(self):
        self.check("Java")

    def test_c(self):
        self.check("C")

    def test_go_with_the_line_mended_that_does_not_compile(self):
        self.check("Go")

    def test_php(self):
        self.check("PHP")

    def test_ruby(self):
        self.check("Ruby")

    def test_r(self):
        self.check("R")

    def test_ocaml(self):
        self.check("OCaml")


class PageExtractTest(Case):
    def test_every_program_is_run_or_there_is_a_reason(self):
        self.assertEqual(sorted(page_programs.programs()), sorted([*LANGUAGES, *NOT_IN_DEBIAN]))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    main()
