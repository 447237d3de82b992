"""Starts the built programs as a user would, and talks to them as a client in another language does.

Used by the *_test.py beside it: run one with /usr/bin/python3 (Debian's python3-grpcio) after `bazel build --config=opt
//...`. Everything is on loopback, on ports that the system picks, in a directory of its own that is removed at the end.
"""

import atexit
import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER = ROOT / "bazel-bin/service/server/genledger"
SIMULATOR = ROOT / "bazel-bin/tests/upstream_simulator/upstream_simulator_main"
EXAMPLE = json.loads((ROOT / "tests/data/veo3-example.json").read_text(encoding="utf-8"))
PATIENCE_SECONDS = 30


def _python_client():
    """The Python client with its stubs, put together as its build does; it is removed at the end."""
    directory = tempfile.mkdtemp(prefix="genledger-python-")
    atexit.register(shutil.rmtree, directory)
    subprocess.run([sys.executable, ROOT / "clients/python/assemble.py", directory], check=True)
    return directory


_PYTHON_CLIENT = _python_client()
sys.path.insert(0, _PYTHON_CLIENT)
# Before a process is started gRPC would wait for its own threads, which wait for Python's lock, which the waiting one
# holds. Nothing that is started here goes on with this process's channels.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

import grpc  # noqa: E402
from genledger.v1 import admin_service_pb2 as admin  # noqa: E402
from genledger.v1 import admin_service_pb2_grpc as admin_grpc  # noqa: E402
from genledger.v1 import generation_pb2 as resources  # noqa: E402
from genledger.v1 import generation_service_pb2 as api  # noqa: E402
from genledger.v1 import generation_service_pb2_grpc as api_grpc  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402

Submission = resources.Submission
# gRPC shuts itself down with its last channel, and a process that is started meanwhile aborts this one: there is always one.
_GRPC_STAYS_UP = grpc.insecure_channel("127.0.0.1:1")


def wait_until(condition, what, seconds=PATIENCE_SECONDS):
    """Polls until condition() is true; its value. Fails the test, saying what it waited for, after a deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for: {what}")
        time.sleep(0.01)


_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _prepare_child():
    # A shell that started this in the background has SIGINT ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What kills this leaves nothing behind.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program that was started here; ended by its pid, never by its name, and with the thread that started it."""

    def __init__(self, arguments, log, environment=None):
        """environment: variables in addition to ours."""
        self.log_path = log
        with open(log, "ab") as output:
            self._popen = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                           env={**os.environ, **(environment or {})}, preexec_fn=_prepare_child)

    @property
    def pid(self):
        return self._popen.pid

    def running(self):
        return self._popen.poll() is None

    def signal(self, number):
        self._popen.send_signal(number)

    def wait(self, seconds=PATIENCE_SECONDS):
        return self._popen.wait(timeout=seconds)

    def kill(self):
        if self.running():
            self._popen.kill()
        self._popen.wait()

    def log(self):
        return pathlib.Path(self.log_path).read_text(encoding="utf-8", errors="replace")


class DidNotStart(AssertionError):
    """The server ended before it served; its process is here."""

    def __init__(self, process):
        super().__init__("the server did not start: " + process.log())
        self.process = process


class Simulator:
    """The upstream simulator, with its control API."""

    def __init__(self, directory, *flags):
        self._port_file = directory / "simulator.port"
        self._port_file.unlink(missing_ok=True)
        self.process = Process([SIMULATOR, "--listen=127.0.0.1:0", f"--port_file={self._port_file}",
                                f"--log={directory / 'posts.log'}", *flags], directory / "simulator.out")
        wait_until(lambda: self._port_file.exists() or not self.process.running(), "the simulator's port")
        self.url = f"http://127.0.0.1:{self._port_file.read_text().strip()}"

    def _call(self, path, body=None):
        request = urllib.request.Request(f"{self.url}/_control/{path}", data=body,
                                         method="GET" if body is None else "POST")
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.loads(answer.read() or "null")

    def stats(self):
        return self._call("stats")

    def applications(self):
        """How often each of the rules was applied, in their order."""
        return [rule["applications"] for rule in self._call("rules")["rules"]]

    def log(self):
        """The POSTs that were received, oldest first; at most 10,000."""
        return self._call("log")["records"]

    def rules(self, *rules):
        """Replaces the rules of misbehaviour; none: back to the page."""
        return self._call("rules?mode=replace", json.dumps(list(rules)).encode())


def start_server(directory, upstream_url, *flags, store=None, api_key="sk-simulator", environment=None, insecure=True,
                 descriptors_max=None):
    """Starts one Genledger process, and waits for nothing: its Process, and the file that its port will be in.

    descriptors_max: the hard limit of its descriptors; None: as ours."""
    port_file = directory / "server.port"
    port_file.unlink(missing_ok=True)
    http_port_file = directory / "server.http_port"
    http_port_file.unlink(missing_ok=True)
    key_file = directory / "key"
    key_file.write_text(f"{api_key}\n")
    store = store or f"sqlite:{directory / 'ledger.db'}"
    transport = ["--insecure"] if insecure else []
    limited = [] if descriptors_max is None else ["prlimit", f"--nofile={descriptors_max}"]
    process = Process([*limited, SERVER, *transport, "--listen=127.0.0.1:0", f"--port_file={port_file}", "--http_listen=127.0.0.1:0",
                       f"--http_port_file={http_port_file}", f"--store={store}",
                       f"--upstream_url={upstream_url}", f"--upstream_api_key_file={key_file}", *flags],
                      directory / "server.out", environment)
    return process, port_file


class Server:
    """One Genledger process and a client of it; options are those of start_server."""

    def __init__(self, directory, upstream_url, *flags, **options):
        self.process, port_file = start_server(directory, upstream_url, *flags, **options)
        wait_until(lambda: port_file.exists() or not self.process.running(), "the server's port")
        if not self.process.running():
            raise DidNotStart(self.process)
        self.address = f"127.0.0.1:{port_file.read_text().strip()}"
        http_port_file = directory / "server.http_port"  # there is none if a flag turned the JSON front off
        self.http_address = f"127.0.0.1:{http_port_file.read_text().strip()}" if http_port_file.exists() else None
        self.channel = grpc.insecure_channel(self.address, options=[("grpc.enable_retries", 0)])
        self.api = api_grpc.GenerationServiceStub(self.channel)
        self.admin = admin_grpc.AdminServiceStub(self.channel)

    def submit(self, prompt="a dolphin", timeout=PATIENCE_SECONDS, **fields):
        """Submits a prompt, or with spec= a whole spec."""
        spec = fields.pop("spec", None) or {"prompt": prompt}
        wait = fields.pop("wait", None)
        request = api.SubmitGenerationRequest(spec=spec, **fields)
        if wait is not None:
            request.wait.FromMilliseconds(int(wait * 1000))
            request.wait.SetInParent()
        return self.api.SubmitGeneration(request, timeout=timeout)

    def get(self, **key):
        return self.api.GetSubmission(api.GetSubmissionRequest(**key), timeout=PATIENCE_SECONDS)

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.signal(signal.SIGTERM)
        code = self.process.wait()
        self.channel.close()
        return code

    def kill(self):
        self.process.kill()
        self.channel.close()


class Case(unittest.TestCase):
    """A directory, and whatever is started through it is ended with it."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="genledger-"))
        self.addCleanup(shutil.rmtree, self.directory)

    def run(self, result=None):
        try:
            return super().run(result)
        finally:
            self.doCleanups()  # which an interrupted test has left

    def simulator(self, *flags):
        simulator = Simulator(self.directory, *flags)
        self.addCleanup(simulator.process.kill)
        return simulator

    def server(self, upstream_url, *flags, **options):
        server = Server(self.directory, upstream_url, *flags, **options)
        self.addCleanup(server.kill)
        return server

    @contextlib.contextmanager
    def assert_error(self, code, reason):
        """The block fails with this gRPC code and ErrorInfo reason; yields a dict that then holds the details."""
        seen = {}
        with self.assertRaises(grpc.RpcError) as raised:
            yield seen
        error = raised.exception
        seen.update(details_of(error))
        self.assertEqual(error.code(), code, error.details())
        self.assertEqual(seen["reason"], reason, error.details())


def details_of(error):
    """What the google.rpc details of an error say."""
    found = {"reason": None, "violations": [], "metadata": {}, "message": error.details(), "pushback": None,
             "retry_delay": None}
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-retry-pushback-ms":
            found["pushback"] = value
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
                retry = error_details_pb2.RetryInfo()
                if detail.Unpack(info):
                    found["reason"], found["domain"] = info.reason, info.domain
                    found["metadata"] = dict(info.metadata)
                elif detail.Unpack(bad):
                    found["violations"] = [violation.field for violation in bad.field_violations]
                elif detail.Unpack(retry):
                    found["retry_delay"] = retry.retry_delay.ToTimedelta().total_seconds()
    return found


def main():
    if os.environ.get("GENLEDGER_TEST_ALL") == "1":
        print("long form")
    # SIGTERM ends this as an interrupt does: what was started is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unittest.main(verbosity=2)
