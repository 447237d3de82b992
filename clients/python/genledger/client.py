"""The blocking client."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence, Type

import grpc

from genledger import requests
from genledger.channel import call_metadata, open_channel
from genledger.errors import GenledgerError, error_from_rpc
from genledger.options import ClientOptions
from genledger.requests import AmbiguityPolicy, DedupeMode, Seconds, Spec, View
from genledger.results import SubmitResult, is_settled, submit_result
from genledger.retry import delay_after
from genledger.v1 import admin_service_pb2 as admin
from genledger.v1 import admin_service_pb2_grpc as admin_grpc
from genledger.v1 import generation_service_pb2 as api
from genledger.v1 import generation_service_pb2_grpc as api_grpc
from genledger.v1.generation_pb2 import Model, Submission
from genledger.watch import WaitProgress, WatchNews, WatchProgress


class Client:
    """Every call blocks until it has its answer, has a deadline, and retries UNAVAILABLE and nothing else.

    `timeout` of a call replaces ClientOptions.timeout_seconds for it. Errors are those of `errors`; of every call:
    UnavailableError (nobody answered), DeadlineExceededError (no answer in time), AuthError. A ValueError is a mistake
    in the arguments: nothing was sent. Thread safe; not to be used on both sides of a fork.
    """

    def __init__(self, server: Optional[str] = None, *, options: Optional[ClientOptions] = None) -> None:
        """Does not connect yet. ValueError, OSError: the options, see `channel.open_channel`."""
        self._options = requests.options_with_server(options, server)
        self._channel = open_channel(self._options, grpc)
        self._generations = api_grpc.GenerationServiceStub(self._channel)
        self._admin = admin_grpc.AdminServiceStub(self._channel)

    def close(self) -> None:
        """Ends the connections; calls under way fail."""
        self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def submit(self, spec: Spec, *, request_id: Optional[str] = None, variation: str = "",
               dedupe_mode: Optional[DedupeMode] = None, dedupe_window: Optional[Seconds] = None,
               ambiguity_policy: Optional[AmbiguityPolicy] = None, wait: Optional[Seconds] = None,
               submit_within: Optional[Seconds] = None, labels: Optional[Mapping[str, str]] = None,
               timeout: Optional[float] = None) -> SubmitResult:
        """Submits, or answers for the submission that is already there; waits `wait` (20 s) for the outcome.

        Without a request_id one is made, once, before the first attempt: the result and every error carry it, and a
        repeat with it never pays twice. A worker that may crash makes its own, and keeps it with the work. "" sends
        none: then only equal content is recognised. The answer may still lack a task_id: see `wait`.
        """
        if request_id is None:
            request_id = requests.new_request_id()
        request = requests.submit_request(
            spec, request_id=request_id, variation=variation, dedupe_mode=dedupe_mode, dedupe_window=dedupe_window,
            ambiguity_policy=ambiguity_policy, wait=wait, submit_within=submit_within, labels=labels)
        try:
            response = self._call(self._generations.SubmitGeneration, request, timeout,
                                  requests.granted_wait(wait, requests.SUBMIT_WAIT_DEFAULT_SECONDS))
        except GenledgerError as error:
            error.request_id = request_id
            raise
        return submit_result(response, request_id)

    def preview(self, spec: Spec, *, request_id: str = "", variation: str = "",
                dedupe_mode: Optional[DedupeMode] = None, dedupe_window: Optional[Seconds] = None,
                labels: Optional[Mapping[str, str]] = None,
                timeout: Optional[float] = None) -> api.SubmitGenerationResponse.Preview:
        """Runs every check, writes and sends nothing: the canonical spec, its hash, and what a submit would do now."""
        request = requests.submit_request(spec, request_id=request_id, variation=variation, dedupe_mode=dedupe_mode,
                                          dedupe_window=dedupe_window, labels=labels, validate_only=True)
        return self._call(self._generations.SubmitGeneration, request, timeout).preview

    def get(self, id: Optional[str] = None, *, request_id: Optional[str] = None, task_id: Optional[str] = None,
            view: Optional[View] = None, wait_for_revision_after: int = 0, wait: Optional[Seconds] = None,
            tenant: str = "", timeout: Optional[float] = None) -> Submission:
        """One submission; with `wait` a long poll for a greater revision. NotFoundError."""
        request = requests.get_request(id=id, request_id=request_id, task_id=task_id, view=view,
                                       wait_for_revision_after=wait_for_revision_after, wait=wait, tenant=tenant)
        return self._call(self._generations.GetSubmission, request, timeout, requests.granted_wait(wait))

    def wait(self, id: Optional[str] = None, *, request_id: Optional[str] = None, tenant: str = "",
             timeout: float = 900.0) -> Submission:
        """The submission once it is settled (`is_settled`): look at its state.

        Goes on while a server is away or replaced (ClientOptions.reconnect_max_seconds). DeadlineExceededError: not
        settled within `timeout` seconds. NotFoundError.
        """
        progress = WaitProgress(self._options, timeout)
        revision = 0
        while True:
            poll = progress.next_poll_seconds()
            try:
                submission = self.get(id, request_id=request_id, tenant=tenant, wait_for_revision_after=revision,
                                      wait=poll if revision else None)
            except GenledgerError as error:
                time.sleep(progress.after_failure(error))
                continue
            if is_settled(submission):
                return submission
            progress.heard()
            revision = submission.revision

    def batch_get(self, ids: Iterable[str], *, view: Optional[View] = None, tenant: str = "",
                  timeout: Optional[float] = None) -> Sequence[Submission]:
        """At most 100, in the order of `ids`. NotFoundError: one of them is missing."""
        request = requests.batch_get_request(ids, view, tenant)
        return self._call(self._generations.BatchGetSubmissions, request, timeout).submissions

    def list(self, filter: str = "", *, order_by: str = "", view: Optional[View] = None, tenant: str = "",
             page_size: int = 0, timeout: Optional[float] = None) -> Iterator[Submission]:
        """Every submission that `filter` lets through, newest first unless `order_by` says else; pages come as they
        are needed. `timeout` is that of a page."""
        for page in self.list_pages(filter, order_by=order_by, view=view, tenant=tenant, page_size=page_size,
                                    timeout=timeout):
            yield from page.submissions

    def list_pages(self, filter: str = "", *, order_by: str = "", view: Optional[View] = None, tenant: str = "",
                   page_size: int = 0, page_token: str = "",
                   timeout: Optional[float] = None) -> Iterator[api.ListSubmissionsResponse]:
        """The pages of `list` from `page_token` on. A page may be empty and still not be the last."""
        request = api.ListSubmissionsRequest(filter=filter, order_by=order_by, view=requests.view_value(view),
                                             tenant=tenant, page_size=page_size, page_token=page_token)
        while True:
            page = self._call(self._generations.ListSubmissions, request, timeout)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def watch(self, id: Optional[str] = None, *, request_id: Optional[str] = None, after_revision: int = 0,
              tenant: str = "") -> Iterator[WatchNews]:
        """A snapshot (Submission), then every later SubmissionEvent in revision order, each once and without a gap,
        until the submission has ended. Goes on by itself where a stream broke, fell silent or was ended by a server
        that drains. Close the iterator to end it sooner. NotFoundError."""
        request = requests.watch_request(id=id, request_id=request_id, after_revision=after_revision, tenant=tenant)
        return self._watch(WatchProgress(request, self._options))

    def _watch(self, progress: WatchProgress) -> Iterator[WatchNews]:
        while True:
            progress.begin_stream()
            call = self._generations.WatchSubmission(progress.request, metadata=call_metadata(self._options))
            silent = threading.Event()
            try:
                while True:
                    message = _next_message(call, progress.silence_max_seconds, silent)
                    if message is None:
                        delay = progress.after_end()
                        break
                    news = progress.take(message)
                    if news is not None:
                        yield news
            except grpc.RpcError as error:
                delay = progress.after_silence() if silent.is_set() else progress.after_failure(error_from_rpc(error))
            finally:
                call.cancel()
            if delay is None:
                return
            time.sleep(delay)

    def cancel(self, id: Optional[str] = None, *, request_id: Optional[str] = None, etag: str = "", tenant: str = "",
               timeout: Optional[float] = None) -> api.CancelSubmissionResponse:
        """By id for everybody, by request_id withdraws that one; `outcome` says what became of it. A repeat answers for
        the first. NotFoundError; StateConflictError: the etag is old."""
        request = requests.cancel_request(id=id, request_id=request_id, etag=etag, tenant=tenant)
        return self._call(self._generations.CancelSubmission, request, timeout)

    def release_dedupe(self, id: str, *, etag: str = "", tenant: str = "",
                       timeout: Optional[float] = None) -> Submission:
        """Lets the content of a SUBMITTED submission be submitted again. NotFoundError; StateConflictError."""
        request = api.ReleaseDedupeRequest(id=id, etag=etag, tenant=tenant)
        return self._call(self._generations.ReleaseDedupe, request, timeout)

    def list_models(self, *, timeout: Optional[float] = None) -> Sequence[Model]:
        """What each model accepts."""
        return self._call(self._generations.ListModels, api.ListModelsRequest(), timeout).models

    def resolve(self, id: str, *, note: str, adopt_task_id: Optional[str] = None, declare_not_accepted: bool = False,
                abandon: bool = False, attempt: int = 0, etag: str = "", tenant: str = "",
                timeout: Optional[float] = None) -> Submission:
        """Operators: settles OUTCOME_UNKNOWN (or corrects ABANDONED) by evidence. NotFoundError; StateConflictError."""
        resolution = requests.resolution(note=note, adopt_task_id=adopt_task_id, abandon=abandon,
                                         declare_not_accepted=declare_not_accepted)
        request = admin.ResolveSubmissionRequest(id=id, tenant=tenant, etag=etag, resolution=resolution,
                                                 attempt=attempt)
        return self._call(self._admin.ResolveSubmission, request, timeout)

    def bulk_resolve(self, filter: str, *, note: str, declare_not_accepted: bool = False, abandon: bool = False,
                     dry_run: bool = True, tenant: str = "",
                     timeout: Optional[float] = None) -> admin.BulkResolveSubmissionsResponse:
        """Operators: settles all OUTCOME_UNKNOWN that `filter` names; with `dry_run`, the default, only counts and
        shows them. After an error some may be settled; a repeat settles the others."""
        resolution = requests.resolution(note=note, adopt_task_id=None, abandon=abandon,
                                         declare_not_accepted=declare_not_accepted)
        request = admin.BulkResolveSubmissionsRequest(tenant=tenant, filter=filter, resolution=resolution,
                                                      dry_run=dry_run)
        return self._call(self._admin.BulkResolveSubmissions, request, timeout)

    def retry(self, id: str, *, note: str, etag: str = "", tenant: str = "",
              timeout: Optional[float] = None) -> Submission:
        """Operators: starts a new run of a FAILED or CANCELLED submission. NotFoundError; StateConflictError."""
        request = admin.RetrySubmissionRequest(id=id, tenant=tenant, etag=etag, note=note)
        return self._call(self._admin.RetrySubmission, request, timeout)

    def service_status(self, *, timeout: Optional[float] = None) -> admin.ServiceStatus:
        """Operators: what the replica that answers is doing."""
        return self._call(self._admin.GetServiceStatus, admin.GetServiceStatusRequest(), timeout)

    def _call(self, rpc: Any, request: Any, timeout: Optional[float], wait: float = 0.0) -> Any:
        """One unary call with credentials, one deadline for all attempts, and retries."""
        deadline = time.monotonic() + (self._options.timeout_seconds if timeout is None else timeout) + wait
        attempts = 0
        while True:
            metadata = call_metadata(self._options)
            attempts += 1
            try:
                return rpc(request, metadata=metadata, timeout=max(deadline - time.monotonic(), 0.001))
            except grpc.RpcError as error:
                failure = error_from_rpc(error)
            failure.attempts = attempts
            delay = delay_after(self._options.retry, failure, deadline - time.monotonic())
            if delay is None:
                raise failure
            time.sleep(delay)


def _next_message(call: Any, silence_max_seconds: float,
                  silent: threading.Event) -> Optional[api.WatchSubmissionResponse]:
    """The stream's next message; None at its end. Silence cancels the call, and sets `silent` first."""

    def cancel() -> None:
        silent.set()
        call.cancel()

    guard = threading.Timer(silence_max_seconds, cancel)
    guard.daemon = True
    guard.start()
    try:
        message: api.WatchSubmissionResponse = next(call)
        return message
    except StopIteration:
        return None
    finally:
        guard.cancel()
