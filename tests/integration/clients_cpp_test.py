"""The C++ library and genledgerctl: the worker that is killed, and the golden hashes through validate_only.

Everything else about them is tested in tests/clients/cpp and by ctl_test.py.
"""

import json

import client_scenes
from ctl_case import CtlCase
from harness import ROOT, Case, main

WORKER = ROOT / "bazel-bin/clients/cpp/examples/worker"
# genledgerctl's exit code for a request that breaks a rule.
INVALID_ARGUMENT = 3


class WorkerTest(Case):
    def test_a_worker_that_is_killed_never_pays_twice(self):
        client_scenes.worker_survives_kills(self, [str(WORKER)])


class ReadmeTest(Case):
    def test_the_commands_of_the_readme(self):
        server = self.server(self.simulator().url)
        printed = client_scenes.run_readme(self, ROOT / "clients/cpp/README.md", f"--server={server.address}", ROOT)
        self.assertRegex(printed, r"^\S+\n$")


class GoldenTest(CtlCase):
    def test_the_golden_hashes(self):
        lines = self.directory / "lines.jsonl"
        vectors = client_scenes.golden_vectors()
        lines.write_text("".join(json.dumps({"spec": vector["spec"], "variation": vector["variation"]}) + "\n"
                                 for vector in vectors))
        # Hashes are defined for invalid specs too, but a server does not tell them.
        done = self.run_ctl("submit", f"--file={lines}", "--validate_only", "--output=json", code=INVALID_ARGUMENT)
        answers = [json.loads(line) for line in done.stdout.splitlines()][:-1]
        previews = {answer["line"]: answer["preview"] for answer in answers if "preview" in answer}
        for line, preview in previews.items():
            vector = vectors[line - 1]
            self.assertEqual(preview["request_hash"], vector["request_hash"], vector["name"])
            self.assertEqual(preview["canonical_spec"]["prompt"], vector["canonical"]["prompt"], vector["name"])
        self.assertGreaterEqual(len(previews), client_scenes.GOLDEN_COMPARED_MIN)
        self.assertEqual(self.upstream.stats()["posts_received"], 0)


if __name__ == "__main__":
    main()
