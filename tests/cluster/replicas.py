"""Three Genledgers on one PostgreSQL, behind a balancer, and callers that only know the balancer."""

import signal

import grpc

from harness import (PATIENCE_SECONDS, SERVER, Process, admin, admin_grpc, api, api_grpc, wait_until)
from ports import accepts, free_port

REPLICAS = 3


class Replica:
    """One process, which comes back on the same port: what a balancer knows it by."""

    def __init__(self, directory, number, store, upstream_url, flags):
        self.port = free_port()
        self.name = f"replica{number}"
        self._directory = directory
        key_file = directory / "key"
        key_file.write_text("sk-simulator\n", encoding="utf-8")
        self._command = [SERVER, "--insecure", f"--listen=127.0.0.1:{self.port}", "--http_listen=", f"--store={store}",
                         f"--upstream_url={upstream_url}", f"--upstream_api_key_file={key_file}",
                         "--upstream_account=simulator", f"--replica={self.name}",
                         f"--receipt_journal={directory / self.name}.receipts", *flags]
        self.process = None

    def launch(self):
        """Starts it, and waits for nothing."""
        self.process = Process(self._command, self._directory / f"{self.name}.out")

    def start(self):
        self.launch()
        self.await_serving()

    def await_serving(self):
        wait_until(lambda: accepts(self.port) or not self.process.running(), f"{self.name}'s port")
        if not self.process.running():
            raise AssertionError(f"{self.name} did not start: {self.process.log()[-2000:]}")

    def kill(self):
        self.process.kill()

    def drain(self):
        """SIGTERM; the exit code."""
        self.process.signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)

    def log(self):
        return self.process.log()


class Front:
    """The API at an address: a balancer's, or one replica's. Whoever is behind it may come and go."""

    def __init__(self, address):
        # A channel of one call's own retries nothing: what a caller is told is what the service answered.
        self.channel = grpc.insecure_channel(address, options=[
            ("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1),
            ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)])
        self.api = api_grpc.GenerationServiceStub(self.channel)
        self.admin = admin_grpc.AdminServiceStub(self.channel)

    def submit(self, prompt, wait=None, timeout=PATIENCE_SECONDS, **fields):
        request = api.SubmitGenerationRequest(spec={"prompt": prompt}, **fields)
        if wait is not None:
            request.wait.FromMilliseconds(int(wait * 1000))
            request.wait.SetInParent()
        return self.api.SubmitGeneration(request, timeout=timeout)

    def get(self, **key):
        return self.api.GetSubmission(api.GetSubmissionRequest(**key), timeout=PATIENCE_SECONDS)

    def status(self):
        return self.admin.GetServiceStatus(admin.GetServiceStatusRequest(), timeout=PATIENCE_SECONDS)

    def replica(self):
        """The name of one that is ready, None if whoever was asked is not."""
        try:
            status = self.status()
        except grpc.RpcError:
            return None
        return status.replica if status.ready else None

    def await_replicas(self):
        """Until the balancer has found all of them."""
        wait_until(lambda: len({self.replica() for _ in range(4 * REPLICAS)} - {None}) == REPLICAS,
                   "the balancer to find the replicas")

    def close(self):
        self.channel.close()


class Replicas:
    """All of them on one store."""

    def __init__(self, directory, store, upstream_url, *flags, count=REPLICAS):
        self.all = [Replica(directory, number, store, upstream_url, flags) for number in range(count)]

    def start(self):
        """One after the other: the first one migrates."""
        for replica in self.all:
            replica.start()
        return self

    def ports(self):
        return [replica.port for replica in self.all]

    def close(self):
        for replica in self.all:
            if replica.process is not None:
                replica.kill()
