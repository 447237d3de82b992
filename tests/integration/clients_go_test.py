"""clients/go against the real server, and against one that misbehaves; the tests themselves are tests/clients/go."""

import os
import shutil
import subprocess
import sys

import client_scenes
from harness import ROOT, Case, main

PACKAGE = ROOT / "clients/go"
TESTS = ROOT / "tests/clients/go"
# Debian's Go packages.
SYSTEM_GOPATH = "/usr/share/gocode"
# The stubs and gRPC are compiled first, on a machine that does other things too.
BUILD_SECONDS = 600
SKIPPED = 77


class GoTest(Case):
    def setUp(self):
        super().setUp()
        subprocess.run([PACKAGE / "assemble.sh", self.directory], check=True)
        shutil.copytree(TESTS, self.directory / "src/genledger/clienttest")

    def go(self, *words, **environment):
        environment = {**os.environ, "GO111MODULE": "off", "GOPATH": f"{self.directory}:{SYSTEM_GOPATH}", **environment}
        done = subprocess.run(["go", *words], env=environment, cwd=self.directory / "src/genledger",
                              capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_library(self):
        upstream = self.simulator()
        server = self.server(upstream.url)
        fake = client_scenes.fake_server(self)
        tls, certificate = client_scenes.tls_server(self)
        print(self.go("test", "-v", "-count=1", "./clienttest", GENLEDGER_SERVER=server.address,
                      GENLEDGER_UPSTREAM=upstream.url, GENLEDGER_FAKE=fake.address, GENLEDGER_TLS_PORT=str(tls.port),
                      GENLEDGER_TLS_CA_FILE=str(certificate), GENLEDGER_GOLDEN=str(client_scenes.GOLDEN),
                      **client_scenes.secured_server(self, upstream)))
        self.assertEqual(self.go("vet", "./..."), "")
        formatted = subprocess.run(["gofmt", "-l", PACKAGE, TESTS], capture_output=True, text=True, check=True)
        self.assertEqual(formatted.stdout, "")

    def test_a_worker_that_is_killed_never_pays_twice(self):
        worker = self.directory / "worker"
        self.go("build", "-o", worker, "./examples/worker")
        client_scenes.worker_survives_kills(self, [str(worker)])

    def test_the_commands_of_the_readme(self):
        printed = client_scenes.run_readme(self, PACKAGE / "README.md", self.server(self.simulator().url).address, ROOT)
        self.assertRegex(printed, r"^sub_\w+ STATE_SUBMITTED \S+ DEDUPE_CREATED\n$")


if __name__ == "__main__":
    missing = [tool for tool in ("go", "protoc-gen-go", "protoc-gen-go-grpc") if shutil.which(tool) is None]
    if missing or not os.path.isdir(f"{SYSTEM_GOPATH}/src/google.golang.org/grpc"):
        print("NOT TESTED: clients/go, because Debian's Go packages are missing; ./test.sh --all installs them")
        sys.exit(SKIPPED)
    main()
