"""The one place that decides whether and when a call is attempted again."""

from __future__ import annotations

import random
from typing import Optional

from genledger.errors import GenledgerError
from genledger.options import RetryOptions


def delay_after(options: RetryOptions, error: GenledgerError, seconds_left: float) -> Optional[float]:
    """Seconds until the next attempt; None: there is none. `error.attempts` counts those made."""
    if not error.retryable or error.attempts >= options.attempts_max:
        return None
    if error.pushback is not None:
        delay = error.pushback.total_seconds()
    else:
        backoff = min(options.backoff_base_seconds * 2 ** min(error.attempts - 1, 30), options.backoff_max_seconds)
        floor = error.retry_delay.total_seconds() if error.retry_delay is not None else 0.0
        delay = max(backoff * random.random(), floor)
    return delay if delay < seconds_left else None
