"""A server that speaks PostgreSQL's protocol, takes every connection, and does not know synchronous_commit: what some engine
that is compatible with PostgreSQL may be like."""

import socket
import struct
import threading


def _message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


def _error(sqlstate, text):
    fields = (b"SERROR", b"VERROR", b"C" + sqlstate.encode(), b"M" + text.encode())
    return _message(b"E", b"".join(field + b"\0" for field in fields) + b"\0")


_ENCRYPTION_REQUEST = struct.pack("!I", 80877103)
_READY = _message(b"Z", b"I")
_ROW_SHAPE = _message(b"T", struct.pack("!H", 1) + b"value\0" + struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0))


def _row(text):
    return _message(b"D", struct.pack("!HI", 1, len(text)) + text.encode())


class RefusingPostgres:
    """Serves on a free port of loopback from its construction on, until close()."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            size, = struct.unpack("!I", stream.read(4))
            if stream.read(size - 4) == _ENCRYPTION_REQUEST:
                connection.sendall(b"N")
                size, = struct.unpack("!I", stream.read(4))
                stream.read(size - 4)
            connection.sendall(_message(b"R", struct.pack("!I", 0)) + _READY)
            self._answer_statements(connection, stream)

    def _answer_statements(self, connection, stream):
        sql, failed = "", False
        while kind := stream.read(1):
            size, = struct.unpack("!I", stream.read(4))
            body = stream.read(size - 4)
            if kind == b"X":
                return
            if kind == b"P":
                sql = body.split(b"\0")[1].decode()
            if kind == b"S":
                connection.sendall(_READY)
                failed = False
            elif not failed:
                answer = self._answer(kind, sql)
                failed = answer.startswith(b"E")
                connection.sendall(answer)

    @staticmethod
    def _answer(kind, sql):
        if kind == b"P" and "SET LOCAL synchronous_commit" in sql:
            return _error("42704", 'unrecognized configuration parameter "synchronous_commit"')
        if kind == b"D":
            return _ROW_SHAPE if sql.startswith("SHOW") else _message(b"n")
        if kind == b"E":
            return (_row("off") if sql.startswith("SHOW") else b"") + _message(b"C", b"SHOW\0")
        return _message({b"P": b"1", b"B": b"2"}[kind])
