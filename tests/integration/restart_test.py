"""What a restart finds, after SIGTERM and after kill -9."""

import concurrent.futures
import signal

import grpc

from harness import EXAMPLE, Case, Submission, admin, api, main, wait_until


class RestartTest(Case):
    def test_an_acknowledged_task_id_survives_kill_9(self):
        upstream = self.simulator()
        server = self.server(upstream.url)
        first = server.submit(spec=EXAMPLE, request_id="job")
        server.kill()
        server = self.server(upstream.url)
        for fields in ({"request_id": "job"}, {"request_id": "other"}, {}):
            again = server.submit(spec=EXAMPLE, **fields)
            self.assertEqual(again.submission.task_id, first.submission.task_id)
            self.assertEqual(again.submission.id, first.submission.id)
        self.assertEqual(upstream.stats()["posts_received"], 1)
        self.assertEqual(server.get(id=first.submission.id).task_id, first.submission.task_id)

    def test_an_attempt_that_was_out_is_unknown_after_kill_9(self):
        upstream = self.simulator()
        upstream.rules({"do": "hold"})
        server = self.server(upstream.url)
        held = server.submit("held", wait=0).submission
        wait_until(lambda: upstream.stats()["bodies_complete"] == 1, "the POST")
        server.kill()
        upstream.rules()
        server = self.server(upstream.url)
        record = server.get(id=held.id)
        self.assertEqual(record.state, Submission.STATE_OUTCOME_UNKNOWN)
        self.assertEqual((record.charges_min, record.charges_max), (0, 1))
        self.assertEqual([a.outcome for a in record.attempts], [5])  # AMBIGUOUS
        with self.assert_error(grpc.StatusCode.FAILED_PRECONDITION, "UPSTREAM_OUTCOME_UNKNOWN"):
            server.submit("held")
        self.assertEqual(upstream.stats()["posts_received"], 1)

    def test_pending_work_goes_on_after_kill_9(self):
        upstream = self.simulator()
        upstream.rules({"when": {"count": 1}, "status": 429, "retry_after": 2})
        server = self.server(upstream.url)
        pending = server.submit("later", wait=1.5, request_id="later").submission
        self.assertEqual(pending.state, Submission.STATE_PENDING)
        server.kill()
        server = self.server(upstream.url)
        record = wait_until(
            lambda: (s := server.get(request_id="later")).state == Submission.STATE_SUBMITTED and s, "SUBMITTED")
        self.assertEqual([a.http_status for a in record.attempts], [429, 200])

    def test_nothing_acknowledged_is_lost_in_kills_under_load(self):
        upstream = self.simulator()
        acknowledged = {}
        for round_number in range(3):
            server = self.server(upstream.url)
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                def submit(number, server=server, round_number=round_number):
                    key = f"{round_number}-{number}"
                    try:
                        return key, server.submit(f"load {key}", request_id=key, timeout=10).submission.task_id
                    except (grpc.RpcError, ValueError):
                        return key, None

                futures = [pool.submit(submit, n) for n in range(400)]
                wait_until(lambda: sum(f.done() for f in futures) > 150, "half of the load")
                server.process.kill()
                acknowledged.update({k: t for k, t in (f.result() for f in futures) if t})
        server = self.server(upstream.url)
        self.assertGreater(len(acknowledged), 300)
        for key, task_id in acknowledged.items():
            self.assertEqual(server.get(request_id=key).task_id, task_id)
        self.audit(server, upstream)

    def audit(self, server, upstream):
        """DESIGN's audit: bodies <= posts; min <= accepted <= max; every accepted task is known or held as unknown."""
        token, charges_min, charges_max, posts, unknown = "", 0, 0, 0, 0
        while True:
            page = server.api.ListSubmissions(api.ListSubmissionsRequest(page_size=1000, page_token=token))
            for s in page.submissions:
                charges_min += s.charges_min
                charges_max += s.charges_max
                posts += s.upstream_posts_sent
                unknown += s.state == Submission.STATE_OUTCOME_UNKNOWN
            token = page.next_page_token
            if not token:
                break
        stats = upstream.stats()
        self.assertLessEqual(stats["bodies_complete"], posts)
        self.assertLessEqual(charges_min, stats["accepted"])
        self.assertLessEqual(stats["accepted"], charges_max)
        self.assertLessEqual(stats["accepted"] - charges_min, unknown)

    def test_sigterm_lets_posts_finish_and_answers_who_waits(self):
        upstream = self.simulator()
        upstream.rules({"latency_ms": 800})
        server = self.server(upstream.url)
        call = server.api.SubmitGeneration.future(
            api.SubmitGenerationRequest(spec={"prompt": "draining"}, request_id="draining"))
        wait_until(lambda: upstream.stats()["bodies_complete"] == 1, "the POST")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(call.result().submission.state, Submission.STATE_DISPATCHING)
        server = self.server(upstream.url)
        record = server.get(request_id="draining")
        self.assertEqual(record.state, Submission.STATE_SUBMITTED)
        self.assertTrue(record.task_id)

    def test_during_the_drain_delay_it_serves_but_says_that_it_is_not_serving(self):
        server = self.server(self.simulator().url, "--drain_delay=60s")
        server.process.signal(signal.SIGTERM)

        def status():
            return server.admin.GetServiceStatus(admin.GetServiceStatusRequest(), timeout=10)

        wait_until(lambda: not status().ready, "not ready")
        self.assertEqual(status().not_ready_reason, "this server is shutting down")
        self.assertEqual(server.submit("late").submission.state, Submission.STATE_SUBMITTED)


if __name__ == "__main__":
    main()
