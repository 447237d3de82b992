"""The outcome table of DESIGN.md section 6, row by row, over a real socket.

Each entry of OUTCOMES is a row of that table, or a variant of it, in its order: what the upstream does; then what the
caller is told, what the ledger holds and what the upstream accepted. Each runs against a server of its own, so that no
circuit breaker of one is met by another; the simulator tells them apart by their API keys.
"""

import concurrent.futures
import dataclasses

import grpc

from harness import Case, Server, Submission, details_of, main, resources, wait_until

OK = grpc.StatusCode.OK
INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT
FAILED_PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE

NOT_SENT, ACCEPTED = resources.Attempt.OUTCOME_NOT_SENT, resources.Attempt.OUTCOME_ACCEPTED
REFUSED = resources.Attempt.OUTCOME_REFUSED
REFUSED_TRANSIENT = resources.Attempt.OUTCOME_REFUSED_TRANSIENT
AMBIGUOUS = resources.Attempt.OUTCOME_AMBIGUOUS

HOLD, RESUBMIT_ONCE, FAIL = 1, 2, 3
ROWS_AT_ONCE = 10
# Longer than any row takes: at most three retries, each after 1, 2 and 4 s at most.
WAIT_SECONDS = 30


@dataclasses.dataclass(frozen=True)
class Seen:
    """What became of one submission. attempts: (outcome, http_status), repeats in a row told once; charges: least and
    most. received, accepted: by the upstream's own count."""
    code: grpc.StatusCode
    reason: str
    retry_is_useless: bool
    state: str
    failure: str
    attempts: tuple
    posts: int
    received: int
    charges: tuple
    accepted: int


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    seen: Seen
    rules: tuple = ()
    flags: tuple = ()
    fields: dict = dataclasses.field(default_factory=dict)
    upstream_url: str = ""  # with {port} of the simulator; empty: the simulator's


def submitted(*attempts, posts=1, charges=(1, 1), accepted=1):
    return Seen(OK, "", False, "SUBMITTED", "", attempts, posts, posts, charges, accepted)


def failed(code, reason, *attempts, posts=1, charges=(0, 0), accepted=0):
    useless = code not in (UNAVAILABLE, RESOURCE_EXHAUSTED)
    return Seen(code, reason, useless, "FAILED", reason, attempts, posts, posts, charges, accepted)


def refused(status):
    return failed(INVALID_ARGUMENT, "UPSTREAM_REFUSED_REQUEST", (REFUSED, status))


def misconfigured(status):
    return failed(FAILED_PRECONDITION, "UPSTREAM_MISCONFIGURED", (REFUSED, status))


def unavailable(*attempts, **counts):
    return failed(UNAVAILABLE, "UPSTREAM_UNAVAILABLE", *attempts, **counts)


def unknown(status, posts=1, charges=(0, 1), accepted=0, state="OUTCOME_UNKNOWN", reason="UPSTREAM_OUTCOME_UNKNOWN"):
    return Seen(FAILED_PRECONDITION, reason, True, state, "UPSTREAM_OUTCOME_UNKNOWN", ((AMBIGUOUS, status),), posts,
                posts, charges, accepted)


def answers(name, seen, **rule):
    """The upstream always does this."""
    return Row(name, seen, rules=(rule,))


def answers_once(name, seen, **rule):
    """The upstream does this once, and accepts after that."""
    return Row(name, seen, rules=({"when": {"count": 1}, **rule},))


OUTCOMES = [
    # no request byte was written (DNS, connect, TLS): NOT_SENT, retry
    Row("not sent: connect", unavailable((NOT_SENT, 0), posts=0), upstream_url="http://127.0.0.1:1",
        fields={"submit_within": {"seconds": 1}}),
    Row("not sent: DNS", unavailable((NOT_SENT, 0), posts=0), upstream_url="http://nobody.invalid",
        fields={"submit_within": {"seconds": 1}}),
    Row("not sent: TLS", unavailable((NOT_SENT, 0), posts=0), upstream_url="https://127.0.0.1:{port}",
        fields={"submit_within": {"seconds": 1}}),

    # 2xx with a usable task id: ACCEPTED, SUBMITTED
    answers("accepted: data[0].task_id", submitted((ACCEPTED, 200)), status=200),
    answers("accepted: data.id", submitted((ACCEPTED, 200)), shape="data_object"),
    answers("accepted: data.task_id", submitted((ACCEPTED, 200)), accept=True,
            body='{"code":200,"data":{"task_id":"task_OF_AN_OBJECT"}}'),
    answers("accepted: task_id", submitted((ACCEPTED, 200)), shape="top_level_task_id"),
    answers("accepted: id", submitted((ACCEPTED, 200)), shape="top_level_id"),
    answers("accepted: 201", submitted((ACCEPTED, 201)), status=201),
    answers("accepted: 202", submitted((ACCEPTED, 202)), status=202, shape="data_object"),
    answers("accepted: several tasks", submitted((ACCEPTED, 200)), shape="several_tasks", tasks=3),
    answers("accepted: chunked", submitted((ACCEPTED, 200)), transfer="chunked"),
    answers("accepted: byte by byte", submitted((ACCEPTED, 200)), transfer="drip", drip_ms=2),
    answers("accepted: after 103", submitted((ACCEPTED, 200)), interim=[103]),
    answers("accepted: then the connection dies", submitted((ACCEPTED, 200)), then="silent_close"),

    # 2xx whose body carries an error: as that inner code; no usable inner code: AMBIGUOUS
    answers("2xx with an error: code 400", refused(200), shape="inner_code", inner_code=400),
    answers("2xx with an error: code 404", misconfigured(200), shape="inner_code", inner_code=404),
    answers("2xx with an error: code 402",
            failed(FAILED_PRECONDITION, "UPSTREAM_BALANCE_EXHAUSTED", (REFUSED, 200)), shape="inner_code",
            inner_code=402),
    answers_once("2xx with an error: code 429", submitted((REFUSED_TRANSIENT, 200), (ACCEPTED, 200), posts=2),
                 shape="inner_code", inner_code=429),
    answers("2xx with an error: error.code 422", refused(200), status=200, shape="envelope", inner_code=422),
    answers("2xx with an error: code 504", unknown(200), shape="inner_code", inner_code=504),
    answers("2xx with an error: success false", unknown(200), shape="success_false"),
    answers("2xx with an error: no usable code", unknown(200), shape="inner_code", inner_code=-1),

    # 400 get_channel_failed: REFUSED, transient, retry
    answers_once("get_channel_failed: once", submitted((REFUSED_TRANSIENT, 400), (ACCEPTED, 200), posts=2), status=400,
                 error_code="get_channel_failed"),
    answers("get_channel_failed: until the posts are used up", unavailable((REFUSED_TRANSIENT, 400), posts=4),
            status=400, error_code="get_channel_failed"),

    # any status, message build_request_failed…; 400 413 415 422 and other 4xx not named: REFUSED, FAILED
    answers("build_request_failed: 400", refused(400), status=400, error_message="build_request_failed: bad image"),
    answers("build_request_failed: 429", refused(429), status=429, error_message="build_request_failed: bad image"),
    answers("build_request_failed: 500", refused(500), status=500, error_message="build_request_failed: bad image"),
    answers("build_request_failed: 504", refused(504), status=504, error_message="build_request_failed: bad image"),
    answers("refused: 400", refused(400), status=400),
    answers("refused: 400, a gateway's page", refused(400), status=400, shape="html"),
    answers("refused: 413", refused(413), status=413),
    answers("refused: 415", refused(415), status=415),
    answers("refused: 418", refused(418), status=418),
    answers("refused: 422", refused(422), status=422),
    answers("refused: 431", refused(431), status=431),

    # 404 405 410 3xx: REFUSED, FAILED, UPSTREAM_MISCONFIGURED
    answers("misconfigured: 404", misconfigured(404), status=404),
    answers("misconfigured: 405", misconfigured(405), status=405),
    answers("misconfigured: 410", misconfigured(410), status=410),
    answers("misconfigured: 301", misconfigured(301), status=301, headers={"Location": "http://127.0.0.1:1/"}),
    answers("misconfigured: 302", misconfigured(302), status=302),
    answers("misconfigured: 307", misconfigured(307), status=307),
    answers("misconfigured: 308", misconfigured(308), status=308),

    # 401 402 403: REFUSED, account; else FAILED
    answers("account: 401", failed(FAILED_PRECONDITION, "UPSTREAM_CREDENTIAL_INVALID", (REFUSED, 401)), status=401),
    answers("account: 402", failed(FAILED_PRECONDITION, "UPSTREAM_BALANCE_EXHAUSTED", (REFUSED, 402)), status=402),
    answers("account: 403", failed(FAILED_PRECONDITION, "UPSTREAM_FORBIDDEN", (REFUSED, 403)), status=403),

    # 409 idempotency_in_progress: the same attempt goes on; no room left in it: AMBIGUOUS
    answers_once("in progress: Retry-After", submitted((ACCEPTED, 200), posts=2), status=409,
                 error_code="idempotency_in_progress", retry_after=1),
    answers_once("in progress: no Retry-After", submitted((ACCEPTED, 200), posts=2), status=409,
                 error_code="idempotency_in_progress"),
    answers("in progress: no room left", unknown(409), status=409, error_code="idempotency_in_progress",
            retry_after=600),
    Row("in progress: no key was sent", unknown(409), flags=("--upstream_idempotency=off",),
        rules=({"status": 409, "error_code": "idempotency_in_progress", "retry_after": 1},)),

    # 409 idempotency_key_reused: REFUSED, FAILED, UPSTREAM_MISCONFIGURED
    answers("key reused", misconfigured(409), status=409, error_code="idempotency_key_reused"),

    # 429; 503 idempotency_unavailable: REFUSED, transient, retry
    answers_once("rate limited: once", submitted((REFUSED_TRANSIENT, 429), (ACCEPTED, 200), posts=2), status=429),
    answers_once("rate limited: a Retry-After of seconds",
                 submitted((REFUSED_TRANSIENT, 429), (ACCEPTED, 200), posts=2), status=429, retry_after=1),
    answers_once("rate limited: a Retry-After of a date",
                 submitted((REFUSED_TRANSIENT, 429), (ACCEPTED, 200), posts=2), status=429, retry_after_date_s=1),
    Row("rate limited: until submit_within",
        failed(RESOURCE_EXHAUSTED, "UPSTREAM_RATE_LIMITED", (REFUSED_TRANSIENT, 429)),
        rules=({"status": 429, "retry_after": 2},), fields={"submit_within": {"seconds": 1}}),
    Row("rate limited: beyond the wait",
        Seen(OK, "", False, "PENDING", "UPSTREAM_RATE_LIMITED", ((REFUSED_TRANSIENT, 429),), 1, 1, (0, 0), 0),
        rules=({"status": 429, "retry_after": 600},)),
    answers_once("idempotency_unavailable: once", submitted((REFUSED_TRANSIENT, 503), (ACCEPTED, 200), posts=2),
                 status=503, error_code="idempotency_unavailable"),
    answers("idempotency_unavailable: until the posts are used up", unavailable((REFUSED_TRANSIENT, 503), posts=4),
            status=503, error_code="idempotency_unavailable"),

    # 500 502 503 with the upstream's JSON error envelope: REFUSED, transient, counted apart, retry, at most twice.
    # Only --trust_5xx_envelope made it a refusal: charges_max keeps it.
    *(answers_once(f"5xx envelope: {status} once",
                   submitted((REFUSED_TRANSIENT, status), (ACCEPTED, 200), posts=2, charges=(1, 2)), status=status)
      for status in (500, 502, 503)),
    answers("5xx envelope: always", unavailable((REFUSED_TRANSIENT, 500), posts=3, charges=(0, 3)), status=500),
    answers("5xx envelope: do_request_failed", unknown(500), status=500, error_code="do_request_failed"),
    Row("5xx envelope: not trusted", unknown(502), flags=("--trust_5xx_envelope=false",), rules=({"status": 502},)),

    # everything else: AMBIGUOUS, OUTCOME_UNKNOWN
    answers("else: 408", unknown(408), status=408),
    answers("else: 500, a gateway's page", unknown(500), status=500, shape="html"),
    answers("else: 501", unknown(501), status=501),
    answers("else: 502, no body", unknown(502), status=502, shape="empty"),
    answers("else: 504", unknown(504), status=504),
    answers("else: 520", unknown(520), status=520, shape="html"),
    answers("else: 524, and it was accepted", unknown(524, accepted=1), status=524, shape="html", accept=True),
    answers("else: other 409", unknown(409), status=409),
    answers("else: idempotency_result_indeterminate", unknown(409), status=409,
            error_code="idempotency_result_indeterminate"),
    answers("else: 2xx that does not parse", unknown(200, accepted=1), shape="invalid_json"),
    answers("else: 2xx that is a page", unknown(200, accepted=1), shape="html"),
    answers("else: 2xx without a body", unknown(200, accepted=1), shape="empty"),
    answers("else: 204", unknown(204, accepted=1), status=204, shape="empty"),
    answers("else: 2xx cut short", unknown(200, accepted=1), transfer="truncated"),
    answers("else: 2xx too long", unknown(200, accepted=1), shape="oversized"),
    answers("else: data is empty", unknown(200, accepted=1), shape="data_empty"),
    answers("else: data is null", unknown(200, accepted=1), shape="data_null"),
    answers("else: no data", unknown(200, accepted=1), shape="data_missing"),
    answers("else: no task_id", unknown(200, accepted=1), shape="task_id_missing"),
    answers("else: an empty task_id", unknown(200, accepted=1), shape="task_id_empty"),
    answers("else: a task_id that is a number", unknown(200, accepted=1), shape="task_id_number"),
    answers("else: data twice", unknown(200, accepted=1), shape="duplicate_data"),
    answers("else: reset before the body was read", unknown(0), do="reset", at="headers"),
    answers("else: reset, and it was accepted", unknown(0, accepted=1), do="reset", at="body"),
    answers("else: reset, and it was not accepted", unknown(0), do="reset", at="body", accept=False),
    answers("else: closed without an answer", unknown(0, accepted=1), do="close", at="body"),
    answers("else: reset in the answer", unknown(200, accepted=1), do="reset", at="half"),
    answers("else: closed in the answer", unknown(200, accepted=1), do="close", at="half"),
    Row("else: no answer in time", unknown(0, accepted=1), rules=({"do": "hold"},),
        flags=("--upstream_timeout=1s", "--upstream_connect_timeout=1s")),

    # Ambiguity: the policy, and trusted re-posts before it
    Row("ambiguous, FAIL", unknown(0, accepted=1, state="ABANDONED", reason="SUBMISSION_ABANDONED"),
        rules=({"do": "reset", "at": "body"},), fields={"ambiguity_policy": FAIL}),
    Row("ambiguous, RESUBMIT_ONCE, not yet due", unknown(0, accepted=1), rules=({"do": "reset", "at": "body"},),
        fields={"ambiguity_policy": RESUBMIT_ONCE}),
    Row("ambiguous, trusted", submitted((AMBIGUOUS, 0), (ACCEPTED, 200), posts=2, charges=(1, 2)),
        flags=("--upstream_idempotency=trusted",),
        rules=({"when": {"count": 1}, "do": "reset", "at": "body", "accept": False},)),
    Row("ambiguous, trusted: indeterminate is not posted again", unknown(409),
        flags=("--upstream_idempotency=trusted",),
        rules=({"status": 409, "error_code": "idempotency_result_indeterminate"},)),
]


def told_once(items):
    """Repeats in a row only once."""
    return tuple(item for number, item in enumerate(items) if number == 0 or items[number - 1] != item)


def ledger_state(submission):
    return Submission.State.Name(submission.state).removeprefix("STATE_")


class OutcomeTableTest(Case):
    def setUp(self):
        super().setUp()
        self.keys = [f"sk-row-{number}" for number in range(len(OUTCOMES))]
        self.upstream = self.simulator(f"--api_keys={','.join(self.keys)}")
        self.port = self.upstream.url.rpartition(":")[2]

    def start(self, number, row):
        directory = self.directory / str(number)
        directory.mkdir(exist_ok=True)
        url = row.upstream_url.format(port=self.port) or self.upstream.url
        server = Server(directory, url, *row.flags, api_key=self.keys[number])
        self.addCleanup(server.kill)
        return server

    def observe(self, number, row):
        """Submits once, and waits until nothing more happens by itself."""
        server = self.start(number, row)
        code, reason, useless = OK, "", False
        try:
            server.submit(row.name, request_id="row", wait=WAIT_SECONDS, timeout=WAIT_SECONDS + 10, **row.fields)
        except grpc.RpcError as error:
            details = details_of(error)
            code, reason, useless = error.code(), details["reason"], details["pushback"] == "-1"
        record = server.get(request_id="row")
        server.kill()
        fingerprint = record.attempts[0].credential_fingerprint
        posts = [post for post in self.upstream.log() if post["credential"] == fingerprint]
        return Seen(code, reason, useless, ledger_state(record), record.failure.reason,
                    told_once([(attempt.outcome, attempt.http_status) for attempt in record.attempts]),
                    record.upstream_posts_sent, len(posts), (record.charges_min, record.charges_max),
                    sum(post["accepted"] for post in posts))

    def test_every_row(self):
        self.upstream.rules(*(
            {**rule, "when": {**rule.get("when", {}), "credential": key}}
            for key, row in zip(self.keys, OUTCOMES) for rule in row.rules))
        with concurrent.futures.ThreadPoolExecutor(ROWS_AT_ONCE) as pool:
            observed = list(pool.map(self.observe, range(len(OUTCOMES)), OUTCOMES))
        for row, seen in zip(OUTCOMES, observed):
            with self.subTest(row.name):
                self.assertEqual(seen, row.seen)

    def test_the_lease_ran_out_on_dispatching(self):
        row = Row("lease", unknown(0, accepted=1))
        self.upstream.rules({"do": "hold"})
        server = self.start(0, row)
        server.submit(row.name, request_id="row", wait=0)
        wait_until(lambda: self.upstream.stats()["bodies_complete"] == 1, "the POST")
        server.kill()
        self.upstream.rules()
        self.assertEqual(self.observe(0, row), row.seen)


if __name__ == "__main__":
    main()
