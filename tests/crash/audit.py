"""Compares a settled ledger with what the upstream and the callers saw (DESIGN.md section 3)."""

import collections
import dataclasses
import json
import sqlite3

from harness import Submission, resources

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
Attempt = resources.Attempt
UNKNOWN_OR_ABANDONED = (Submission.STATE_OUTCOME_UNKNOWN, Submission.STATE_ABANDONED)
# Faults that are told; the rest is counted.
FAULTS_SHOWN = 20


@dataclasses.dataclass
class Evidence:
    """submissions: by id, with attempts. events: (state, task_id) by (submission id, revision). posts: the upstream's
    log. accepted_max: how many POSTs of a submission may have been accepted. request_ids: what they name now."""
    submissions: dict
    events: dict
    posts: list
    answers: list
    request_ids: dict
    accepted_max: object


def read_posts(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _submission_id(ulid_bytes):
    number = int.from_bytes(ulid_bytes, "big")
    return "sub_" + "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -5, -5))


def read_events(path):
    """From the file of a server that has ended; what is there must be a sound database."""
    database = sqlite3.connect(path)
    try:
        problems = database.execute("PRAGMA integrity_check").fetchall()
        assert problems == [("ok",)], problems
        rows = database.execute("SELECT s.id, e.revision, e.state, e.task_id, s.task_id FROM events e"
                                " JOIN submissions s ON s.seq = e.seq")
        return {(_submission_id(ulid), revision): (state, own if task_id == "\x01" else task_id)
                for ulid, revision, state, task_id, own in rows}
    finally:
        database.close()


def read_postgres_events(postgres, database="postgres"):
    """The same from a database of replicas."""
    rows = postgres.query("SELECT encode(e.id, 'hex'), e.revision, e.state, convert_from(e.task_id, 'UTF8') FROM events e",
                          database)
    events = {}
    for row in rows.splitlines():
        ulid, revision, state, task_id = row.split("|", 3)
        events[(_submission_id(bytes.fromhex(ulid)), int(revision))] = (int(state), task_id)
    return events


def read_postgres_request_ids(postgres):
    """Which submission each request_id names."""
    rows = postgres.query("SELECT convert_from(request_id, 'UTF8'), encode(id, 'hex') FROM request_ids")
    return {request_id: _submission_id(bytes.fromhex(ulid))
            for request_id, ulid in (row.rsplit("|", 1) for row in rows.splitlines())}


# What is kept beside the submissions, against them: (what, statement). A statement finds nothing in a sound ledger.
POSTGRES_DERIVED = (
    ("holds a hash without a row, or has one without holding", """
        SELECT s.tenant, encode(coalesce(s.id, h.id), 'hex') FROM submissions s
        FULL JOIN hash_holds h ON h.tenant = s.tenant AND h.id = s.id
        WHERE (s.id IS NOT NULL AND s.holds_hash = 1) IS DISTINCT FROM (h.id IS NOT NULL)"""),
    ("counted otherwise than there are", """
        SELECT coalesce(c.state, s.state), c.count, s.count
        FROM (SELECT tenant, account, state, sum(count) AS count FROM state_counts GROUP BY 1, 2, 3) c
        FULL JOIN (SELECT tenant, account, state, count(*) AS count FROM submissions GROUP BY 1, 2, 3) s
        USING (tenant, account, state) WHERE coalesce(c.count, 0) <> coalesce(s.count, 0)"""),
    ("named by a request_id, and not there", """
        SELECT encode(r.id, 'hex') FROM request_ids r
        WHERE NOT EXISTS (SELECT 1 FROM submissions s WHERE s.tenant = r.tenant AND s.id = r.id)"""),
)


def postgres_faults(postgres):
    for what, statement in POSTGRES_DERIVED:
        for row in postgres.query(statement).splitlines():
            yield f"{row}: {what}"


def ledger_faults(evidence):
    """Each submission against the POSTs that the upstream received for it."""
    posts = collections.defaultdict(list)
    for post in evidence.posts:
        posts[post["idempotency_key"].rpartition("-")[0]].append(post)
    for stranger in posts.keys() - evidence.submissions.keys():
        yield f"{stranger!r}: posted, and not in the ledger"
    for submission in evidence.submissions.values():
        yield from _submission_faults(submission, posts[submission.id], evidence.accepted_max(submission))


def _submission_faults(submission, posts, accepted_max):
    accepted = [post for post in posts if post["accepted"]]
    made = {task_id for post in accepted for task_id in post["task_ids"]}
    unsettled = sum(attempt.outcome == Attempt.OUTCOME_AMBIGUOUS for attempt in submission.attempts)
    known = {task_id for attempt in submission.attempts for task_id in attempt.task_ids}
    bodies = sum(post["complete"] for post in posts)
    if bodies > submission.upstream_posts_sent:
        yield f"{submission.id}: {bodies} bodies received, upstream_posts_sent {submission.upstream_posts_sent}"
    if not submission.charges_min <= len(accepted) <= submission.charges_max:
        yield (f"{submission.id}: accepted {len(accepted)}, charges from {submission.charges_min} to "
               f"{submission.charges_max}")
    if len(accepted) > accepted_max:
        yield f"{submission.id}: accepted {len(accepted)}, which nothing allowed"
    # RESUBMIT_ONCE may pay for a second task; that the first is not known stays to be seen in its attempt.
    if made - known and submission.state not in UNKNOWN_OR_ABANDONED and accepted_max == 1:
        yield f"{submission.id}: {made - known} made upstream, not in the ledger, state {submission.state}"
    if len(made - known) > unsettled:
        yield f"{submission.id}: {made - known} made upstream, not in the ledger, {unsettled} attempts unsettled"
    if known - made:
        yield f"{submission.id}: {known - made} in the ledger, never made upstream"
    if (submission.state == Submission.STATE_SUBMITTED) != bool(submission.task_id):
        yield f"{submission.id}: state {submission.state}, task_id {submission.task_id!r}"
    if submission.task_id and submission.task_id not in known:
        yield f"{submission.id}: task_id {submission.task_id} of no attempt"


def event_faults(evidence):
    """Revisions grow by one with each event."""
    last = collections.Counter()
    for submission_id, revision in evidence.events:
        last[submission_id] = max(last[submission_id], revision)
    counts = collections.Counter(submission_id for submission_id, _ in evidence.events)
    for submission in evidence.submissions.values():
        if not submission.revision == last[submission.id] == counts[submission.id]:
            yield (f"{submission.id}: revision {submission.revision}, {counts[submission.id]} events up to "
                   f"{last[submission.id]}")


def answer_faults(evidence):
    """Whatever a caller was told once is still true."""
    named = {}
    for answer in evidence.answers:
        submission = evidence.submissions.get(answer.submission_id)
        if submission is None:
            yield f"{answer}: vanished"
            continue
        if answer.revision > submission.revision:
            yield f"{answer}: the revision went back to {submission.revision}"
        elif answer.revision and evidence.events[(submission.id, answer.revision)][0] != answer.state:
            yield f"{answer}: the ledger tells another history, {evidence.events[(submission.id, answer.revision)]}"
        if answer.task_id and answer.task_id != submission.task_id:
            yield f"{answer}: the task_id became {submission.task_id!r}"
        if answer.reason == "SUBMISSION_ABANDONED" and submission.state == Submission.STATE_OUTCOME_UNKNOWN:
            yield f"{answer}: no longer abandoned"
        if answer.request_id:
            named.setdefault(answer.request_id, set()).add(submission.id)
    for request_id, ids in named.items():
        yield from _name_faults(evidence, request_id, ids)


def _name_faults(evidence, request_id, ids):
    now = evidence.request_ids.get(request_id)
    for submission_id in ids - {now}:
        # A failed one hands its request_ids over to who holds the content by now.
        if not evidence.submissions[submission_id].superseded_by:
            yield f"request_id {request_id}: named {submission_id}, names {now} now"


def assert_sound(evidence, *more_faults):
    faults = [*ledger_faults(evidence), *event_faults(evidence), *answer_faults(evidence), *more_faults]
    if faults:
        raise AssertionError("\n".join([f"{len(faults)} faults:", *faults[:FAULTS_SHOWN]]))


def totals(evidence):
    states = collections.Counter(Submission.State.Name(s.state).removeprefix("STATE_")
                                 for s in evidence.submissions.values())
    return {
        "submissions": len(evidence.submissions),
        **dict(sorted(states.items())),
        "posts received": len(evidence.posts),
        "bodies complete": sum(post["complete"] for post in evidence.posts),
        "upstream_posts_sent": sum(s.upstream_posts_sent for s in evidence.submissions.values()),
        "accepted": sum(post["accepted"] for post in evidence.posts),
        "charges_min": sum(s.charges_min for s in evidence.submissions.values()),
        "charges_max": sum(s.charges_max for s in evidence.submissions.values()),
        "answers to callers": len(evidence.answers),
    }
