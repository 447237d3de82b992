"""Results that are more than one message, and what can be read off a submission."""

from __future__ import annotations

import dataclasses

from genledger.v1.generation_pb2 import Submission
from genledger.v1.generation_service_pb2 import SubmitGenerationResponse


@dataclasses.dataclass(frozen=True)
class SubmitResult:
    """The answer of `submit`: the submission is PENDING, DISPATCHING or SUBMITTED."""

    submission: Submission
    # "CREATED", "JOINED" (the same content), "REPLAYED" (the same request_id) or "REOPENED" (it failed before).
    dedupe: str
    # The one that was sent, minted or not; empty: none was.
    request_id: str

    @property
    def task_id(self) -> str:
        """The upstream's id; empty while it is still on its way (see `wait`)."""
        return self.submission.task_id


def submit_result(response: SubmitGenerationResponse, request_id: str) -> SubmitResult:
    """What the client makes of the answer."""
    dedupe = SubmitGenerationResponse.Dedupe.Name(response.dedupe).removeprefix("DEDUPE_")
    return SubmitResult(submission=response.submission, dedupe=dedupe, request_id=request_id)


def state_name(submission: Submission) -> str:
    """"SUBMITTED" and so on; "STATE_99" for a number that this version does not know."""
    try:
        return Submission.State.Name(submission.state).removeprefix("STATE_")
    except ValueError:
        return f"STATE_{int(submission.state)}"


def is_settled(submission: Submission) -> bool:
    """Whether waiting is over: ended, accepted, or unknown without a policy that will act."""
    if submission.state == Submission.STATE_OUTCOME_UNKNOWN:
        return not submission.HasField("next_attempt_time")
    return submission.state not in (Submission.STATE_PENDING, Submission.STATE_DISPATCHING)
