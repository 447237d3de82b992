// What a watch has told, and how it goes on; and the same for waiting.
import { makeError } from './errors.js';
import { readable } from './results.js';
import { delayAfter } from './retry.js';

// Shorter than what the server grants, so that a connection that died is noticed.
const POLL_MS = 30_000;

// A snapshot first, then every event in revision order, each once and without a gap, over as many streams as that
// takes.
export class WatchProgress {
  #options;
  #hadStream = false; // some stream has spoken
  #spoke = false; // the present one has
  #draining = false;
  #failures = 0; // in a row
  #giveUpTime = 0; // of the failures in a row

  constructor(request, options) {
    this.request = request;
    this.#options = options;
  }

  beginStream() {
    this.#spoke = false;
    this.#draining = false;
    if (this.#failures === 0) {
      this.#giveUpTime = performance.now() + this.#options.timeoutMs;
    }
  }

  get silenceMaxMs() {
    return this.#spoke ? this.#options.watchSilenceMaxMs : this.#options.timeoutMs;
  }

  // What is new in a message; undefined: a sign of life, or told before.
  take(message) {
    const first = !this.#hadStream;
    this.#hadStream = this.#spoke = true;
    this.#failures = 0;
    if (message.resume) {
      this.#draining = true;
    } else if (message.event && message.event.revision > this.request.afterRevision) {
      this.request.afterRevision = message.event.revision;
      return { event: readable(message.event) };
    } else if (message.snapshot && first) {
      // A later stream's snapshot is ahead of the events that follow it: it would be out of order.
      this.request.afterRevision ||= message.snapshot.revision;
      return { snapshot: readable(message.snapshot) };
    }
    return undefined;
  }

  // The stream ended well. undefined: the submission has ended, and all was told; else milliseconds until the next.
  afterEnd() {
    return this.#draining ? this.afterFailure(makeError('UNAVAILABLE', 'the server drains')) : undefined;
  }

  afterSilence() {
    return this.afterFailure(
      this.#hadStream
        ? makeError('UNAVAILABLE', 'the stream fell silent')
        : makeError('DEADLINE_EXCEEDED', 'the server did not answer in time'),
    );
  }

  // Milliseconds until the next stream; throws the error if there is to be none.
  afterFailure(error) {
    let { retry } = this.#options;
    if (this.#hadStream) {
      retry = { ...retry, attemptsMax: Infinity };
      if (this.#failures === 0) {
        this.#giveUpTime = performance.now() + this.#options.reconnectMaxMs;
      }
    }
    error.attempts = ++this.#failures;
    const delay = delayAfter(retry, error, this.#giveUpTime - performance.now());
    if (delay === undefined) {
      throw error;
    }
    return delay;
  }
}

export class WaitProgress {
  #options;
  #deadline;
  #heardTime = performance.now();
  #failures = 0;

  constructor(options, timeoutMs) {
    this.#options = options;
    this.#deadline = performance.now() + timeoutMs;
  }

  heard() {
    this.#heardTime = performance.now();
    this.#failures = 0;
  }

  // How long the next poll waits. DeadlineExceededError: no time is left.
  nextPollMs() {
    const left = this.#deadline - performance.now();
    if (left <= 0) {
      throw makeError('DEADLINE_EXCEEDED', 'it was not settled in time');
    }
    return Math.min(left, POLL_MS);
  }

  // Milliseconds until the next poll; throws the error if there is to be none.
  afterFailure(error) {
    error.attempts = ++this.#failures;
    const giveUp = Math.min(this.#deadline, this.#heardTime + this.#options.reconnectMaxMs);
    const delay = delayAfter({ ...this.#options.retry, attemptsMax: Infinity }, error, giveUp - performance.now());
    if (delay === undefined) {
      throw error;
    }
    return delay;
  }
}
