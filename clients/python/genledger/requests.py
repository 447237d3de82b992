"""From the arguments of a call to its message; what both clients share. A ValueError is the caller's mistake."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from typing import Any, Iterable, Literal, Mapping, Optional, Union

from google.protobuf import duration_pb2, json_format

from genledger.options import ClientOptions
from genledger.v1 import admin_service_pb2 as admin
from genledger.v1 import generation_pb2 as resources
from genledger.v1 import generation_service_pb2 as api

Seconds = Union[float, datetime.timedelta]
Spec = Union[resources.GenerationSpec, Mapping[str, Any]]
DedupeMode = Literal["content", "request_id_only"]
AmbiguityPolicy = Literal["hold", "resubmit_once", "fail"]
View = Literal["basic", "full"]

# What the server waits for a submission's outcome if the request does not say, and the longest wait that it grants.
SUBMIT_WAIT_DEFAULT_SECONDS = 20.0
WAIT_MAX_SECONDS = 60.0


def new_request_id() -> str:
    """A fresh idempotency key. Make it once per wanted generation, keep it with the work, repeat with the same one."""
    return str(uuid.uuid4())


def options_with_server(options: Optional[ClientOptions], server: Optional[str]) -> ClientOptions:
    """The options that a client was made with; `server` is the short way to say the one that matters most."""
    options = options or ClientOptions()
    return options if server is None else dataclasses.replace(options, server=server)


def seconds(value: Seconds) -> float:
    """`value` as a number of seconds."""
    return value.total_seconds() if isinstance(value, datetime.timedelta) else float(value)


def _duration(value: Optional[Seconds]) -> Optional[duration_pb2.Duration]:
    if value is None:
        return None
    duration = duration_pb2.Duration()
    duration.FromTimedelta(datetime.timedelta(seconds=seconds(value)))
    return duration


def granted_wait(value: Optional[Seconds], default: float = 0.0) -> float:
    """By how much a requested wait moves the deadline; waits that the server refuses do not."""
    return default if value is None else min(max(seconds(value), 0.0), WAIT_MAX_SECONDS)


def spec_message(spec: Spec) -> resources.GenerationSpec:
    """A spec as it came, or of a mapping in the upstream's own field names. ValueError: an unknown field."""
    if isinstance(spec, resources.GenerationSpec):
        return spec
    message = resources.GenerationSpec()
    try:
        json_format.ParseDict(dict(spec), message)
    except json_format.ParseError as error:
        raise ValueError(f"spec: {error}") from error
    return message


def view_value(view: Optional[View]) -> Any:
    """None: the server's default."""
    return resources.SubmissionView.Value("SUBMISSION_VIEW_" + (view or "unspecified").upper())


def submit_request(spec: Spec, *, request_id: str, variation: str = "", dedupe_mode: Optional[DedupeMode] = None,
                   dedupe_window: Optional[Seconds] = None, ambiguity_policy: Optional[AmbiguityPolicy] = None,
                   wait: Optional[Seconds] = None, submit_within: Optional[Seconds] = None,
                   labels: Optional[Mapping[str, str]] = None,
                   validate_only: bool = False) -> api.SubmitGenerationRequest:
    """None is the server's default everywhere."""
    return api.SubmitGenerationRequest(
        spec=spec_message(spec), request_id=request_id, variation=variation,
        dedupe_mode=resources.DedupeMode.Value("DEDUPE_MODE_" + (dedupe_mode or "unspecified").upper()),
        dedupe_window=_duration(dedupe_window),
        ambiguity_policy=resources.AmbiguityPolicy.Value(
            "AMBIGUITY_POLICY_" + (ambiguity_policy or "unspecified").upper()),
        wait=_duration(wait), submit_within=_duration(submit_within), labels=labels, validate_only=validate_only)


def _one_key(**keys: Optional[str]) -> dict[str, str]:
    given = {name: value for name, value in keys.items() if value is not None}
    if len(given) != 1 or not all(given.values()):
        # An empty key is most often a variable that was never set: it must not name anything.
        raise ValueError(f"exactly one of {', '.join(keys)}, and not empty")
    return given


def get_request(*, id: Optional[str], request_id: Optional[str], task_id: Optional[str], view: Optional[View],
                wait_for_revision_after: int, wait: Optional[Seconds], tenant: str) -> api.GetSubmissionRequest:
    """By exactly one key."""
    return api.GetSubmissionRequest(
        **_one_key(id=id, request_id=request_id, task_id=task_id), view=view_value(view),
        wait_for_revision_after=wait_for_revision_after, wait=_duration(wait), tenant=tenant)


def watch_request(*, id: Optional[str], request_id: Optional[str], after_revision: int,
                  tenant: str) -> api.WatchSubmissionRequest:
    """By exactly one key."""
    return api.WatchSubmissionRequest(**_one_key(id=id, request_id=request_id), after_revision=after_revision,
                                      tenant=tenant)


def cancel_request(*, id: Optional[str], request_id: Optional[str], etag: str,
                   tenant: str) -> api.CancelSubmissionRequest:
    """By exactly one key."""
    return api.CancelSubmissionRequest(**_one_key(id=id, request_id=request_id), etag=etag, tenant=tenant)


def batch_get_request(ids: Iterable[str], view: Optional[View], tenant: str) -> api.BatchGetSubmissionsRequest:
    """In the order of `ids`."""
    return api.BatchGetSubmissionsRequest(ids=list(ids), view=view_value(view), tenant=tenant)


def resolution(*, note: str, adopt_task_id: Optional[str], declare_not_accepted: bool,
               abandon: bool) -> admin.Resolution:
    """Exactly one decision."""
    if (adopt_task_id is not None) + declare_not_accepted + abandon != 1:
        raise ValueError("exactly one of adopt_task_id, declare_not_accepted, abandon")
    message = admin.Resolution(note=note)
    if adopt_task_id is not None:
        message.adopt_task_id = adopt_task_id
    elif declare_not_accepted:
        message.declare_not_accepted.SetInParent()
    else:
        message.abandon.SetInParent()
    return message
