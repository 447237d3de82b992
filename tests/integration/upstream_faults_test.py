"""What callers are told, and how often is posted, when the upstream misbehaves."""

import grpc

from harness import Case, Submission, main, wait_until


class UpstreamFaultsTest(Case):
    def setUp(self):
        super().setUp()
        self.upstream = self.simulator("--api_keys=sk-simulator,sk-another")
        self.genledger = self.server(self.upstream.url)

    def posts(self):
        return self.upstream.stats()["posts_received"]

    def test_a_refusal_is_final_and_told_with_the_upstreams_words(self):
        self.upstream.rules({"status": 400, "shape": "envelope", "error_message": "no such style"})
        with self.assert_error(grpc.StatusCode.INVALID_ARGUMENT, "UPSTREAM_REFUSED_REQUEST") as error:
            self.genledger.submit("refused", request_id="r")
        self.assertIn("no such style", error["message"])
        self.assertEqual(error["pushback"], "-1")
        record = self.genledger.get(request_id="r")
        self.assertEqual(record.state, Submission.STATE_FAILED)
        self.assertEqual((record.upstream_posts_sent, record.charges_max), (1, 0))
        # The failure is replayed until reopen_time, without another POST; the content is free for others.
        with self.assert_error(grpc.StatusCode.INVALID_ARGUMENT, "UPSTREAM_REFUSED_REQUEST"):
            self.genledger.submit("refused", request_id="r")
        self.assertEqual(self.posts(), 1)
        self.upstream.rules()
        self.assertEqual(self.genledger.submit("refused", request_id="other").submission.state,
                         Submission.STATE_SUBMITTED)

    def test_account_errors_are_ours_not_the_callers(self):
        for status, reason in ((401, "UPSTREAM_CREDENTIAL_INVALID"), (402, "UPSTREAM_BALANCE_EXHAUSTED"),
                               (403, "UPSTREAM_FORBIDDEN"), (404, "UPSTREAM_MISCONFIGURED")):
            with self.subTest(status):
                self.upstream.rules({"status": status})
                server = self.server(self.upstream.url, store=f"sqlite:{self.directory}/{status}.db")  # each opens a breaker of its own
                with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, reason):
                    server.submit(f"account {status}")

    def test_a_refused_key_stops_new_submissions_before_they_are_recorded(self):
        self.assertEqual(self.genledger.submit("known", request_id="known").submission.state,
                         Submission.STATE_SUBMITTED)
        self.upstream.rules({"status": 402})
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "UPSTREAM_BALANCE_EXHAUSTED"):
            self.genledger.submit("the one that finds out", request_id="first")
        before = self.posts()
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "UPSTREAM_BALANCE_EXHAUSTED") as error:
            self.genledger.submit("never recorded", request_id="second")
        self.assertGreater(error["retry_delay"], 20)
        with self.assert_error(grpc.StatusCode.NOT_FOUND, "SUBMISSION_NOT_FOUND"):
            self.genledger.get(request_id="second")
        self.assertEqual(self.genledger.submit("known", request_id="known").submission.state,
                         Submission.STATE_SUBMITTED)
        self.assertEqual(self.posts(), before)

    def test_a_broken_upstream_is_left_alone(self):
        self.upstream.rules({"status": 504, "shape": "html"})
        for number in range(5):
            with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "UPSTREAM_OUTCOME_UNKNOWN"):
                self.genledger.submit(f"broken {number}")
        with self.assert_error(grpc.StatusCode.UNAVAILABLE, "UPSTREAM_UNAVAILABLE") as error:
            self.genledger.submit("never recorded", request_id="new")
        self.assertGreater(error["retry_delay"], 20)
        self.assertEqual(self.posts(), 5)
        with self.assert_error(grpc.StatusCode.NOT_FOUND, "SUBMISSION_NOT_FOUND"):
            self.genledger.get(request_id="new")

    def test_a_rate_limit_is_retried_after_its_floor(self):
        self.upstream.rules({"when": {"count": 1}, "status": 429, "retry_after": 1})
        answer = self.genledger.submit("limited")
        self.assertEqual(answer.submission.state, Submission.STATE_SUBMITTED)
        attempts = self.genledger.get(id=answer.submission.id).attempts
        self.assertEqual([a.http_status for a in attempts], [429, 200])
        gap = attempts[1].start_time.ToDatetime() - attempts[0].end_time.ToDatetime()
        self.assertGreaterEqual(gap.total_seconds(), 0.99)
        self.assertEqual((answer.submission.charges_min, answer.submission.charges_max), (1, 1))
        self.assertEqual(answer.submission.upstream_posts_sent, 2)

    def test_wait_ends_early_when_the_next_attempt_lies_beyond_it(self):
        self.upstream.rules({"status": 429, "retry_after": 600})
        answer = self.genledger.submit("later", wait=20, timeout=15)
        self.assertEqual(answer.submission.state, Submission.STATE_PENDING)
        self.assertEqual(answer.submission.failure.reason, "UPSTREAM_RATE_LIMITED")
        self.assertTrue(answer.submission.HasField("next_attempt_time"))

    def test_a_server_error_with_the_envelope_is_retried(self):
        self.upstream.rules({"when": {"count": 1}, "status": 500, "shape": "envelope"})
        answer = self.genledger.submit("flaky")
        self.assertEqual(answer.submission.state, Submission.STATE_SUBMITTED)
        # Only --trust_5xx_envelope made it a refusal: it may have been charged all the same.
        self.assertEqual((answer.submission.charges_min, answer.submission.charges_max), (1, 2))

    def test_every_ambiguous_answer_is_held_and_never_posted_again(self):
        ambiguous = [
            {"status": 500, "shape": "html"},
            {"status": 504, "shape": "envelope"},
            {"status": 524, "shape": "html"},
            {"status": 200, "shape": "html"},
            {"status": 200, "shape": "data_empty"},
            {"status": 200, "shape": "task_id_number"},
            {"status": 200, "shape": "invalid_json"},
            {"status": 200, "shape": "duplicate_data"},
            {"status": 200, "transfer": "truncated"},
            {"status": 200, "shape": "oversized"},
            {"do": "reset", "at": "body"},
            {"do": "close", "at": "body"},
            {"do": "reset", "at": "half"},
        ]
        for number, rule in enumerate(ambiguous):
            with self.subTest(rule):
                self.upstream.rules(rule)
                before = self.posts()
                with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "UPSTREAM_OUTCOME_UNKNOWN") as error:
                    self.genledger.submit(f"ambiguous {number}")
                self.assertEqual(error["pushback"], "-1")
                record = self.genledger.get(id=error["metadata"]["submission_id"])
                self.assertEqual(record.state, Submission.STATE_OUTCOME_UNKNOWN)
                self.assertEqual((record.charges_min, record.charges_max), (0, 1))
                self.upstream.rules()
                with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "UPSTREAM_OUTCOME_UNKNOWN"):
                    self.genledger.submit(f"ambiguous {number}")
                self.assertEqual(self.posts(), before + 1)
                for good in range(2):  # or the upstream's breaker would open
                    self.genledger.submit(f"good {number} {good}")

    def test_a_kept_alive_connection_that_dies_is_not_posted_again(self):
        self.assertEqual(self.genledger.submit("warm up").submission.state, Submission.STATE_SUBMITTED)
        self.upstream.rules({"when": {"reused_connection": True}, "do": "reset", "at": "body"})
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "UPSTREAM_OUTCOME_UNKNOWN"):
            self.genledger.submit("on a reused connection")
        self.assertEqual(self.posts(), 2)

    def test_accepted_shapes_all_give_their_task_id(self):
        for number, rule in enumerate(({"shape": "data_object"}, {"shape": "top_level_task_id"},
                                       {"shape": "byte_order_mark"}, {"transfer": "chunked"}, {"interim": [103]},
                                       {"status": 202, "shape": "data_object"}, {"shape": "several_tasks", "tasks": 3})):
            with self.subTest(rule):
                self.upstream.rules(rule)
                answer = self.genledger.submit(f"shape {number}")
                self.assertEqual(answer.submission.state, Submission.STATE_SUBMITTED)
                attempt = self.genledger.get(id=answer.submission.id).attempts[0]
                self.assertEqual(attempt.task_ids[0], answer.submission.task_id)
                self.assertEqual(len(attempt.task_ids), rule.get("tasks", 1))

    def test_idempotency_in_progress_sends_the_same_attempt_again(self):
        self.upstream.rules({"when": {"count": 1}, "status": 409, "error_code": "idempotency_in_progress",
                             "retry_after": 1})
        submission = self.genledger.submit("in progress").submission
        self.assertEqual(submission.state, Submission.STATE_SUBMITTED)
        self.assertEqual((submission.upstream_posts_sent, submission.charges_max), (2, 1))
        self.assertEqual(len(self.genledger.get(id=submission.id).attempts), 1)


    def test_in_progress_for_ever_is_not_asked_in_a_hot_loop(self):
        server = self.server(self.upstream.url, "--upstream_timeout=6s", store=f"sqlite:{self.directory}/hot.db")
        self.upstream.rules({"status": 409, "error_code": "idempotency_in_progress", "retry_after": 0})
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "UPSTREAM_OUTCOME_UNKNOWN"):
            server.submit("for ever")
        self.assertLessEqual(self.posts(), 4)

    def test_a_new_key_in_the_file_starts_what_a_refused_one_stopped(self):
        server = self.genledger
        self.upstream.rules({"when": {"count": 1}, "status": 401})
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "UPSTREAM_CREDENTIAL_INVALID"):
            server.submit("the one that finds out")
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "UPSTREAM_CREDENTIAL_INVALID"):
            server.submit("refused")
        (self.directory / "key").write_text("sk-another\n", encoding="utf-8")

        def taken():
            try:
                return server.submit("refused").submission.task_id
            except grpc.RpcError:
                return None

        wait_until(taken, "the new key to be used")


class UpstreamAbsentTest(Case):
    def test_an_unreachable_upstream_is_retried_until_submit_within(self):
        server = self.server("http://127.0.0.1:1")
        request = {"request_id": "absent", "wait": 0}
        pending = server.submit("nobody there", submit_within={"seconds": 2}, **request).submission
        self.assertIn(pending.state, (Submission.STATE_PENDING, Submission.STATE_DISPATCHING))
        record = wait_until(
            lambda: (s := server.get(request_id="absent")).state == Submission.STATE_FAILED and s, "FAILED")
        self.assertEqual(record.failure.reason, "UPSTREAM_UNAVAILABLE")
        self.assertEqual((record.upstream_posts_sent, record.charges_max), (0, 0))
        with self.assert_error(grpc.StatusCode.UNAVAILABLE, "UPSTREAM_UNAVAILABLE") as error:
            server.submit("nobody there", request_id="absent")
        self.assertGreater(error["retry_delay"], 20)


if __name__ == "__main__":
    main()
