"""Ports for programs that cannot be told to take one that is free, or that must come back on the same one."""

import pathlib
import random
import socket

TRIES = 100


def free_port():
    """One that nobody listens on now, and that no outgoing connection is given, while its program is down for example."""
    outgoing_min = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="utf-8").split()[0])
    for _ in range(TRIES):
        port = random.SystemRandom().randrange(outgoing_min // 2, outgoing_min)
        with socket.socket() as probe:
            # A connection that was closed a moment ago is in nobody's way.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError(f"no free port in {TRIES} tries")


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
