"""What becomes of submissions whose outcome nobody can know: policies, cancels, an operator's word, watching."""

import signal

import grpc

from harness import Case, Submission, admin, api, main, wait_until

HOLD, RESUBMIT_ONCE, FAIL = 1, 2, 3
CANCELLED_FREE, CANCEL_REQUESTED, DETACHED, TOO_LATE, ALREADY_TERMINAL = 1, 2, 3, 4, 5
AMBIGUOUS = {"do": "reset", "at": "body", "accept": False}
AMBIGUOUS_ACCEPTED = {"do": "reset", "at": "body", "accept": True}


class UnknownOutcomeTest(Case):
    def setUp(self):
        super().setUp()
        self.upstream = self.simulator()

    def start(self, *flags):
        self.genledger = self.server(self.upstream.url, *flags)
        return self.genledger

    def make_unknown(self, prompt, rule=None, **fields):
        """A submission that is OUTCOME_UNKNOWN now; the upstream behaves again."""
        self.upstream.rules(rule or AMBIGUOUS)
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "UPSTREAM_OUTCOME_UNKNOWN") as error:
            self.genledger.submit(prompt, **fields)
        self.upstream.rules()
        return self.genledger.get(id=error["metadata"]["submission_id"])

    def resolve(self, submission, note="as the statement says", **resolution):
        return self.genledger.admin.ResolveSubmission(admin.ResolveSubmissionRequest(
            id=submission.id, resolution=admin.Resolution(note=note, **resolution)), timeout=10)

    def posts(self):
        return self.upstream.stats()["posts_received"]

    def test_policy_fail_abandons_and_releases_the_content_to_a_new_request_id_only(self):
        server = self.start()
        self.upstream.rules(AMBIGUOUS)
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "SUBMISSION_ABANDONED") as error:
            server.submit("fail", request_id="r1", ambiguity_policy=FAIL)
        self.upstream.rules()
        abandoned = server.get(id=error["metadata"]["submission_id"])
        self.assertEqual(abandoned.state, Submission.STATE_ABANDONED)
        self.assertEqual((abandoned.charges_min, abandoned.charges_max), (0, 1))
        for fields in ({"request_id": "r1"}, {}):
            with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "SUBMISSION_ABANDONED"):
                server.submit("fail", **fields)
        second = server.submit("fail", request_id="r2").submission
        self.assertEqual(second.possible_duplicate_of, abandoned.id)
        self.assertEqual(self.posts(), 2)

    def test_trusted_posts_the_same_key_and_bytes_again(self):
        upstream = self.upstream
        server = self.server(upstream.url, "--upstream_idempotency=trusted")
        upstream.rules({"when": {"count": 1}, **AMBIGUOUS})
        submission = server.submit("trusted").submission
        self.assertEqual(submission.state, Submission.STATE_SUBMITTED)
        attempts = server.get(id=submission.id).attempts
        self.assertEqual(len(attempts), 2)
        self.assertEqual(attempts[0].idempotency_key, attempts[1].idempotency_key)
        self.assertEqual((submission.charges_min, submission.charges_max), (1, 2))

    def test_a_watch_from_a_revision_that_never_was_goes_on_from_the_present(self):
        server = self.start()
        unknown = self.make_unknown("cursor of another ledger")
        stream = server.api.WatchSubmission(
            api.WatchSubmissionRequest(id=unknown.id, after_revision=1000), timeout=20)
        self.assertTrue(next(stream).HasField("snapshot"))
        self.resolve(unknown, declare_not_accepted={})
        self.assertEqual([m.event.state for m in stream if m.HasField("event")], [Submission.STATE_FAILED])

    def test_the_servers_default_policy(self):
        self.start("--ambiguity_policy=fail")
        self.upstream.rules(AMBIGUOUS)
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "SUBMISSION_ABANDONED"):
            self.genledger.submit("default")

    def test_an_operator_adopts_declares_or_abandons(self):
        server = self.start()
        adopted = self.resolve(self.make_unknown("adopt", AMBIGUOUS_ACCEPTED), adopt_task_id="task_FROM_STATEMENT")
        self.assertEqual((adopted.state, adopted.task_id), (Submission.STATE_SUBMITTED, "task_FROM_STATEMENT"))
        self.assertEqual((adopted.charges_min, adopted.charges_max), (1, 1))
        self.assertEqual(server.submit("adopt").submission.task_id, "task_FROM_STATEMENT")
        declared = self.resolve(self.make_unknown("declare"), declare_not_accepted={})
        self.assertEqual((declared.state, declared.charges_max), (Submission.STATE_FAILED, 0))
        self.assertEqual(server.submit("declare").submission.state, Submission.STATE_SUBMITTED)
        abandoned = self.resolve(self.make_unknown("abandon"), abandon={})
        self.assertEqual(abandoned.state, Submission.STATE_ABANDONED)
        with self.assert_error(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"):
            self.resolve(self.make_unknown("twice"), adopt_task_id="task_FROM_STATEMENT")
        with self.assert_error(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"):
            self.resolve(self.make_unknown("no note"), note="", abandon={})
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "ILLEGAL_STATE"):
            self.resolve(adopted, declare_not_accepted={})

    def test_an_old_etag_changes_nothing(self):
        server = self.start()
        unknown = self.make_unknown("etag")
        with self.assert_error(grpc.StatusCode.ABORTED, "ETAG_MISMATCH"):
            server.api.CancelSubmission(api.CancelSubmissionRequest(id=unknown.id, etag='"1"'))
        self.assertEqual(server.get(id=unknown.id).revision, unknown.revision)

    def test_cancels(self):
        server = self.start()
        cancel = server.api.CancelSubmission
        self.upstream.rules({"status": 429, "retry_after": 600})
        pending = server.submit("pending", request_id="p1", wait=5).submission
        self.assertEqual(pending.state, Submission.STATE_PENDING)
        server.submit("pending", request_id="p2", wait=0)
        self.assertEqual(cancel(api.CancelSubmissionRequest(request_id="p2")).outcome, DETACHED)
        self.assertEqual(cancel(api.CancelSubmissionRequest(request_id="p1")).outcome, CANCELLED_FREE)
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "SUBMISSION_CANCELLED"):
            server.submit("pending", request_id="p1")
        self.assertEqual(cancel(api.CancelSubmissionRequest(id=pending.id)).outcome, ALREADY_TERMINAL)
        self.upstream.rules()
        retried = server.admin.RetrySubmission(admin.RetrySubmissionRequest(id=pending.id, note="wanted after all"))
        self.assertEqual(retried.run, 2)
        done = wait_until(lambda: (s := server.get(id=pending.id)).task_id and s, "SUBMITTED")
        self.assertEqual(cancel(api.CancelSubmissionRequest(id=done.id)).outcome, TOO_LATE)
        unknown = self.make_unknown("unknown")
        self.assertEqual(cancel(api.CancelSubmissionRequest(id=unknown.id)).outcome, CANCEL_REQUESTED)
        self.assertEqual(self.resolve(unknown, declare_not_accepted={}).state, Submission.STATE_CANCELLED)

    def test_a_released_content_can_be_submitted_again(self):
        server = self.start()
        first = server.submit("again").submission
        server.api.ReleaseDedupe(api.ReleaseDedupeRequest(id=first.id))
        second = server.submit("again").submission
        self.assertNotEqual(first.id, second.id)
        self.assertEqual(self.posts(), 2)

    def test_a_watch_sees_every_event_and_can_be_resumed(self):
        server = self.start()
        self.upstream.rules({"when": {"count": 1}, "status": 429, "retry_after": 1})
        submitted = server.submit("watched", wait=0).submission
        messages = list(server.api.WatchSubmission(api.WatchSubmissionRequest(id=submitted.id), timeout=30))
        self.assertTrue(messages[0].HasField("snapshot"))
        start = messages[0].snapshot.revision
        events = [m.event for m in messages[1:] if m.HasField("event")]
        self.assertEqual([e.revision for e in events], list(range(start + 1, start + 1 + len(events))))
        self.assertEqual(events[-1].type, "accepted")
        resumed = [m.event for m in server.api.WatchSubmission(
            api.WatchSubmissionRequest(id=submitted.id, after_revision=2), timeout=30) if m.HasField("event")]
        self.assertEqual([e.revision for e in resumed], list(range(3, events[-1].revision + 1)))
        self.assertEqual([e.type for e in resumed], ["retry_scheduled", "claimed", "accepted"])
        with self.assert_error(grpc.StatusCode.NOT_FOUND, "SUBMISSION_NOT_FOUND"):
            list(server.api.WatchSubmission(api.WatchSubmissionRequest(request_id="none"), timeout=10))

    def watch(self, submission):
        """A stream whose snapshot has been read."""
        stream = self.genledger.api.WatchSubmission(api.WatchSubmissionRequest(id=submission.id), timeout=30)
        self.assertEqual(next(stream).snapshot.id, submission.id)
        return stream

    def test_a_watch_of_an_unknown_outcome_stays_open_until_it_is_settled(self):
        self.start()
        unknown = self.make_unknown("settled later")
        stream = self.watch(unknown)
        self.resolve(unknown, adopt_task_id="task_X")
        event = next(stream).event
        self.assertEqual((event.type, event.task_id, event.revision), ("resolved", "task_X", unknown.revision + 1))
        self.assertEqual(list(stream), [])

    def test_a_drain_ends_a_watch_with_where_to_go_on(self):
        server = self.start()
        unknown = self.make_unknown("drained")
        stream = self.watch(unknown)
        server.process.signal(signal.SIGTERM)
        self.assertEqual(list(stream)[-1].resume.after_revision, unknown.revision)
        self.assertEqual(server.process.wait(), 0)


if __name__ == "__main__":
    main()
