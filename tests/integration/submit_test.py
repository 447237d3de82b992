"""The main job: a submission recorded once, its repeats answered from the ledger."""

import concurrent.futures
import threading
import time

import grpc

from harness import EXAMPLE, Case, Submission, api, main, resources, wait_until

CREATED, JOINED, REPLAYED = 1, 2, 3


class SubmitTest(Case):
    def test_the_pages_example_and_its_twin_make_one_post(self):
        upstream = self.simulator()
        server = self.server(upstream.url)
        first = server.submit(spec=EXAMPLE)
        twin = server.submit(spec=EXAMPLE)
        self.assertEqual(first.submission.state, Submission.STATE_SUBMITTED)
        self.assertTrue(first.submission.task_id.startswith("task_"))
        self.assertEqual(first.dedupe, CREATED)
        self.assertEqual(twin.dedupe, JOINED)
        self.assertEqual(twin.submission.task_id, first.submission.task_id)
        self.assertEqual(twin.submission.id, first.submission.id)
        self.assertEqual((first.submission.upstream_posts_sent, first.submission.charges_min,
                          first.submission.charges_max), (1, 1, 1))
        self.assertEqual(upstream.stats()["posts_received"], 1)

    def test_fifty_concurrent_identical_submissions_make_one_post(self):
        upstream = self.simulator("--latency=300ms")
        server = self.server(upstream.url)
        start = threading.Barrier(50)

        def submit(number):
            start.wait()
            fields = {"request_id": f"worker-{number}"} if number % 2 else {}
            return server.submit(spec=EXAMPLE, **fields)

        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(submit, range(50)))
        self.assertEqual(len({a.submission.task_id for a in answers}), 1)
        self.assertEqual({a.submission.state for a in answers}, {Submission.STATE_SUBMITTED})
        self.assertEqual(sorted({a.dedupe for a in answers}), [CREATED, JOINED])
        self.assertEqual(sum(a.dedupe == CREATED for a in answers), 1)
        self.assertEqual(upstream.stats()["posts_received"], 1)
        for number in range(1, 50, 2):
            self.assertEqual(server.get(request_id=f"worker-{number}").id, answers[0].submission.id)

    def test_a_request_id_is_replayed_and_never_reused(self):
        upstream = self.simulator()
        server = self.server(upstream.url)
        first = server.submit("one", request_id="job-1")
        again = server.submit("one", request_id="job-1")
        self.assertEqual(again.dedupe, REPLAYED)
        self.assertEqual(again.submission.id, first.submission.id)
        with self.assert_error(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED") as error:
            server.submit("two", request_id="job-1")
        self.assertEqual(error["metadata"]["fields"], "spec.prompt")
        self.assertEqual(error["metadata"]["submission_id"], first.submission.id)
        self.assertEqual(error["pushback"], "-1")
        self.assertEqual(upstream.stats()["posts_received"], 1)

    def test_variation_and_request_id_only_are_other_videos(self):
        upstream = self.simulator()
        server = self.server(upstream.url)
        ids = {server.submit("same").submission.id, server.submit("same", variation="2").submission.id}
        for number in range(2):
            ids.add(server.submit("same", request_id=f"r{number}", dedupe_mode=2).submission.id)
        self.assertEqual(len(ids), 4)
        self.assertEqual(upstream.stats()["posts_received"], 4)

    def test_bad_input_lists_every_violation_and_writes_nothing(self):
        upstream = self.simulator()
        server = self.server(upstream.url)
        with self.assert_error(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID") as error:
            server.submit(spec={"duration": 5, "model": "veo3.1-quality", "generation_type": "reference"},
                          variation="x" * 129)
        self.assertEqual(error["violations"], ["spec.prompt", "spec.duration", "spec.generation_type",
                                               "spec.image_urls", "variation"])
        self.assertEqual(error["domain"], "genledger")
        self.assertEqual(len(server.api.ListSubmissions(api.ListSubmissionsRequest()).submissions), 0)
        self.assertEqual(upstream.stats()["posts_received"], 0)

    def test_an_unknown_field_inside_the_spec_is_refused(self):
        server = self.server(self.simulator().url)
        spec = resources.GenerationSpec.FromString(
            resources.GenerationSpec(prompt="p").SerializeToString() + b"\x98\x06\x01")  # field 99
        with self.assert_error(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID") as error:
            server.submit(spec=spec)
        self.assertEqual(error["violations"], ["spec"])

    def test_validate_only_previews_and_writes_nothing(self):
        upstream = self.simulator()
        server = self.server(upstream.url)
        preview = server.submit("  trimmed ", validate_only=True).preview
        self.assertEqual(preview.canonical_spec.prompt, "trimmed")
        self.assertEqual(preview.would, CREATED)
        self.assertEqual(upstream.stats()["posts_received"], 0)
        created = server.submit("trimmed").submission
        self.assertEqual(created.request_hash, preview.request_hash)
        again = server.submit("trimmed", validate_only=True).preview
        self.assertEqual((again.would, again.submission_id), (JOINED, created.id))

    def test_wait_ends_with_the_state_as_it_is(self):
        upstream = self.simulator()
        upstream.rules({"latency_ms": 1500})
        server = self.server(upstream.url)
        at_once = server.submit("slow", wait=0)
        self.assertEqual(at_once.submission.state, Submission.STATE_DISPATCHING)
        self.assertEqual(at_once.submission.task_id, "")
        joined = server.submit("slow", wait=20)
        self.assertEqual(joined.dedupe, JOINED)
        self.assertEqual(joined.submission.state, Submission.STATE_SUBMITTED)
        self.assertEqual(upstream.stats()["posts_received"], 1)

    def test_the_answer_comes_before_the_callers_deadline(self):
        upstream = self.simulator()
        upstream.rules({"do": "hold"})
        server = self.server(upstream.url)
        answer = server.submit("held", timeout=1.5)
        self.assertEqual(answer.submission.state, Submission.STATE_DISPATCHING)

    def test_a_caller_that_hangs_up_changes_nothing(self):
        upstream = self.simulator()
        upstream.rules({"latency_ms": 700})
        server = self.server(upstream.url)
        call = server.api.SubmitGeneration.future(
            api.SubmitGenerationRequest(spec={"prompt": "gone"}, request_id="gone"))
        wait_until(lambda: upstream.stats()["posts_received"] == 1, "the POST")
        call.cancel()
        submission = wait_until(
            lambda: (s := server.get(request_id="gone")).state == Submission.STATE_SUBMITTED and s, "SUBMITTED")
        self.assertTrue(submission.task_id)

    def test_long_poll_answers_at_the_next_revision(self):
        upstream = self.simulator()
        upstream.rules({"latency_ms": 500})
        server = self.server(upstream.url)
        first = server.submit("poll", wait=0).submission
        request = api.GetSubmissionRequest(id=first.id, wait_for_revision_after=first.revision)
        request.wait.FromSeconds(20)
        started = time.monotonic()
        later = server.api.GetSubmission(request, timeout=30)
        self.assertEqual(later.state, Submission.STATE_SUBMITTED)
        self.assertEqual(len(later.attempts), 1)
        self.assertLess(time.monotonic() - started, 15)

    def test_reads_by_every_key_batches_and_pages(self):
        server = self.server(self.simulator().url)
        made = [server.submit(f"video {n}", request_id=f"r{n}", labels={"n": str(n)}).submission for n in range(7)]
        for submission in made:
            self.assertEqual(server.get(task_id=submission.task_id).id, submission.id)
            self.assertEqual(server.get(id=submission.id).labels["n"], submission.labels["n"])
        ids = [made[3].id, made[1].id, made[3].id]
        batch = server.api.BatchGetSubmissions(api.BatchGetSubmissionsRequest(ids=ids))
        self.assertEqual([s.id for s in batch.submissions], ids)
        with self.assert_error(grpc.StatusCode.NOT_FOUND, "SUBMISSION_NOT_FOUND"):
            server.api.BatchGetSubmissions(api.BatchGetSubmissionsRequest(ids=[ids[0], "sub_" + "0" * 26]))
        with self.assert_error(grpc.StatusCode.NOT_FOUND, "SUBMISSION_NOT_FOUND"):
            server.get(task_id="task_unknown")
        seen, token = [], ""
        while True:
            page = server.api.ListSubmissions(api.ListSubmissionsRequest(page_size=3, page_token=token))
            self.assertLessEqual(len(page.submissions), 3)
            seen += [s.id for s in page.submissions]
            token = page.next_page_token
            if not token:
                break
        self.assertEqual(seen, [s.id for s in reversed(made)])
        with self.assert_error(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"):
            server.api.ListSubmissions(api.ListSubmissionsRequest(page_token="garbage"))

    def test_models(self):
        server = self.server(self.simulator().url)
        models = {m.name: m for m in server.api.ListModels(api.ListModelsRequest()).models}
        self.assertEqual(sorted(models), ["veo3.1-fast", "veo3.1-lite", "veo3.1-quality"])
        self.assertEqual(list(models["veo3.1-quality"].generation_types), ["frame"])
        self.assertEqual(models["veo3.1-lite"].image_urls_max, 0)


if __name__ == "__main__":
    main()
