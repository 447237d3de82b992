"""What a failed call raises: one class per family of reasons, all of them a `GenledgerError`."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any, Mapping, Optional, Type

import grpc
from google.rpc import error_details_pb2, status_pb2

_DOMAIN = "genledger"
_PUSHBACK = "grpc-retry-pushback-ms"
_DETAILS = "grpc-status-details-bin"


@dataclasses.dataclass(frozen=True)
class Violation:
    """One fault of a request. `field` is empty in the closing "and N more"."""

    field: str
    description: str


class GenledgerError(Exception):
    """A call that failed. Raised itself only for codes and reasons that this version does not know.

    Texts are the server's: escape them before a terminal or a page shows them.
    """

    def __init__(self, code: grpc.StatusCode, message: str, *, reason: str = "",
                 metadata: Optional[Mapping[str, str]] = None, violations: tuple[Violation, ...] = (),
                 retry_delay: Optional[datetime.timedelta] = None,
                 pushback: Optional[datetime.timedelta] = None) -> None:
        super().__init__(f"{code.name}{f' ({reason})' if reason else ''}: {message}")
        self.code = code
        self.message = message
        # genledger.v1.ErrorReason without its prefix; empty if the answer is not a Genledger server's.
        self.reason = reason
        # Short facts: submission_id, fields, http_status, …
        self.metadata: Mapping[str, str] = dict(metadata or {})
        self.violations = violations
        self.retry_delay = retry_delay
        # What grpc-retry-pushback-ms said; negative: never retry.
        self.pushback = pushback
        # Attempts made; 0 if the call failed before anything was sent.
        self.attempts = 0
        # Of `submit`: the request_id that was sent, minted or not. A repeat with it never pays twice.
        self.request_id: Optional[str] = None

    @property
    def submission_id(self) -> Optional[str]:
        """The submission that the error is about, if there is one."""
        return self.metadata.get("submission_id")

    @property
    def retry_after(self) -> Optional[datetime.timedelta]:
        """When a repeat may do better; None: the server did not say."""
        if self.retry_delay is not None:
            return self.retry_delay
        return self.pushback if self.pushback is not None and self.pushback >= datetime.timedelta(0) else None

    @property
    def retryable(self) -> bool:
        """Whether the same call may be repeated, later, as it is: UNAVAILABLE, and the server did not say never."""
        never = self.pushback is not None and self.pushback < datetime.timedelta(0)
        return self.code is grpc.StatusCode.UNAVAILABLE and not never


class InvalidRequestError(GenledgerError):
    """A field breaks a rule; `violations` has them all, and nothing was written."""


class UpstreamRefusedError(GenledgerError):
    """The upstream refused the content: the same content is refused again."""


class RequestIdError(GenledgerError):
    """The request_id names another payload, or its record is gone."""


class NotFoundError(GenledgerError):
    """There is no such submission, or it is another tenant's."""


class SubmissionCancelledError(GenledgerError):
    """The submission was cancelled; a new request_id submits it again."""


class OutcomeUnknownError(GenledgerError):
    """It may have been charged, and nobody can know (yet): never submit it again blindly."""


class StateConflictError(GenledgerError):
    """The etag is old, or the verb does not fit the submission's state."""


class UpstreamAccountError(GenledgerError):
    """The service's own account or set-up upstream is at fault: an operator must act."""


class LimitError(GenledgerError):
    """A quota, the backlog or the upstream's rate limit: later, see `retry_after`."""


class UnavailableError(GenledgerError):
    """Not now: nobody answered, or the service or the upstream could not take it. A repeat never pays twice."""


class AuthError(GenledgerError):
    """No valid credential, or one that does not allow this."""


class DeadlineExceededError(GenledgerError, TimeoutError):
    """No answer in time. The server may have done the work all the same: repeat with the same request_id."""


CLASS_OF_REASON: Mapping[str, Type[GenledgerError]] = {
    "FIELD_INVALID": InvalidRequestError,
    "REQUEST_ID_REUSED": RequestIdError,
    "REQUEST_ID_EXPIRED": RequestIdError,
    "SUBMISSION_NOT_FOUND": NotFoundError,
    "SUBMISSION_CANCELLED": SubmissionCancelledError,
    "SUBMISSION_ABANDONED": OutcomeUnknownError,
    "SUBMIT_WITHIN_EXPIRED": UnavailableError,
    "ETAG_MISMATCH": StateConflictError,
    "ILLEGAL_STATE": StateConflictError,
    "UPSTREAM_REFUSED_REQUEST": UpstreamRefusedError,
    "UPSTREAM_CREDENTIAL_INVALID": UpstreamAccountError,
    "UPSTREAM_BALANCE_EXHAUSTED": UpstreamAccountError,
    "UPSTREAM_FORBIDDEN": UpstreamAccountError,
    "UPSTREAM_MISCONFIGURED": UpstreamAccountError,
    "UPSTREAM_RATE_LIMITED": LimitError,
    "UPSTREAM_UNAVAILABLE": UnavailableError,
    "UPSTREAM_OUTCOME_UNKNOWN": OutcomeUnknownError,
    "TENANT_QUOTA_EXCEEDED": LimitError,
    "BACKLOG_FULL": LimitError,
    "STORE_UNAVAILABLE": UnavailableError,
    "SHUTTING_DOWN": UnavailableError,
    "UNAUTHENTICATED": AuthError,
    "PERMISSION_DENIED": AuthError,
}

# For answers without a reason of ours: nobody listens, a proxy answered, the client gave up.
_CLASS_OF_CODE: Mapping[grpc.StatusCode, Type[GenledgerError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequestError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.UNAUTHENTICATED: AuthError,
    grpc.StatusCode.PERMISSION_DENIED: AuthError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: LimitError,
}


def make_error(code: grpc.StatusCode, message: str, reason: str = "", **details: Any) -> GenledgerError:
    """The exception for a code and, if there is one, a reason."""
    family = CLASS_OF_REASON.get(reason, _CLASS_OF_CODE.get(code, GenledgerError))
    return family(code, message, reason=reason, **details)


def _pushback_from_text(text: str) -> datetime.timedelta:
    """A value that is no number means "never", as a negative one does."""
    if text.isascii() and text.isdigit():
        return datetime.timedelta(milliseconds=min(int(text), 10**12))
    return datetime.timedelta(milliseconds=-1)


def _decode_details(serialized: bytes) -> dict[str, Any]:
    """What the google.rpc details say; what is not a google.rpc.Status says nothing."""
    found: dict[str, Any] = {}
    try:
        details = status_pb2.Status.FromString(serialized).details
    except Exception:  # pylint: disable=broad-except  # protobuf's DecodeError differs between its implementations
        return found
    for detail in details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(info) and info.domain == _DOMAIN:
            found["reason"], found["metadata"] = info.reason, dict(info.metadata)
        elif detail.Unpack(bad):
            found["violations"] = tuple(Violation(v.field, v.description) for v in bad.field_violations)
        elif detail.Unpack(retry):
            found["retry_delay"] = retry.retry_delay.ToTimedelta()
    return found


def error_from_rpc(error: grpc.RpcError) -> GenledgerError:
    """Decodes what a stub raised, synchronous or asyncio."""
    details: dict[str, Any] = {}
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS:
            details.update(_decode_details(value))
        elif key == _PUSHBACK:
            details["pushback"] = _pushback_from_text(value)
    if error.code() is grpc.StatusCode.CANCELLED:
        # Nobody here has cancelled it: a server that shuts down resets what is still open.
        return make_error(grpc.StatusCode.UNAVAILABLE, "the call was reset")
    return make_error(error.code(), error.details() or "", **details)
