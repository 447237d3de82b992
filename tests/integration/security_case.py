"""What the tests of identity and transport share: certificates, tokens, JWTs, and a server that asks for them."""

import base64
import http.client
import json
import ssl
import subprocess
import time

from ctl_case import CTL
from harness import PATIENCE_SECONDS, Case, admin_grpc, api_grpc, grpc, wait_until

ISSUER = "https://kubernetes.default.svc"
AUDIENCE = "genledger"


def openssl(*words, text=None):
    return subprocess.run(["openssl", *(str(word) for word in words)], input=text, check=True, capture_output=True).stdout


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authority:
    """A certificate authority, and the certificates that it makes."""

    def __init__(self, directory, name):
        self._directory = directory
        self.certificate, self._key = directory / f"{name}.ca.pem", directory / f"{name}.ca.key"
        self._self_signed(self._key, self.certificate, f"/CN={name}")

    @staticmethod
    def _self_signed(key, certificate, subject):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                subject, "-keyout", key, "-out", certificate)

    def issue(self, name, *alternatives):
        """The paths of a certificate for these alternative names, and of its key."""
        key, request = self._directory / f"{name}.key", self._directory / f"{name}.csr"
        certificate, extensions = self._directory / f"{name}.pem", self._directory / f"{name}.ext"
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        extensions.write_text("subjectAltName=" + ",".join(alternatives) + "\n")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial", "-days", "2",
                "-extfile", extensions, "-out", certificate)
        return certificate, key


def _raw_signature(der):
    """The two numbers of an ECDSA signature, 32 bytes each, from their DER."""
    numbers, at = [], 2
    for _ in range(2):
        length = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(32, "big"))
        at += 2 + length
    return b"".join(numbers)


class Signer:
    """A key that signs JWTs, and its entry in a JWKS file."""

    def __init__(self, directory, kid, algorithm):
        self.kid, self.algorithm, self._key = kid, algorithm, directory / f"{kid}.jwt.key"
        if algorithm == "RS256":
            openssl("genrsa", "-out", self._key, "2048")
        else:
            openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self._key)

    def public_pem(self):
        return openssl("pkey", "-in", self._key, "-pubout")

    def jwk(self):
        common = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        if self.algorithm == "RS256":
            modulus = openssl("rsa", "-in", self._key, "-noout", "-modulus").decode().strip().partition("=")[2]
            return {**common, "kty": "RSA", "n": base64url(bytes.fromhex(modulus)), "e": "AQAB"}
        point = openssl("pkey", "-in", self._key, "-pubout", "-outform", "DER")[-64:]
        return {**common, "kty": "EC", "crv": "P-256", "x": base64url(point[:32]), "y": base64url(point[32:])}

    def sign(self, claims, **header):
        """A token with these claims; header replaces members of its header (None: without it)."""
        head = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT", **header}
        head = {name: value for name, value in head.items() if value is not None}
        signed = f"{base64url(json.dumps(head).encode())}.{base64url(json.dumps(claims).encode())}"
        digest = "-sha512" if head["alg"].endswith("512") else "-sha256"
        signature = openssl("dgst", digest, "-sign", self._key, text=signed.encode())
        return f"{signed}.{base64url(signature if self.algorithm == 'RS256' else _raw_signature(signature))}"


def claims(subject="system:serviceaccount:video:worker", **changed):
    """Those of a good token; changed replaces some (None: without it)."""
    now = int(time.time())
    whole = {"iss": ISSUER, "aud": [AUDIENCE], "sub": subject, "exp": now + 600, "nbf": now - 5, "iat": now - 5, **changed}
    return {name: value for name, value in whole.items() if value is not None}


def new_token(*flags):
    """A token and its line, as genledgerctl makes them."""
    made = json.loads(subprocess.run([CTL, "token", "new", "--output=json", *flags], check=True, capture_output=True,
                                     timeout=PATIENCE_SECONDS).stdout)
    return made["token"], made["line"]


def bearer(token):
    """The metadata of a call by the bearer of this token."""
    return (("authorization", f"Bearer {token}"),)


class SecurityCase(Case):
    """A directory with an authority and a server certificate for localhost."""

    def setUp(self):
        super().setUp()
        self.authority = Authority(self.directory, "authority")
        self.certificate, self.key = self.authority.issue("server", "DNS:localhost", "IP:127.0.0.1")
        self.tokens = self.directory / "tokens"

    def write_tokens(self, *lines):
        self.tokens.write_text("# Made by the test.\n\n" + "".join(line + "\n" for line in lines))

    def tls_server(self, *flags, **options):
        """A server that speaks TLS and takes the tokens file, if there is one."""
        if self.tokens.exists():
            flags = (f"--tokens_file={self.tokens}", *flags)
        upstream = self.simulator()
        return self.server(upstream.url, f"--tls_certificate_file={self.certificate}", f"--tls_key_file={self.key}", *flags,
                           insecure=False, **options)

    def channel(self, server, certificate=None, key=None):
        """A TLS channel of its own connection to the server."""
        credentials = grpc.ssl_channel_credentials(self.authority.certificate.read_bytes(),
                                                   key.read_bytes() if key else None,
                                                   certificate.read_bytes() if certificate else None)
        channel = grpc.secure_channel(server.address.replace("127.0.0.1", "localhost"), credentials,
                                      options=[("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)])
        self.addCleanup(channel.close)
        return channel

    def stubs(self, server, certificate=None, key=None):
        channel = self.channel(server, certificate, key)
        return api_grpc.GenerationServiceStub(channel), admin_grpc.AdminServiceStub(channel)

    def http(self, server, method, path, token=None, body=None, certificate=None, headers=()):
        """One request over HTTPS: its status, and its body."""
        context = ssl.create_default_context(cafile=self.authority.certificate)
        if certificate:
            context.load_cert_chain(*certificate)
        host, port = server.http_address.split(":")
        connection = http.client.HTTPSConnection(host, int(port), timeout=PATIENCE_SECONDS, context=context)
        try:
            connection.putrequest(method, path)
            for name, value in ((("Authorization", f"Bearer {token}"),) if token else ()) + tuple(headers):
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Type", "application/json")
                connection.putheader("Content-Length", str(len(body.encode())))
            connection.endheaders(body.encode() if body is not None else None)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def await_event(self, server, event, what, count=1):
        """Waits until the server has logged an event of this name about this file so often."""
        wait_until(lambda: len(events_of(server, event, what)) >= count, f"{count} {event} of {what}")


def events_of(server, event, what):
    """The server's log records of this name about this file."""
    records = [json.loads(line) for line in server.process.log().splitlines() if line.startswith("{")]
    return [record for record in records if record["event"] == event and record.get("what") == what]
