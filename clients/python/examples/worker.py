#!/usr/bin/env python3
"""A worker that may be killed at any time: worker.py JOBS [SERVER].

JOBS is a file of lines such as {"job": "order-17", "spec": {"prompt": "a dolphin"}}. Each job's request_id is made of its
name, so the ledger knows what was done: the worker keeps no state, and started again it submits every job again and
pays for none of them twice. Prints one JSON line for each job.
"""

import json
import sys
import time
from typing import Any, Dict, Mapping

import genledger


def submit_until_answered(client: genledger.Client, job: Mapping[str, Any]) -> genledger.Submission:
    """Repeats, with the same request_id, for as long as the answer is "not now"."""
    while True:
        try:
            result = client.submit(job["spec"], request_id=f"example-worker:{job['job']}", labels={"job": job["job"]})
            return client.wait(result.submission.id)
        except (genledger.UnavailableError, genledger.LimitError, genledger.DeadlineExceededError) as error:
            delay = error.retry_after.total_seconds() if error.retry_after else 1.0
            print(f"{job['job']}: {error}; again in {delay:.0f} s", file=sys.stderr)
            time.sleep(delay)


def run(client: genledger.Client, job: Mapping[str, Any]) -> Dict[str, Any]:
    """What became of one job."""
    try:
        submission = submit_until_answered(client, job)
    except genledger.OutcomeUnknownError as error:
        # It may have been charged: an operator finds out. Submitting it under a new request_id might pay twice.
        return {"job": job["job"], "error": error.reason, "submission": error.submission_id}
    except genledger.GenledgerError as error:
        return {"job": job["job"], "error": error.reason or error.code.name, "message": error.message}
    return {"job": job["job"], "state": genledger.state_name(submission), "task_id": submission.task_id}


def main() -> None:
    """All jobs, in their order."""
    path, *server = sys.argv[1:]
    with open(path, encoding="utf-8") as jobs, genledger.Client(*server) as client:
        for line in jobs:
            print(json.dumps(run(client, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
