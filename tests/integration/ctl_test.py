"""genledgerctl against the real server and the upstream simulator: what an operator does on a bad day."""

import json
import re
import signal

from ctl_case import CTL, CtlCase
from harness import Process, Submission, main, wait_until

AMBIGUOUS = {"do": "reset", "at": "body", "accept": False}
AMBIGUOUS_ACCEPTED = {"do": "reset", "at": "body", "accept": True}
FOR_AN_HOUR = {"status": 429, "retry_after": 3600}


class CtlTest(CtlCase):
    def submit(self, prompt, *flags, code=0):
        return self.ctl("submit", f"--prompt={prompt}", "--wait=10s", "--output=json", *flags, code=code)

    def make_unknown(self, prompt, rule=None, *flags):
        """The id of a submission that is OUTCOME_UNKNOWN now; the upstream behaves again."""
        self.upstream.rules(rule or AMBIGUOUS)
        error = json.loads(self.submit(prompt, *flags, code=8))["error"]
        self.upstream.rules()
        return error["metadata"]["submission_id"]

    def make_pending(self, prompt, *flags):
        self.upstream.rules(FOR_AN_HOUR)
        submission = json.loads(self.submit(prompt, *flags, code=11))["submission"]
        self.assertEqual(submission["state"], "STATE_PENDING")
        return submission["id"]

    def watch(self, *words):
        """A watch in the background, once it has printed its first line."""
        log = self.directory / "watch.out"
        process = Process([CTL, "watch", f"--server={self.genledger.address}", *words], log)
        self.addCleanup(process.kill)
        wait_until(lambda: "\n" in process.log() or not process.running(), "the first line of the watch")
        return process

    def test_watch_prints_every_event_in_order_and_ends_when_it_is_submitted(self):
        self.upstream.rules({"when": {"count": 1}, "status": 429, "retry_after": 1})
        submission = json.loads(self.ctl("submit", "--prompt=watched", "--wait=0", "--output=json", code=11))
        submission_id = submission["submission"]["id"]
        self.ctl("watch", submission_id)
        lines = self.ctl("watch", submission_id, "--after_revision=1").splitlines()
        revisions = [int(line.split("  ")[1]) for line in lines]
        self.assertEqual(revisions, list(range(2, 2 + len(lines))))
        self.assertIn("  SUBMITTED  accepted  ", lines[-1])
        messages = [json.loads(line) for line in
                    self.ctl("watch", submission_id, "--after_revision=1", "--output=json").splitlines()]
        self.assertEqual(messages[0]["snapshot"]["id"], submission_id)
        self.assertEqual([int(message["event"]["revision"]) for message in messages[1:]], revisions)
        self.assertEqual(self.ctl("watch", submission_id, "--output=id"),
                         self.ctl("get", submission_id, "--output=id"))

    def test_watch_of_a_held_unknown_outcome_ends_at_once_and_of_a_failed_one_by_its_reason(self):
        self.assertIn("OUTCOME_UNKNOWN", self.ctl("watch", self.make_unknown("held"), code=8))
        self.upstream.rules({"status": 400, "shape": "envelope", "error_message": "no such style"})
        failed = json.loads(self.submit("refused", code=7))["error"]["metadata"]["submission_id"]
        self.ctl("watch", failed, code=7)
        self.ctl("watch", "sub_00000000000000000000000000", code=4)

    def test_watch_waits_while_a_policy_will_act(self):
        submission_id = self.make_unknown("once more", None, "--ambiguity_policy=resubmit_once")
        watch = self.watch(submission_id)
        self.assertTrue(watch.running(), watch.log())
        self.ctl("resolve", submission_id, "--adopt_task_id=task_FOUND", "--note=in the console")
        self.assertEqual(watch.wait(), 0, watch.log())
        self.assertIn("task_id=task_FOUND", watch.log())

    def test_watch_goes_on_when_the_server_is_replaced(self):
        submission_id = self.make_pending("outlives the server")
        port = self.genledger.address.rpartition(":")[2]
        watch = self.watch(submission_id)
        self.assertEqual(self.genledger.stop(), 0)
        self.genledger = self.server(self.upstream.url, f"--listen=127.0.0.1:{port}")
        self.ctl("cancel", submission_id)
        self.assertEqual(watch.wait(), 7, watch.log())
        lines = [line for line in watch.log().splitlines() if re.match(r"\d{4}-", line)]
        revisions = [int(line.split("  ")[1]) for line in lines]
        self.assertEqual(revisions, list(range(revisions[0], revisions[0] + len(lines))), watch.log())

    def test_watch_ends_when_it_is_interrupted(self):
        watch = self.watch(self.make_pending("interrupted"))
        watch.signal(signal.SIGINT)
        self.assertEqual(watch.wait(), -signal.SIGINT)

    def test_unknown_lists_what_needs_a_person_and_its_commands_settle_it(self):
        oldest = self.make_unknown("first", AMBIGUOUS_ACCEPTED)
        middle = self.make_unknown("second")
        acting = self.make_unknown("third", None, "--ambiguity_policy=resubmit_once")
        self.assertEqual(self.ctl("unknown", "--output=id").split(), [oldest, middle, acting])
        text = self.ctl("unknown")
        self.assertIn("3 unknown, 2 held for a person", text)
        self.assertIn("charges     0..1", text)
        self.assertIn("policy      RESUBMIT_ONCE: acts in 2m", text)
        self.assertIn("attempt 1, no HTTP answer: ", text)
        commands = [line.split() for line in text.splitlines() if line.startswith("  genledgerctl resolve ")]
        self.assertEqual(len(commands), 9)
        filled = [word.replace("TASK_ID", "task_X") for word in commands[0][1:]]
        self.ctl(*filled)
        self.assertEqual(self.ctl("get", oldest, "--output=id"), "task_X\n")
        self.assertEqual(self.genledger.get(id=oldest).state, Submission.STATE_SUBMITTED)
        self.ctl(*commands[4][1:])
        self.assertEqual(self.genledger.get(id=middle).state, Submission.STATE_FAILED)
        self.ctl(*commands[8][1:])
        self.assertEqual(self.genledger.get(id=acting).state, Submission.STATE_ABANDONED)
        self.assertIn("0 unknown", self.ctl("unknown"))
        self.ctl("resolve", oldest, "--abandon", "--note=twice", code=7)

    def test_cancel_withdraws_a_request_id_and_retry_reopens(self):
        submission_id = self.make_pending("two want it", "--request_id=r1")
        self.submit("two want it", "--request_id=r2", code=11)
        self.assertTrue(self.ctl("cancel", "--request_id=r2").startswith("DETACHED: "))
        self.assertTrue(self.ctl("cancel", "--request_id=r1").startswith("CANCELLED_FREE: "))
        self.assertTrue(self.ctl("cancel", submission_id).startswith("ALREADY_TERMINAL: "))
        self.ctl("watch", submission_id, code=7)
        self.upstream.rules()
        self.ctl("retry", submission_id, "--note=wanted after all")
        self.ctl("watch", submission_id)
        self.assertTrue(self.ctl("cancel", submission_id, code=7).startswith("TOO_LATE: "))
        self.ctl("retry", submission_id, "--note=again", code=7)

    def test_cancel_of_an_unknown_outcome_is_only_requested(self):
        submission_id = self.make_unknown("cancelled")
        self.assertTrue(self.ctl("cancel", submission_id, code=11).startswith("CANCEL_REQUESTED: "))
        self.ctl("resolve", submission_id, "--declare_not_accepted", "--note=not on the statement")
        self.assertEqual(self.genledger.get(id=submission_id).state, Submission.STATE_CANCELLED)

    def test_an_old_etag_changes_nothing(self):
        submission_id = self.make_unknown("etag")
        self.ctl("cancel", submission_id, '--etag="1"', code=6)
        etag = self.genledger.get(id=submission_id).etag
        self.ctl("resolve", submission_id, "--abandon", "--note=n", f"--etag={etag}")

    def test_released_content_is_submitted_again(self):
        first = json.loads(self.submit("again"))["submission"]["id"]
        self.assertEqual(json.loads(self.submit("again"))["submission"]["id"], first)
        self.ctl("release", first)
        self.assertNotEqual(json.loads(self.submit("again"))["submission"]["id"], first)
        self.ctl("release", self.make_unknown("not submitted"), code=7)

    def answer(self, *words):
        return json.loads(self.ctl(*words, "--output=json"))

    def test_waiting_shows_a_live_line_on_a_terminal(self):
        submission_id = self.make_pending("waited for")
        revision = self.genledger.get(id=submission_id).revision
        words = ("get", submission_id, f"--wait_for_revision_after={revision}", "--wait=1s")
        self.assertIn("waiting 0s", self.on_terminal(*words))
        self.assertNotIn("waiting", self.run_ctl(*words).stderr)

    def test_lists_with_attempts(self):
        self.submit("listed")
        listed = self.answer("list", "--view=full")["submissions"]
        self.assertEqual([attempt["outcome"] for attempt in listed[0]["attempts"]], ["OUTCOME_ACCEPTED"])
        self.assertEqual(self.answer("list")["submissions"][0]["attempts"], [])
        self.ctl("list", "--view=half", code=2)

    def test_status(self):
        self.make_unknown("counted")
        status = self.answer("status")
        self.assertEqual((status["ready"], status["unknown_count"]), (True, "1"))

    def test_bulk_resolve_is_shown_first_and_done_with_yes(self):
        submission_id = self.make_unknown("bulk")
        words = ("resolve", "--filter=state = OUTCOME_UNKNOWN", "--abandon", "--note=all of them")
        shown = self.answer(*words)
        self.assertEqual(self.genledger.get(id=submission_id).state, Submission.STATE_OUTCOME_UNKNOWN)
        self.assertEqual((shown["matched"], shown["sample_ids"]), ("1", [submission_id]))
        self.assertEqual(self.answer(*words, "--yes")["resolved"], "1")
        self.assertEqual(self.genledger.get(id=submission_id).state, Submission.STATE_ABANDONED)


if __name__ == "__main__":
    main()
