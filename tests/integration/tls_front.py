"""TLS before a plaintext server on loopback: what a balancer does for a service that speaks plaintext only."""

import asyncio
import ssl
import subprocess
import threading

CHUNK_BYTES = 64 * 1024


def make_certificate(directory):
    """A certificate for localhost and 127.0.0.1 that vouches for itself, and its key: two PEM files."""
    certificate, key = directory / "cert.pem", directory / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


class TlsFront:
    """Passes what it decrypts on to `address` byte by byte, and the answers back, until it is stopped."""

    def __init__(self, address, certificate, key):
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate, key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context), self._loop).result()
        self.address = "127.0.0.1:%d" % self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        behind_reader, behind_writer = await asyncio.open_connection(self._host, self._port)
        await asyncio.gather(self._pass_on(reader, behind_writer), self._pass_on(behind_reader, writer))

    @staticmethod
    async def _pass_on(reader, writer):
        try:
            while data := await reader.read(CHUNK_BYTES):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # the client has gone: so does the connection behind
        finally:
            writer.close()

    def stop(self):
        """Ends its connections with it."""
        async def cancel_all():
            self._server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(cancel_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
