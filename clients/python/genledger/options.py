"""How a client reaches a Genledger server, and how patient it is."""

from __future__ import annotations

import dataclasses
from typing import Callable, Optional

DEFAULT_SERVER = "127.0.0.1:50051"


@dataclasses.dataclass(frozen=True)
class RetryOptions:
    """Attempts of one call. Only UNAVAILABLE is ever retried, and only while the call's deadline has room: by default
    that is what ends them, so that a call outlives a server's restart of some 10 s.

    The delay is the server's grpc-retry-pushback-ms where it sent one, else a random share of a backoff that doubles
    ("full jitter"); a RetryInfo is its floor. A negative pushback: never.
    """

    attempts_max: int = 20  # the first one included; 1 never retries
    backoff_base_seconds: float = 0.1
    backoff_max_seconds: float = 5.0


@dataclasses.dataclass(frozen=True)
class ClientOptions:
    """Options of `Client` and `AsyncClient`; the defaults suit a server on this machine."""

    # "host:port", "[v6]:port" or "unix:PATH".
    server: str = DEFAULT_SERVER

    # Plaintext is the default for loopback addresses and unix sockets, TLS for all others. Both set is an error, and so
    # is `insecure` with a file below.
    insecure: bool = False
    tls: bool = False
    # PEM files; each implies TLS. No CA file: gRPC's own roots. Certificate and key go together.
    tls_ca_file: Optional[str] = None
    tls_cert_file: Optional[str] = None
    tls_key_file: Optional[str] = None

    # The bearer token: a file (white space around it is dropped) or a function; asked again for every attempt, so that
    # a rotated token is picked up. At most one of them.
    token_file: Optional[str] = None
    token: Optional[Callable[[], str]] = None

    # How long a call may take, its retries included, besides the time that it asks the server to wait.
    timeout_seconds: float = 15.0

    retry: RetryOptions = RetryOptions()

    # A watch whose stream says nothing for so long has lost it (the server gives a sign of life every 15 s).
    watch_silence_max_seconds: float = 45.0
    # How long a watch that had a stream, and a wait, tries to get through again: a server may drain for a minute before
    # it is replaced.
    reconnect_max_seconds: float = 120.0
