"""From options to a gRPC channel, and to what a call shows of who makes it."""

from __future__ import annotations

import ipaddress
import pathlib
from typing import Any, Optional, Tuple

import grpc

from genledger.errors import make_error
from genledger.options import ClientOptions

# Pages of 1,000 submissions with prompts of 16 KiB must fit; gRPC's default is 4 MiB.
ANSWER_BYTES_MAX = 64 << 20
TOKEN_BYTES_MAX = 16 << 10


def parse_address(text: str) -> Tuple[str, bool]:
    """The target in gRPC's syntax, and whether it is this machine. ValueError: not an address."""
    if text.startswith("unix:") and len(text) > len("unix:"):
        return text, True
    host, _, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    valid_port = port.isascii() and port.isdigit() and 0 < int(port) < 65536
    if not host or not valid_port or (not bracketed and any(c in host for c in ":/[]")):
        raise ValueError(f'the server address "{text}" is not host:port, [v6]:port or unix:PATH')
    name = host[1:-1] if bracketed else host
    try:
        return text, ipaddress.ip_address(name).is_loopback
    except ValueError:
        return text, name == "localhost"


def _read(path: Optional[str]) -> Optional[bytes]:
    return pathlib.Path(path).read_bytes() if path else None


def channel_credentials(options: ClientOptions, local: bool) -> Optional[grpc.ChannelCredentials]:
    """None for plaintext. ValueError: the options contradict each other; OSError: a file cannot be read."""
    files = (options.tls_ca_file, options.tls_cert_file, options.tls_key_file)
    tls = options.tls or any(files) or not (local or options.insecure)
    if tls and options.insecure:
        raise ValueError("insecure and TLS options contradict each other")
    if bool(options.tls_cert_file) != bool(options.tls_key_file):
        raise ValueError("a TLS certificate and its key go together")
    if not tls:
        return None
    roots, chain, key = (_read(path) for path in files)
    return grpc.ssl_channel_credentials(root_certificates=roots, private_key=key, certificate_chain=chain)


def open_channel(options: ClientOptions, module: Any) -> Any:
    """A channel of `module` (grpc or grpc.aio) that connects with its first call. Errors: as channel_credentials."""
    if options.token_file and options.token:
        raise ValueError("token and token_file exclude each other")
    target, local = parse_address(options.server)
    credentials = channel_credentials(options, local)
    arguments = [
        ("grpc.primary_user_agent", "genledger-python"),
        ("grpc.max_receive_message_length", ANSWER_BYTES_MAX),
        # The client's own loop is the one owner of retries.
        ("grpc.enable_retries", 0),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.enable_http_proxy", 0 if local else 1),
        # A server that restarts is found again quickly; in spite of its name the second is the limit of connecting.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 10_000),
        ("grpc.max_reconnect_backoff_ms", 5_000),
    ]
    if credentials is None:
        return module.insecure_channel(target, options=arguments)
    return module.secure_channel(target, credentials, options=arguments)


def call_metadata(options: ClientOptions) -> Tuple[Tuple[str, str], ...]:
    """The bearer token, if one is configured. AuthError: it cannot be used; nothing was sent."""
    if not options.token_file and not options.token:
        return ()
    try:
        if options.token_file:
            token = pathlib.Path(options.token_file).read_text(encoding="ascii").strip()
        else:
            assert options.token is not None
            token = options.token().strip()
    except (OSError, UnicodeError) as error:
        raise make_error(grpc.StatusCode.UNAUTHENTICATED,
                         f"the token cannot be read: {type(error).__name__}") from error
    if not token or len(token) > TOKEN_BYTES_MAX or not all("!" <= c <= "~" for c in token):
        raise make_error(grpc.StatusCode.UNAUTHENTICATED, "the token is empty, too long, or not visible ASCII")
    return (("authorization", f"Bearer {token}"),)
