#!/usr/bin/env python3
"""Submits one generation and waits for its task_id: submit.py PROMPT [SERVER]."""

import sys

import genledger


def main() -> int:
    """Prints the submission's id and what became of it."""
    prompt, *server = sys.argv[1:]
    with genledger.Client(*server) as client:
        try:
            result = client.submit({"prompt": prompt, "aspect_ratio": "16:9"})
            submission = client.wait(result.submission.id)
        except genledger.InvalidRequestError as error:
            for violation in error.violations:
                print(f"{violation.field}: {violation.description}", file=sys.stderr)
            return 1
        except genledger.GenledgerError as error:
            # The same request_id again is answered for the same submission: it never pays twice.
            print(f"{error} (request_id {error.request_id})", file=sys.stderr)
            return 1
    print(submission.id, genledger.state_name(submission), submission.task_id, result.dedupe)
    return 0


if __name__ == "__main__":
    sys.exit(main())
