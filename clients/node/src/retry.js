// The one place that decides whether and when a call is attempted again.

// Milliseconds until the next attempt; undefined: there is none. `error.attempts` counts those made.
export function delayAfter(retry, error, millisLeft) {
  if (!error.retryable || error.attempts >= retry.attemptsMax) {
    return undefined;
  }
  const backoff = Math.min(retry.backoffBaseMs * 2 ** Math.min(error.attempts - 1, 30), retry.backoffMaxMs);
  const delay = error.pushbackMs ?? Math.max(backoff * Math.random(), error.retryDelayMs ?? 0);
  return delay < millisLeft ? delay : undefined;
}

// Rejects with the signal's reason as soon as it is aborted.
export function sleep(millis, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(finish, millis);
    function finish() {
      signal?.removeEventListener('abort', abort);
      resolve();
    }
    function abort() {
      clearTimeout(timer);
      reject(signal.reason);
    }
    signal?.addEventListener('abort', abort, { once: true });
  });
}
