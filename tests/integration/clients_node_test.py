"""clients/node against the real server, and against one that misbehaves; the tests themselves are tests/clients/node."""

import os
import re
import shutil
import subprocess
import sys

import client_scenes
from harness import PATIENCE_SECONDS, ROOT, Case, main

from genledger.v1.error_reason_pb2 import ErrorReason

PACKAGE = ROOT / "clients/node"
TESTS = ROOT / "tests/clients/node"
# Where tests/tools/install.sh puts what package-lock.json names.
MODULES = ROOT / ".node/node_modules"
SKIPPED = 77


class NodeTest(Case):
    def setUp(self):
        super().setUp()
        # Programs beside the package see it under its name.
        self.package = self.directory / "node_modules/genledger"
        self.package.mkdir(parents=True)
        subprocess.run(["node", PACKAGE / "assemble.mjs", self.package], check=True)
        for module in MODULES.iterdir():
            (self.directory / "node_modules" / module.name).symlink_to(module)

    def run_node(self, *words, **environment):
        done = subprocess.run(["node", *words], env={**os.environ, **environment}, cwd=self.directory,
                              capture_output=True, text=True, timeout=4 * PATIENCE_SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def run_tests(self, name, **environment):
        """Runs one file of TESTS beside the package; how many tests passed."""
        shutil.copytree(TESTS, self.directory / "tests", dirs_exist_ok=True)
        out = self.run_node("--test-reporter=tap", self.directory / "tests" / name, **environment)
        print(out)
        return int(re.search(r"^# pass (\d+)$", out, re.MULTILINE).group(1))

    def test_the_real_server(self):
        upstream = self.simulator()
        server = self.server(upstream.url)
        self.assertGreaterEqual(
            self.run_tests("real_server.test.mjs", GENLEDGER_SERVER=server.address, GENLEDGER_UPSTREAM=upstream.url,
                           GENLEDGER_GOLDEN=str(client_scenes.GOLDEN), **client_scenes.secured_server(self, upstream)), 12)

    def test_a_misbehaving_server(self):
        fake = client_scenes.fake_server(self)
        tls, certificate = client_scenes.tls_server(self)
        reasons = [name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()[1:]]
        self.assertGreaterEqual(
            self.run_tests("misbehaving_server.test.mjs", GENLEDGER_FAKE=fake.address, GENLEDGER_TLS_PORT=str(tls.port),
                           GENLEDGER_TLS_CA_FILE=str(certificate), GENLEDGER_DIRECTORY=str(self.directory),
                           GENLEDGER_REASONS=",".join(reasons)), 15)

    def test_the_types(self):
        shutil.copytree(TESTS, self.directory / "tests")
        self.run_node(MODULES / "typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext",
                      "--target", "es2022", self.directory / "tests/types.ts")

    def test_a_worker_that_is_killed_never_pays_twice(self):
        client_scenes.worker_survives_kills(self, ["node", str(self.package / "examples/worker.mjs")])

    def test_the_commands_of_the_readme(self):
        tree = self.directory / "tree"
        shutil.copytree(PACKAGE, tree / "clients/node", ignore=shutil.ignore_patterns("proto", "node_modules"))
        (tree / "proto").symlink_to(ROOT / "proto")
        (tree / "clients/node/node_modules").symlink_to(MODULES)
        printed = client_scenes.run_readme(self, PACKAGE / "README.md", self.server(self.simulator().url).address,
                                           tree / "clients/node", without="npm ci --ignore-scripts\n")
        self.assertRegex(printed, r"^sub_\w+ SUBMITTED \S+ CREATED\n$")


if __name__ == "__main__":
    if shutil.which("node") is None or not MODULES.is_dir():
        print("NOT TESTED: clients/node, because Node.js or .node/node_modules is missing (see tests/tools/install.sh)")
        sys.exit(SKIPPED)
    main()
