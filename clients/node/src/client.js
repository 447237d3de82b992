// The client: what each call promises is in index.d.ts.
import { callMetadata, openChannel } from './channel.js';
import { GenledgerError, errorFromService } from './errors.js';
import { AdminService, GenerationService } from './protos.js';
import {
  SUBMIT_WAIT_DEFAULT_MS,
  durationMessage,
  grantedWaitMs,
  isSettled,
  keyFields,
  newRequestId,
  resolutionMessage,
  submitRequest,
  viewName,
} from './requests.js';
import { readable } from './results.js';
import { delayAfter, sleep } from './retry.js';
import { WaitProgress, WatchProgress } from './watch.js';

const DEFAULTS = {
  server: '127.0.0.1:50051',
  timeoutMs: 15_000,
  watchSilenceMaxMs: 45_000,
  reconnectMaxMs: 120_000,
};
const RETRY_DEFAULTS = { attemptsMax: 20, backoffBaseMs: 100, backoffMaxMs: 5_000 };
const WAIT_TIMEOUT_DEFAULT_MS = 900_000;
const SILENCE = Symbol('silence');

export class Client {
  #options;
  #channel;
  #generations;
  #admin;

  constructor(options = {}) {
    const given = typeof options === 'string' ? { server: options } : options;
    this.#options = { ...DEFAULTS, ...given, retry: { ...RETRY_DEFAULTS, ...given.retry } };
    this.#channel = openChannel(this.#options);
    const shared = { channelOverride: this.#channel };
    this.#generations = new GenerationService(this.#options.server, null, shared);
    this.#admin = new AdminService(this.#options.server, null, shared);
  }

  close() {
    this.#channel.close();
  }

  async submit(spec, options = {}) {
    const requestId = options.requestId ?? newRequestId();
    const request = submitRequest(spec, { ...options, requestId });
    try {
      const waitMs = grantedWaitMs(options.waitMs, SUBMIT_WAIT_DEFAULT_MS);
      const answer = await this.#call(this.#generations, 'submitGeneration', request, options, waitMs);
      const { submission, dedupe } = answer;
      return { submission, dedupe, requestId, taskId: submission.taskId };
    } catch (error) {
      if (error instanceof GenledgerError) {
        error.requestId = requestId;
      }
      throw error;
    }
  }

  async preview(spec, options = {}) {
    const request = { ...submitRequest(spec, options), validateOnly: true };
    return (await this.#call(this.#generations, 'submitGeneration', request, options)).preview;
  }

  get(key, options = {}) {
    const request = {
      ...keyFields(key, 'requestId', 'taskId'),
      view: viewName(options.view),
      waitForRevisionAfter: options.waitForRevisionAfter,
      wait: durationMessage(options.waitMs),
      tenant: options.tenant,
    };
    return this.#call(this.#generations, 'getSubmission', request, options, grantedWaitMs(options.waitMs));
  }

  async wait(key, { tenant, timeoutMs = WAIT_TIMEOUT_DEFAULT_MS, signal } = {}) {
    const progress = new WaitProgress(this.#options, timeoutMs);
    let revision = 0;
    for (;;) {
      const pollMs = progress.nextPollMs();
      let submission;
      try {
        const waitMs = revision > 0 ? pollMs : undefined;
        submission = await this.get(key, { tenant, signal, waitForRevisionAfter: revision, waitMs });
      } catch (error) {
        if (!(error instanceof GenledgerError)) {
          throw error;
        }
        await sleep(progress.afterFailure(error), signal);
        continue;
      }
      if (isSettled(submission)) {
        return submission;
      }
      progress.heard();
      revision = submission.revision;
    }
  }

  async batchGet(ids, options = {}) {
    const request = { ids: [...ids], view: viewName(options.view), tenant: options.tenant };
    return (await this.#call(this.#generations, 'batchGetSubmissions', request, options)).submissions;
  }

  async *list(options = {}) {
    for await (const page of this.listPages(options)) {
      yield* page.submissions;
    }
  }

  async *listPages(options = {}) {
    const { filter, orderBy, view, tenant, pageSize } = options;
    const request = { filter, orderBy, view: viewName(view), tenant, pageSize, pageToken: options.pageToken };
    do {
      const page = await this.#call(this.#generations, 'listSubmissions', request, options);
      request.pageToken = page.nextPageToken;
      yield page;
    } while (request.pageToken);
  }

  async *watch(key, { afterRevision = 0, tenant, signal } = {}) {
    const progress = new WatchProgress({ ...keyFields(key, 'requestId'), afterRevision, tenant }, this.#options);
    for (;;) {
      progress.beginStream();
      const delay = yield* this.#stream(progress, signal);
      if (delay === undefined) {
        return;
      }
      await sleep(delay, signal);
    }
  }

  // One stream of a watch: its news, then milliseconds until the next stream (undefined: there is none to be).
  async *#stream(progress, signal) {
    const metadata = await callMetadata(this.#options);
    signal?.throwIfAborted();
    const call = this.#generations.watchSubmission(progress.request, metadata);
    // A stream that is cancelled fails, and nobody may be reading it any more.
    call.on('error', () => {});
    const cancel = () => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const messages = call[Symbol.asyncIterator]();
      for (;;) {
        const next = await withinTime(messages.next(), progress.silenceMaxMs);
        if (next === SILENCE) {
          return progress.afterSilence();
        }
        if (next.done) {
          return progress.afterEnd();
        }
        const news = progress.take(next.value);
        if (news !== undefined) {
          yield news;
        }
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof GenledgerError || !('metadata' in error)) {
        throw error;
      }
      return progress.afterFailure(errorFromService(error));
    } finally {
      signal?.removeEventListener('abort', cancel);
      call.cancel();
    }
  }

  cancel(key, options = {}) {
    const request = { ...keyFields(key, 'requestId'), etag: options.etag, tenant: options.tenant };
    return this.#call(this.#generations, 'cancelSubmission', request, options);
  }

  releaseDedupe(id, options = {}) {
    const request = { ...keyFields(id), etag: options.etag, tenant: options.tenant };
    return this.#call(this.#generations, 'releaseDedupe', request, options);
  }

  async listModels(options = {}) {
    return (await this.#call(this.#generations, 'listModels', {}, options)).models;
  }

  async resolve(id, options) {
    const { attempt, etag, tenant } = options;
    const request = { ...keyFields(id), resolution: resolutionMessage(options), attempt, etag, tenant };
    return this.#call(this.#admin, 'resolveSubmission', request, options);
  }

  async bulkResolve(filter, options) {
    const { dryRun = true, tenant } = options;
    const request = { filter, resolution: resolutionMessage(options), dryRun, tenant };
    return this.#call(this.#admin, 'bulkResolveSubmissions', request, options);
  }

  retry(id, options) {
    const request = { ...keyFields(id), note: options.note, etag: options.etag, tenant: options.tenant };
    return this.#call(this.#admin, 'retrySubmission', request, options);
  }

  serviceStatus(options = {}) {
    return this.#call(this.#admin, 'getServiceStatus', {}, options);
  }

  // One unary call with credentials, one deadline for all attempts, and retries.
  async #call(service, method, request, { timeoutMs = this.#options.timeoutMs, signal } = {}, waitMs = 0) {
    const deadline = performance.now() + timeoutMs + waitMs;
    for (let attempts = 1; ; ++attempts) {
      const metadata = await callMetadata(this.#options);
      let error;
      try {
        return readable(await attempt(service, method, request, metadata, deadline - performance.now(), signal));
      } catch (failure) {
        signal?.throwIfAborted();
        if (!('metadata' in failure)) {
          throw failure;
        }
        error = errorFromService(failure);
      }
      error.attempts = attempts;
      const delay = delayAfter(this.#options.retry, error, deadline - performance.now());
      if (delay === undefined) {
        throw error;
      }
      await sleep(delay, signal);
    }
  }
}

function attempt(service, method, request, metadata, millisLeft, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const cancel = () => call.cancel();
    const call = service[method](request, metadata, { deadline: Date.now() + millisLeft }, (error, response) => {
      signal?.removeEventListener('abort', cancel);
      if (error) {
        reject(error);
      } else {
        resolve(response);
      }
    });
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

// The promise's value, or SILENCE if that takes too long.
async function withinTime(promise, millis) {
  let timer;
  const silence = new Promise((resolve) => {
    timer = setTimeout(resolve, millis, SILENCE);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => {}); // of a stream that is given up
  }
}
