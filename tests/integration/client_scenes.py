"""What the tests of every client library share: the worker that is killed, the golden vectors, TLS servers."""

import json
import os
import re
import subprocess

from fake_genledger import FakeGenledger
from harness import PATIENCE_SECONDS, ROOT, Process, Server, wait_until
from security_case import Authority, new_token
from tls_front import make_certificate

GOLDEN = ROOT / "tests/service/domain/golden_request_hashes.json"
JOBS = 12
# After how many POSTs, counted over the worker's whole life, it is killed: inside of a POST each time.
KILLS = (3, 7)
# Of the golden vectors, at least so many are specs that the server takes.
GOLDEN_COMPARED_MIN = 20
# Go compiles gRPC first, on a machine that does other things too.
README_SECONDS = 600


def worker_survives_kills(case, command, environment=None):
    """Runs the worker `command` + [JOBS, SERVER], kills it with -9 while a POST is out, starts it again, and audits the
    upstream: as many POSTs as jobs, each job with a task_id of its own."""
    upstream = case.simulator()
    server = case.server(upstream.url)
    jobs = case.directory / "jobs.jsonl"
    names = [f"order-{number}" for number in range(JOBS)]
    jobs.write_text("".join(json.dumps({"job": name, "spec": {"prompt": f"a dolphin for {name}"}}) + "\n"
                            for name in names))
    upstream.rules({"latency_ms": 300})
    command = [*command, str(jobs), server.address]
    for number, kill_after in enumerate(KILLS):
        worker = Process(command, case.directory / f"worker-{number}.out", environment)
        case.addCleanup(worker.kill)
        wait_until(lambda: upstream.stats()["posts_received"] >= kill_after or not worker.running(),
                   f"{kill_after} POSTs")
        case.assertTrue(worker.running(), worker.log())
        worker.kill()
    done = subprocess.run(command, env={**os.environ, **(environment or {})}, capture_output=True, text=True,
                          timeout=4 * PATIENCE_SECONDS, check=False)
    case.assertEqual(done.returncode, 0, done.stderr)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    case.assertEqual([answer["job"] for answer in answers], names)
    case.assertTrue(all(answer["task_id"] for answer in answers), done.stdout)
    case.assertEqual(len({answer["task_id"] for answer in answers}), JOBS)
    case.assertEqual(upstream.stats()["posts_received"], JOBS)
    case.assertEqual(server.process.running(), True)


def run_readme(case, readme, last_word, directory, environment=None, without=""):
    """Runs the README's first commands as they stand, but for `without`, in `directory` and with a directory of the
    test's in the place of theirs in /tmp; `last_word` tells the last one of the server. What they printed."""
    commands = re.search(r"^```sh\n(.*?)^```$", readme.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL).group(1)
    commands = re.sub(r"/tmp/[\w-]+", str(case.directory / "readme"), commands.strip())
    case.assertIn(without, commands)
    done = subprocess.run(["bash", "-euc", f"{commands.replace(without, '')} {last_word}"], cwd=directory,
                          env={**os.environ, **(environment or {})}, capture_output=True, text=True,
                          timeout=README_SECONDS, check=False)
    case.assertEqual(done.returncode, 0, done.stdout + done.stderr)
    return done.stdout


def golden_vectors():
    """The vectors whose spec JSON can say, and with them a caller."""
    vectors = json.loads(GOLDEN.read_text(encoding="utf-8"))["vectors"]
    return [vector for vector in vectors if '"hex"' not in json.dumps(vector)]


def tls_server(case):
    """A fake server with a certificate of its own for localhost, and the file that holds it."""
    certificate, key = make_certificate(case.directory)
    server = FakeGenledger(certificate.read_bytes(), key.read_bytes())
    case.addCleanup(server.stop)
    return server, certificate


def secured_server(case, upstream):
    """The real server with TLS and a token of tenant `video`; what a client's tests are told of it."""
    directory = case.directory / "secured"
    directory.mkdir()
    authority = Authority(directory, "authority")
    certificate, key = authority.issue("server", "DNS:localhost")
    token, line = new_token("--tenant=video")
    token_file, tokens_file = directory / "token", directory / "tokens"
    token_file.write_text(token + "\n")
    tokens_file.write_text(line + "\n")
    server = Server(directory, upstream.url, f"--tls_certificate_file={certificate}", f"--tls_key_file={key}",
                    f"--tokens_file={tokens_file}", insecure=False)
    case.addCleanup(server.kill)
    return {"GENLEDGER_SECURED": server.address.replace("127.0.0.1", "localhost"),
            "GENLEDGER_SECURED_CA_FILE": str(authority.certificate), "GENLEDGER_SECURED_TOKEN_FILE": str(token_file)}


def fake_server(case):
    server = FakeGenledger()
    case.addCleanup(server.stop)
    return server
