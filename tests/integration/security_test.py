"""TLS, mutual TLS, tokens and JWTs against the real server, and their files replaced while it serves."""

import contextlib
import json
import socket
import ssl
import subprocess
import time

from ctl_case import CTL
from harness import PATIENCE_SECONDS, DidNotStart, api, details_of, grpc, main, wait_until
from security_case import (AUDIENCE, ISSUER, Authority, SecurityCase, Signer, base64url, bearer, claims, events_of, new_token,
                           openssl)

NO_SUBMISSION = api.GetSubmissionRequest(id="sub_" + "0" * 26)


def code_of(call, request, **options):
    """The code that the call ends with, and its reason."""
    try:
        call(request, timeout=PATIENCE_SECONDS, **options)
    except grpc.RpcError as error:
        return error.code(), details_of(error)["reason"]
    return grpc.StatusCode.OK, None


def sockets_of(port):
    """How many connections the process at this port holds open."""
    rows = [line.split() for line in open("/proc/net/tcp", encoding="ascii").readlines()[1:]]
    listening, time_wait = "0A", "06"
    return len([row for row in rows if row[1].endswith(f":{int(port):04X}") and row[3] not in (listening, time_wait)])


OK = (grpc.StatusCode.OK, None)
UNAUTHENTICATED = (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")


class TlsTest(SecurityCase):
    def setUp(self):
        super().setUp()
        self.token, self.line = new_token("--tenant=video", "--id=worker-1")
        self.write_tokens(self.line)

    def handshakes(self, address, *flags):
        """Whether OpenSSL's own client, told to go below its own defaults, gets a connection."""
        run = subprocess.run(["openssl", "s_client", "-connect", address, "-brief", *flags], input=b"", capture_output=True,
                             timeout=PATIENCE_SECONDS, check=False)
        return b"CONNECTION ESTABLISHED" in run.stderr

    def test_a_caller_with_a_token_is_served_over_grpc_http_and_the_command_line(self):
        server = self.tls_server()
        generations, _ = self.stubs(server)
        submitted = generations.SubmitGeneration(api.SubmitGenerationRequest(spec={"prompt": "a dolphin"}),
                                                 metadata=bearer(self.token), timeout=PATIENCE_SECONDS).submission
        self.assertEqual(submitted.tenant, "video")
        status, body = self.http(server, "GET", f"/v1/submissions/{submitted.id}", token=self.token)
        self.assertEqual((status, json.loads(body)["taskId"]), (200, submitted.task_id))
        token_file = self.directory / "token"
        token_file.write_text(self.token + "\n")
        shown = subprocess.run([CTL, "get", submitted.id, "--output=id", f"--server=localhost:{server.address.split(':')[1]}",
                                f"--tls_ca={self.authority.certificate}", f"--token_file={token_file}"],
                               capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
        self.assertEqual(shown.stdout.strip(), submitted.task_id)
        self.assertEqual(server.stop(), 0)
        self.assertNotIn(self.token.split(".")[1], server.process.log())

    def test_both_ports_speak_tls_1_2_and_1_3_with_forward_secrecy_and_nothing_else(self):
        server = self.tls_server()
        for address in (server.address, server.http_address):
            with self.subTest(address=address):
                old = ("-cipher", "ALL:@SECLEVEL=0")
                self.assertFalse(self.handshakes(address, "-tls1", *old))
                self.assertFalse(self.handshakes(address, "-tls1_1", *old))
                self.assertTrue(self.handshakes(address, "-tls1_2"))
                self.assertTrue(self.handshakes(address, "-tls1_3"))
                self.assertFalse(self.handshakes(address, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0"))
                self.assertFalse(self.handshakes(address, "-tls1_2", "-cipher", "AES128-GCM-SHA256:@SECLEVEL=0"))

    def test_plaintext_is_not_served(self):
        server = self.tls_server()
        plain = grpc.insecure_channel(server.address)
        self.addCleanup(plain.close)
        generations = type(server.api)(plain)
        self.assertEqual(code_of(generations.GetSubmission, NO_SUBMISSION)[0], grpc.StatusCode.UNAVAILABLE)
        host, port = server.http_address.split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertNotIn(b"200 OK", connection.recv(4096))

    def serial(self, address):
        """The serial number of the certificate that a new connection is shown."""
        host, port = address.split(":")
        pem = ssl.get_server_certificate((host, int(port)), ca_certs=str(self.authority.certificate))
        return openssl("x509", "-noout", "-serial", text=pem.encode())

    def test_a_new_certificate_serves_new_connections_and_a_broken_one_changes_nothing(self):
        server = self.tls_server()
        generations, _ = self.stubs(server)
        call = lambda: code_of(generations.GetSubmission, NO_SUBMISSION, metadata=bearer(self.token))[1]
        self.assertEqual(call(), "SUBMISSION_NOT_FOUND")
        old = self.serial(server.address)
        good = self.certificate.read_bytes(), self.key.read_bytes()

        self.certificate.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        self.await_event(server, "file_unusable", "tls_certificate_file")
        self.assertEqual((self.serial(server.address), self.serial(server.http_address)), (old, old))

        other, other_key = self.authority.issue("next", "DNS:localhost", "IP:127.0.0.1")
        self.certificate.write_bytes(other.read_bytes())  # with the old key, which is not its own
        self.await_event(server, "file_unusable", "tls_certificate_file", count=2)
        self.assertEqual((self.serial(server.address), self.serial(server.http_address)), (old, old))

        self.key.write_bytes(other_key.read_bytes())
        self.await_event(server, "file_reloaded", "tls_certificate_file")
        new = openssl("x509", "-noout", "-serial", "-in", other)
        self.assertEqual((self.serial(server.address), self.serial(server.http_address)), (new, new))
        self.assertEqual(call(), "SUBMISSION_NOT_FOUND")  # over the connection that was open all the time
        self.assertEqual(code_of(self.stubs(server)[0].GetSubmission, NO_SUBMISSION, metadata=bearer(self.token))[1],
                         "SUBMISSION_NOT_FOUND")
        # One line for each fault, however often it was looked at, and nothing of the files in it.
        self.assertEqual(len(events_of(server, "file_unusable", "tls_certificate_file")), 2)
        self.assertNotIn("nonsense", server.process.log())
        self.assertNotIn(good[1].decode().splitlines()[1], server.process.log())

    def test_a_caller_that_hangs_up_over_tls_frees_its_wait(self):
        server = self.tls_server()
        host, port = server.http_address.split(":")
        context = ssl.create_default_context(cafile=self.authority.certificate)
        status, body = self.http(server, "POST", "/v1/submissions", token=self.token,
                                 body=json.dumps({"spec": {"prompt": "a dolphin"}}))
        self.assertEqual(status, 200)
        submission = json.loads(body)["submission"]
        waiting = context.wrap_socket(socket.create_connection((host, int(port))), server_hostname=host)
        waiting.sendall(f"GET /v1/submissions/{submission['id']}?waitForRevisionAfter={submission['revision']}&wait=60s "
                        f"HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode())
        wait_until(lambda: sockets_of(port) == 1, "one connection")
        waiting.setblocking(False)
        with contextlib.suppress(ssl.SSLWantReadError):
            waiting.unwrap()  # takes leave, which leaves bytes unread before the end of the connection
        waiting.close()
        wait_until(lambda: sockets_of(port) == 0, "the connection to be closed by the server", seconds=10)


class FlagTest(SecurityCase):
    def test_flags_that_do_not_go_together_end_the_start_with_one_line_that_names_one(self):
        _, line = new_token("--tenant=video")
        self.write_tokens(line)
        broken, empty = self.directory / "broken", self.directory / "empty"
        broken.write_text("worker-1.secret-that-was-pasted-here\n")
        empty.write_text("")
        tls = (f"--tls_certificate_file={self.certificate}", f"--tls_key_file={self.key}")
        tokens = f"--tokens_file={self.tokens}"
        for flags, flag in (
            ((), "--tls_certificate_file"),
            ((tls[0], tokens), "--tls_key_file"),
            ((tls[1], tokens), "--tls_certificate_file"),
            (tls, "--tokens_file"),
            ((*tls, tokens, "--insecure"), "--insecure"),
            ((*tls, tokens, "--tls_require_client_certificate"), "--tls_require_client_certificate"),
            ((*tls, tokens, f"--tls_client_ca_file={empty}"), "--tls_certificate_file"),
            ((*tls, tokens, f"--identities_file={empty}"), "--identities_file"),
            ((*tls, tokens, f"--jwks_file={empty}"), "--jwks_file"),
            ((*tls, tokens, f"--jwks_file={empty}", "--jwt_issuer=i", "--jwt_audience=a"), "--identities_file"),
            ((*tls, f"--tokens_file={broken}"), "--tokens_file: line 1"),
            ((*tls, f"--tokens_file={self.directory}/none"), "--tokens_file"),
            ((f"--tls_certificate_file={self.certificate}", f"--tls_key_file={self.certificate}", tokens),
             "--tls_certificate_file"),
            (("--insecure", "--listen=0.0.0.0:0"), "--listen"),
            (("--insecure", "--http_listen=0.0.0.0:0"), "--http_listen"),
        ):
            with self.subTest(flags=flags), self.assertRaises(DidNotStart) as failed:
                self.server("http://127.0.0.1:1", *flags, insecure=False)
            log = failed.exception.process.log()
            failed.exception.process.log_path.unlink()
            self.assertEqual(len(log.splitlines()), 1, log)
            self.assertIn(flag, log)
            self.assertNotIn("pasted", log)

    def test_insecure_with_a_tokens_file_is_plaintext_with_authentication(self):
        token, line = new_token("--tenant=video")
        self.write_tokens(line)
        server = self.server(self.simulator().url, f"--tokens_file={self.tokens}")
        self.assertEqual(code_of(server.api.GetSubmission, NO_SUBMISSION), UNAUTHENTICATED)
        self.assertEqual(code_of(server.api.GetSubmission, NO_SUBMISSION, metadata=bearer(token))[1], "SUBMISSION_NOT_FOUND")


class TokenTest(SecurityCase):
    def test_tokens_come_and_go_with_their_file(self):
        first, first_line = new_token("--tenant=video", "--id=first")
        second, second_line = new_token("--tenant=video", "--id=second")
        self.write_tokens(first_line)
        server = self.tls_server()
        generations, _ = self.stubs(server)
        models = lambda token: code_of(generations.ListModels, api.ListModelsRequest(), metadata=bearer(token))
        self.assertEqual((models(first), models(second)), (OK, UNAUTHENTICATED))
        self.write_tokens(first_line, second_line)  # both, while the callers change over
        wait_until(lambda: models(second) == OK, "the second token")
        self.assertEqual(models(first), OK)
        self.write_tokens(second_line)
        wait_until(lambda: models(first) == UNAUTHENTICATED, "the first token to be revoked")
        self.write_tokens(second_line, "not a line")
        self.await_event(server, "file_unusable", "tokens_file")
        self.assertEqual(models(second), OK)
        self.assertIn("line 4", events_of(server, "file_unusable", "tokens_file")[0]["error"])

    def test_a_token_expires(self):
        token, line = new_token("--tenant=video", "--valid_for=3s")
        self.write_tokens(line)
        generations, _ = self.stubs(self.tls_server())
        models = lambda: code_of(generations.ListModels, api.ListModelsRequest(), metadata=bearer(token))
        seen = {models()}
        wait_until(lambda: seen.add(models()) or UNAUTHENTICATED in seen, "the token to expire")
        self.assertLessEqual(seen, {OK, UNAUTHENTICATED})


class ClientCertificateTest(SecurityCase):
    def setUp(self):
        super().setUp()
        self.clients = Authority(self.directory, "clients")
        self.identities = self.directory / "identities"
        self.identities.write_text("spiffe://cluster.local/ns/video/sa/worker tenant=video\n"
                                   "dns:batch.example tenant=batch role=reader\n"
                                   "spiffe://cluster.local/ns/video/sa/old tenant=video expires=2020-01-01T00:00:00Z\n")

    def flags(self):
        return f"--tls_client_ca_file={self.clients.certificate}", f"--identities_file={self.identities}"

    def models(self, server, pair=(None, None), **options):
        return code_of(self.stubs(server, *pair)[0].ListModels, api.ListModelsRequest(), **options)

    def test_the_names_of_a_certificate_say_who_calls(self):
        token, line = new_token("--tenant=video")
        self.write_tokens(line)
        server = self.tls_server(*self.flags())
        worker = self.clients.issue("worker", "URI:spiffe://cluster.local/ns/video/sa/worker", "DNS:worker.local")
        cases = {
            "spiffe": (worker, OK),
            "dns": (self.clients.issue("batch", "DNS:batch.example"), OK),
            "unlisted": (self.clients.issue("unlisted", "DNS:other.example"), UNAUTHENTICATED),
            "a common name is no identity": (self.clients.issue("batch.example", "DNS:none.example"), UNAUTHENTICATED),
            "a URI that looks like a DNS entry": (self.clients.issue("uri", "URI:dns:batch.example"), UNAUTHENTICATED),
            "two identities": (self.clients.issue("two", "URI:spiffe://cluster.local/ns/video/sa/worker", "DNS:batch.example"),
                               UNAUTHENTICATED),
            "expired in the file": (self.clients.issue("old", "URI:spiffe://cluster.local/ns/video/sa/old"), UNAUTHENTICATED),
            "none": ((None, None), UNAUTHENTICATED),
        }
        for name, (pair, expected) in cases.items():
            with self.subTest(name):
                self.assertEqual(self.models(server, pair), expected)
                status, _ = self.http(server, "GET", "/v1/models", certificate=pair if pair[0] else None)
                self.assertEqual(status, 200 if expected == OK else 401)
        # A token decides alone, whatever the certificate says.
        self.assertEqual(self.models(server, metadata=bearer(token)), OK)
        self.assertEqual(self.models(server, worker, metadata=bearer(token + "x")), UNAUTHENTICATED)
        # A certificate of another authority is refused before a call is read.
        stranger = Authority(self.directory, "strangers").issue("stranger", "DNS:batch.example")
        self.assertEqual(self.models(server, stranger)[0], grpc.StatusCode.UNAVAILABLE)
        with self.assertRaises(OSError):
            self.http(server, "GET", "/v1/models", certificate=stranger)

    def test_a_certificate_can_be_required(self):
        token, line = new_token("--tenant=video")
        self.write_tokens(line)
        server = self.tls_server(*self.flags(), "--tls_require_client_certificate")
        self.assertEqual(self.models(server, metadata=bearer(token))[0], grpc.StatusCode.UNAVAILABLE)
        with self.assertRaises(OSError):
            self.http(server, "GET", "/livez", token=token)
        worker = self.clients.issue("worker", "URI:spiffe://cluster.local/ns/video/sa/worker")
        self.assertEqual(self.models(server, worker), OK)

    def test_identities_come_and_go_with_their_file(self):
        server = self.tls_server(*self.flags())
        worker = self.clients.issue("worker", "URI:spiffe://cluster.local/ns/video/sa/worker")
        self.assertEqual(self.models(server, worker), OK)
        self.identities.write_text("dns:batch.example tenant=batch\n")
        wait_until(lambda: self.models(server, worker) == UNAUTHENTICATED, "the identity to be revoked")


class JwtTest(SecurityCase):
    def setUp(self):
        super().setUp()
        self.rsa, self.ec = Signer(self.directory, "rsa", "RS256"), Signer(self.directory, "ec", "ES256")
        self.jwks = self.directory / "jwks.json"
        self.write_keys(self.rsa, self.ec)
        self.identities = self.directory / "identities"
        self.identities.write_text("subject:system:serviceaccount:video:worker tenant=video\n")
        self.running = self.tls_server(f"--jwks_file={self.jwks}", f"--jwt_issuer={ISSUER}", f"--jwt_audience={AUDIENCE}",
                                       f"--identities_file={self.identities}")
        self.generations, _ = self.stubs(self.running)

    def write_keys(self, *signers):
        self.jwks.write_text(json.dumps({"keys": [signer.jwk() for signer in signers]}))

    def models(self, token):
        return code_of(self.generations.ListModels, api.ListModelsRequest(), metadata=bearer(token))

    def test_a_service_account_is_known_by_a_signature_of_a_listed_key(self):
        for signer in (self.rsa, self.ec):
            token = signer.sign(claims())
            self.assertEqual([self.models(token), self.models(token)], [OK, OK])
            self.assertEqual(self.models(signer.sign(claims(aud=AUDIENCE))), OK)
        submitted = self.generations.SubmitGeneration(api.SubmitGenerationRequest(spec={"prompt": "a dolphin"}),
                                                      metadata=bearer(self.ec.sign(claims())), timeout=PATIENCE_SECONDS)
        self.assertEqual(submitted.submission.tenant, "video")

    def test_what_is_not_quite_such_a_token_is_refused(self):
        now = int(time.time())
        good = self.rsa.sign(claims())
        head, body, signature = good.split(".")
        stranger = Signer(self.directory, "stranger", "RS256")
        unsigned = base64url(json.dumps({"alg": "none", "kid": "rsa"}).encode())
        hmac_head = base64url(json.dumps({"alg": "HS256", "kid": "rsa"}).encode())
        hmac_signed = f"{hmac_head}.{body}"
        confused = base64url(openssl("dgst", "-sha256", "-mac", "HMAC", "-macopt",
                                     "hexkey:" + self.rsa.public_pem().hex(), "-binary", text=hmac_signed.encode()))
        other_body = base64url(json.dumps(claims("system:serviceaccount:video:admin")).encode())
        for name, token in {
            "alg none": f"{unsigned}.{body}.",
            "alg none with a signature": f"{unsigned}.{body}.{signature}",
            "HMAC with the public key": f"{hmac_signed}.{confused}",
            "another algorithm of the same key": self.rsa.sign(claims(), alg="RS512"),
            "the other key's algorithm": self.rsa.sign(claims(), alg="ES256"),
            "another key under a known kid": stranger.sign(claims(), kid="rsa"),
            "an unknown kid": stranger.sign(claims()),
            "no kid": self.rsa.sign(claims(), kid=None),
            "extensions": self.rsa.sign(claims(), crit=["x"]),
            "another body": f"{head}.{other_body}.{signature}",
            "a cut signature": good[:-8],
            "no signature": f"{head}.{body}.",
            "another issuer": self.rsa.sign(claims(iss="https://evil")),
            "no issuer": self.rsa.sign(claims(iss=None)),
            "another audience": self.rsa.sign(claims(aud=["other"])),
            "no audience": self.rsa.sign(claims(aud=None)),
            "expired": self.rsa.sign(claims(exp=now - 60)),
            "without an end": self.rsa.sign(claims(exp=None)),
            "an end that is no number": self.rsa.sign(claims(exp="tomorrow")),
            "not yet": self.rsa.sign(claims(nbf=now + 300)),
            "no subject": self.rsa.sign(claims(sub=None)),
            "a subject that is not listed": self.rsa.sign(claims("system:serviceaccount:video:other")),
            "no JSON": f"{base64url(b'{')}.{body}.{signature}",
            "dots": "..",
        }.items():
            with self.subTest(name):
                self.assertEqual(self.models(token), UNAUTHENTICATED)

    def test_a_key_that_is_taken_out_is_refused_at_once_although_its_tokens_were_known(self):
        token = self.rsa.sign(claims())
        self.assertEqual(self.models(token), OK)
        self.write_keys(self.ec)
        wait_until(lambda: self.models(token) == UNAUTHENTICATED, "the key to be taken out")
        self.assertEqual(self.models(self.ec.sign(claims())), OK)


if __name__ == "__main__":
    main()
