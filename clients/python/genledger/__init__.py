"""Client of Genledger, the ledger for paid generations.

`Client` blocks, `AsyncClient` is for asyncio; both offer the same calls. Messages are the generated protobuf classes of
genledger.v1, errors are exceptions named after what happened (`errors`).
"""

from genledger.aio import AsyncClient
from genledger.client import Client
from genledger.errors import (
    AuthError,
    DeadlineExceededError,
    GenledgerError,
    InvalidRequestError,
    LimitError,
    NotFoundError,
    OutcomeUnknownError,
    RequestIdError,
    StateConflictError,
    SubmissionCancelledError,
    UnavailableError,
    UpstreamAccountError,
    UpstreamRefusedError,
    Violation,
)
from genledger.options import ClientOptions, RetryOptions
from genledger.requests import new_request_id
from genledger.results import SubmitResult, is_settled, state_name
from genledger.v1.admin_service_pb2 import BulkResolveSubmissionsResponse, Resolution, ServiceStatus
from genledger.v1.generation_pb2 import GenerationSpec, Model, Submission, SubmissionEvent
from genledger.v1.generation_service_pb2 import (
    CancelSubmissionResponse,
    ListSubmissionsResponse,
    SubmitGenerationResponse,
)

__all__ = [
    "AsyncClient",
    "AuthError",
    "BulkResolveSubmissionsResponse",
    "CancelSubmissionResponse",
    "Client",
    "ClientOptions",
    "DeadlineExceededError",
    "GenerationSpec",
    "GenledgerError",
    "InvalidRequestError",
    "LimitError",
    "ListSubmissionsResponse",
    "Model",
    "NotFoundError",
    "OutcomeUnknownError",
    "RequestIdError",
    "Resolution",
    "RetryOptions",
    "ServiceStatus",
    "StateConflictError",
    "Submission",
    "SubmissionCancelledError",
    "SubmissionEvent",
    "SubmitGenerationResponse",
    "SubmitResult",
    "UnavailableError",
    "UpstreamAccountError",
    "UpstreamRefusedError",
    "Violation",
    "is_settled",
    "new_request_id",
    "state_name",
]
