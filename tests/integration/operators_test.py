"""What an operator sees of a replica, and how many unknown outcomes are settled at once."""

import grpc

from harness import Case, Submission, admin, main

AMBIGUOUS = {"do": "reset", "at": "body", "accept": False}


class OperatorsTest(Case):
    def setUp(self):
        super().setUp()
        self.upstream = self.simulator()
        self.genledger = self.server(self.upstream.url, "--replica=ledger-0")

    def make_unknown(self, prompt):
        self.upstream.rules(AMBIGUOUS)
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "UPSTREAM_OUTCOME_UNKNOWN") as error:
            self.genledger.submit(prompt, labels={"batch": prompt.split()[0]})
        self.upstream.rules()
        return error["metadata"]["submission_id"]

    def status(self):
        return self.genledger.admin.GetServiceStatus(admin.GetServiceStatusRequest(), timeout=10)

    def resolve_all(self, **fields):
        return self.genledger.admin.BulkResolveSubmissions(
            admin.BulkResolveSubmissionsRequest(
                resolution=admin.Resolution(note="as the statement says", declare_not_accepted={}), **fields), timeout=10)

    def test_status(self):
        self.genledger.submit("accepted")
        self.make_unknown("lost one")
        status = self.status()
        self.assertTrue(status.ready)
        self.assertFalse(status.draining)
        self.assertEqual(status.replica, "ledger-0")
        self.assertTrue(status.version)
        self.assertTrue(status.store.startswith("sqlite:"))
        self.assertGreater(status.schema_version, 0)
        self.assertEqual(dict(status.submissions_by_state),
                         {"PENDING": 0, "DISPATCHING": 0, "SUBMITTED": 1, "FAILED": 0, "OUTCOME_UNKNOWN": 1,
                          "CANCELLED": 0, "ABANDONED": 0})
        self.assertEqual((status.unknown_count, status.unflushed_receipts, status.attempts_in_flight), (1, 0, 0))
        self.assertEqual(status.concurrency_limit, 10000)
        self.assertEqual(status.retry_budget_left, 100)

    def test_status_names_what_opened_a_breaker(self):
        for number in range(5):
            self.make_unknown(f"broken {number}")
        breaker = self.status().breakers[0]
        self.assertEqual(breaker.state, admin.ServiceStatus.Breaker.STATE_OPEN)
        self.assertIn("5 attempts in a row failed", breaker.reason)
        self.assertTrue(breaker.HasField("retry_time"))

    def test_bulk_resolution_first_dry_then_for_good(self):
        ids = [self.make_unknown("red one"), self.make_unknown("red two")]
        other = self.make_unknown("blue one")
        dry = self.resolve_all(filter="labels.batch = red", dry_run=True)
        self.assertEqual((dry.matched, dry.resolved, list(dry.sample_ids)), (2, 0, ids))
        self.assertEqual(self.status().unknown_count, 3)
        done = self.resolve_all(filter="labels.batch = red")
        self.assertEqual((done.matched, done.resolved), (2, 2))
        self.assertEqual(self.genledger.get(id=ids[0]).state, Submission.STATE_FAILED)
        self.assertEqual(self.genledger.get(id=other).state, Submission.STATE_OUTCOME_UNKNOWN)
        with self.assert_error(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"):
            self.resolve_all(filter="nonsense ~")


if __name__ == "__main__":
    main()
