"""What a watch has told, and how it goes on: the part that the blocking and the asyncio client share."""

from __future__ import annotations

import dataclasses
import sys
import time
from typing import Optional, Union

import grpc

from genledger.errors import GenledgerError, make_error
from genledger.options import ClientOptions
from genledger.retry import delay_after
from genledger.v1.generation_pb2 import Submission, SubmissionEvent
from genledger.v1.generation_service_pb2 import WatchSubmissionRequest, WatchSubmissionResponse

WatchNews = Union[Submission, SubmissionEvent]


class WatchProgress:
    """A snapshot first, then every event in revision order, each once and without a gap, over as many streams as that
    takes. The owner opens a stream with `request`, brings every message to `take`, and asks `after_end` or
    `after_failure` how to go on."""

    def __init__(self, request: WatchSubmissionRequest, options: ClientOptions) -> None:
        self.request = request
        self._options = options
        self._had_stream = False  # some stream has spoken
        self._spoke = False  # the present one has
        self._draining = False
        self._failures = 0  # in a row
        self._give_up_time = 0.0  # of the failures in a row, on the monotonic clock

    def begin_stream(self) -> None:
        """A stream is about to be opened."""
        self._spoke = False
        self._draining = False
        if self._failures == 0:
            self._give_up_time = time.monotonic() + self._options.timeout_seconds

    @property
    def silence_max_seconds(self) -> float:
        """How long the present stream may say nothing."""
        return self._options.watch_silence_max_seconds if self._spoke else self._options.timeout_seconds

    def take(self, message: WatchSubmissionResponse) -> Optional[WatchNews]:
        """What is new in a message; None: a sign of life, or told before."""
        first = not self._had_stream
        self._had_stream = self._spoke = True
        self._failures = 0
        kind = message.WhichOneof("message")
        if kind == "resume":
            self._draining = True
        elif kind == "event" and message.event.revision > self.request.after_revision:
            self.request.after_revision = message.event.revision
            return message.event
        elif kind == "snapshot" and first:
            # A later stream's snapshot is ahead of the events that follow it: it would be out of order.
            if self.request.after_revision == 0:
                self.request.after_revision = message.snapshot.revision
            return message.snapshot
        return None

    def after_end(self) -> Optional[float]:
        """The stream ended with OK. None: the submission has ended, and all was told; else seconds until the next."""
        if self._draining:
            return self.after_failure(make_error(grpc.StatusCode.UNAVAILABLE, "the server drains"))
        return None

    def after_silence(self) -> float:
        """The stream said nothing for too long."""
        if self._had_stream:
            return self.after_failure(make_error(grpc.StatusCode.UNAVAILABLE, "the stream fell silent"))
        return self.after_failure(make_error(grpc.StatusCode.DEADLINE_EXCEEDED, "the server did not answer in time"))

    def after_failure(self, error: GenledgerError) -> float:
        """Seconds until the next stream; raises `error` if there is to be none."""
        retry = self._options.retry
        if self._had_stream:
            retry = dataclasses.replace(retry, attempts_max=sys.maxsize)
            if self._failures == 0:
                self._give_up_time = time.monotonic() + self._options.reconnect_max_seconds
        self._failures += 1
        error.attempts = self._failures
        delay = delay_after(retry, error, self._give_up_time - time.monotonic())
        if delay is None:
            raise error
        return delay


class WaitProgress:
    """The same for `wait`: how long to ask the server to wait, and whether an error ends it."""

    # Shorter than what the server grants, so that a connection that died is noticed.
    _POLL_SECONDS = 30.0

    def __init__(self, options: ClientOptions, timeout_seconds: float) -> None:
        self._options = options
        self._deadline = time.monotonic() + timeout_seconds
        self._heard_time = time.monotonic()
        self._failures = 0

    def heard(self) -> None:
        """The server has answered."""
        self._heard_time = time.monotonic()
        self._failures = 0

    def next_poll_seconds(self) -> float:
        """How long the next poll waits. DeadlineExceededError: no time is left."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise make_error(grpc.StatusCode.DEADLINE_EXCEEDED, "it was not settled in time")
        return min(left, self._POLL_SECONDS)

    def after_failure(self, error: GenledgerError) -> float:
        """Seconds until the next poll; raises `error` if there is to be none."""
        self._failures += 1
        error.attempts = self._failures
        retry = dataclasses.replace(self._options.retry, attempts_max=sys.maxsize)
        give_up = min(self._deadline, self._heard_time + self._options.reconnect_max_seconds)
        delay = delay_after(retry, error, give_up - time.monotonic())
        if delay is None:
            raise error
        return delay
