"""What a crash test knows of the ledger's store: how to name it to a server, where its receipts are, and how to read and age
what a dead server left."""

import sqlite3

import audit

# More than RESUBMIT_ONCE waits, and longer than any lease.
LONG_TIME_SECONDS = 200
_MICROSECONDS = LONG_TIME_SECONDS * 1_000_000


class SqliteStore:
    """A file; its receipts lie beside it."""
    # While this variable names a file that exists, a server cannot write.
    fault = "WAL_FULL_WHILE"

    def __init__(self, directory):
        self._path = directory / "ledger.db"
        self.receipts = directory / "ledger.db.receipts"
        self.name = f"sqlite:{self._path}"
        self.flags = ()
        self.environment = {}

    def let_time_pass(self):
        database = sqlite3.connect(self._path)
        with database:
            database.execute("UPDATE submissions SET next_attempt_time = max(1, next_attempt_time - ?)"
                             " WHERE next_attempt_time > 0", (_MICROSECONDS,))
            database.execute("UPDATE attempts SET start_time = start_time - ?, end_time = max(0, end_time - ?)",
                             (_MICROSECONDS, _MICROSECONDS))
        database.close()

    def events(self):
        return audit.read_events(self._path)


class PostgresStore:
    """A database that others could share; a dead server's attempts are its own until their leases have run out."""
    fault = "STORE_CUT_WHILE"

    def __init__(self, directory, server, database):
        self._server = server
        self._database = database
        self.receipts = directory / "receipts"
        self.name = server.url(database=database) + "&sslmode=disable"
        self.flags = (f"--receipt_journal={self.receipts}",)
        self.environment = {"KILL_POINT_STORE_PORT": str(server.port)}
        server.query(f"CREATE DATABASE {database}")

    def let_time_pass(self):
        self._server.query(
            f"UPDATE submissions SET next_attempt_time = greatest(1, next_attempt_time - {_MICROSECONDS})"
            " WHERE next_attempt_time > 0;"
            f"UPDATE submissions SET lease_expire_time = lease_expire_time - {_MICROSECONDS} WHERE lease_expire_time > 0;"
            f"UPDATE attempts SET start_time = start_time - {_MICROSECONDS},"
            f" end_time = greatest(0, end_time - {_MICROSECONDS})", self._database)

    def events(self):
        return audit.read_postgres_events(self._server, self._database)
