"""What the tests of genledgerctl share: a server, an upstream, and the built program."""

import os
import pty
import select
import subprocess
import time

from harness import PATIENCE_SECONDS, ROOT, Case

CTL = ROOT / "bazel-bin/clients/cpp/genledgerctl/genledgerctl"


class CtlCase(Case):
    def setUp(self):
        super().setUp()
        self.upstream = self.simulator()
        self.genledger = self.server(self.upstream.url)

    def environment(self):
        return {**os.environ, "GENLEDGER_SERVER": self.genledger.address, "TZ": "UTC"}

    def run_ctl(self, *words, code=0, stdin=None):
        """Runs genledgerctl to its end, its output in pipes."""
        done = subprocess.run([CTL, *words], env=self.environment(), capture_output=True, text=True, input=stdin,
                              timeout=PATIENCE_SECONDS, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def ctl(self, *words, code=0):
        """Runs genledgerctl to its end; its standard output."""
        return self.run_ctl(*words, code=code).stdout

    def on_terminal(self, *words, **environment):
        """Runs genledgerctl on a terminal of its own; everything that it wrote there."""
        master, slave = pty.openpty()
        environment = {**self.environment(), "TERM": "xterm", **environment}
        process = subprocess.Popen([CTL, *words], env=environment, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self.addCleanup(os.close, master)
        written, deadline = b"", time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            ready, _, _ = select.select([master], [], [], 0.1)
            try:
                written += os.read(master, 65536) if ready else b""
            except OSError:  # the other end is closed
                break
        self.addCleanup(process.kill)
        process.wait(timeout=PATIENCE_SECONDS)
        return written.decode()
