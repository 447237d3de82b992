// The Node client against the real server and the upstream simulator.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  InvalidRequestError, NotFoundError, OutcomeUnknownError, RequestIdError, StateConflictError, SubmissionCancelledError,
  AuthError, DeadlineExceededError,
} from 'genledger';
import { AMBIGUOUS, FOR_AN_HOUR, SERVER, goldenVectors, makeClient, postsReceived, rules } from './surroundings.mjs';

const GOLDEN_COMPARED_MIN = 20;

const connect = (context) => makeClient(context, { server: SERVER });

async function rejection(promise, family) {
  const error = await promise.then(() => assert.fail('did not reject'), (reason) => reason);
  assert.ok(error instanceof family, `${error.name}: ${error.message}`);
  return error;
}

async function makePending(client, prompt, options) {
  await rules(FOR_AN_HOUR);
  const { submission } = await client.submit({ prompt }, { waitMs: 500, ...options });
  await rules();
  assert.equal(submission.state, 'PENDING');
  return submission;
}

test('submit mints a requestId and a repeat with it is replayed', async (context) => {
  const client = connect(context);
  const before = await postsReceived();
  const first = await client.submit({ prompt: 'a dolphin', aspect_ratio: '16:9' }, { labels: { state: 'STATE_KEPT' } });
  assert.equal(first.dedupe, 'CREATED');
  assert.ok(first.taskId);
  assert.equal(first.submission.requestId, first.requestId);
  const again = await client.submit({ prompt: 'a dolphin', aspectRatio: '16:9' }, { requestId: first.requestId });
  assert.deepEqual([again.dedupe, again.taskId], ['REPLAYED', first.taskId]);
  const joined = await client.submit({ prompt: 'a dolphin', aspectRatio: '16:9' }, { requestId: '' });
  assert.equal(joined.dedupe, 'JOINED');
  assert.equal(await postsReceived(), before + 1);
  const found = await client.get({ taskId: first.taskId });
  assert.deepEqual(found.labels, { state: 'STATE_KEPT' });
  assert.equal(found.attempts[0].outcome, 'ACCEPTED');
  assert.ok(found.createTime instanceof Date && Math.abs(found.createTime - Date.now()) < 60_000);
  assert.deepEqual([found.dedupeWindow, found.failure, found.nextAttemptTime], [86_400_000, undefined, undefined]);
});

test('a server with TLS wants a token', async (context) => {
  const { GENLEDGER_SECURED: server, GENLEDGER_SECURED_CA_FILE: tlsCaFile, GENLEDGER_SECURED_TOKEN_FILE: tokenFile } = process.env;
  const known = makeClient(context, { server, tlsCaFile, tokenFile });
  assert.equal((await known.submit({ prompt: 'a dolphin' })).submission.tenant, 'video');
  for (const token of [undefined, () => 'id.guess']) {
    const stranger = makeClient(context, { server, tlsCaFile, token });
    const error = await rejection(stranger.submit({ prompt: 'a dolphin' }), AuthError);
    assert.equal(error.reason, 'UNAUTHENTICATED');
  }
});

test('every policy arrives', async (context) => {
  const { submission } = await connect(context).submit({ prompt: 'a cat' }, {
    requestId: 'mine', variation: '2', dedupeMode: 'request_id_only', dedupeWindowMs: 3_600_500,
    ambiguityPolicy: 'fail', submitWithinMs: 60_000,
  });
  assert.deepEqual([submission.variation, submission.dedupeMode, submission.ambiguityPolicy, submission.dedupeWindow],
    ['2', 'REQUEST_ID_ONLY', 'FAIL', 3_600_500]);
});

test('a bad request names every violation, and a typing error is not sent', async (context) => {
  const client = connect(context);
  const error = await rejection(client.submit({ prompt: ' ', duration: 5 }), InvalidRequestError);
  assert.deepEqual(error.violations.map(({ field }) => field).sort(), ['spec.duration', 'spec.prompt']);
  assert.deepEqual([error.reason, error.attempts, error.retryable], ['FIELD_INVALID', 1, false]);
  await rejection(client.submit({ promt: 'a typing error' }), TypeError);
  await rejection(client.submit({ prompt: 'x' }, { request_id: 'a typing error' }), TypeError);
  await rejection(client.wait(''), TypeError);
});

test('a requestId with another payload is refused', async (context) => {
  const client = connect(context);
  await client.submit({ prompt: 'one' }, { requestId: 'r' });
  const error = await rejection(client.submit({ prompt: 'two' }, { requestId: 'r' }), RequestIdError);
  assert.deepEqual([error.reason, error.requestId], ['REQUEST_ID_REUSED', 'r']);
});

test('wait returns when it is submitted, and gives up in time', async (context) => {
  const client = connect(context);
  await rules({ when: { count: 1 }, status: 429, retry_after: 1 });
  const { submission, requestId, taskId } = await client.submit({ prompt: 'later' }, { waitMs: 0 });
  assert.equal(taskId, '');
  const settled = await client.wait({ requestId });
  assert.deepEqual([settled.id, settled.state], [submission.id, 'SUBMITTED']);
  const pending = await makePending(client, 'never');
  await rejection(client.wait(pending.id, { timeoutMs: 300 }), DeadlineExceededError);
  await client.cancel(pending.id);
  assert.equal((await client.wait(pending.id)).state, 'CANCELLED');
});

test('an abort signal ends the call and nothing else', async (context) => {
  const client = connect(context);
  const pending = await makePending(client, 'aborted');
  const waiting = new AbortController();
  const watching = new AbortController();
  const wait = client.wait(pending.id, { signal: waiting.signal });
  waiting.abort(new Error('enough'));
  await assert.rejects(wait, /enough/);
  await assert.rejects(async () => {
    for await (const { snapshot } of client.watch(pending.id, { signal: watching.signal })) {
      assert.equal(snapshot.id, pending.id);
      watching.abort(new Error('seen'));
    }
  }, /seen/);
  await assert.rejects(client.get(pending.id, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.equal((await client.get(pending.id)).state, 'PENDING');
});

test('an unknown outcome is settled by an operator', async (context) => {
  const client = connect(context);
  await rules(AMBIGUOUS);
  const error = await rejection(client.submit({ prompt: 'settled' }), OutcomeUnknownError);
  await rules();
  assert.equal((await client.wait(error.submissionId)).state, 'OUTCOME_UNKNOWN');
  const shown = await client.bulkResolve('state = OUTCOME_UNKNOWN', { abandon: true, note: 'n' });
  assert.deepEqual([shown.matched, shown.sampleIds], [1, [error.submissionId]]);
  const adopted = await client.resolve(error.submissionId, { adoptTaskId: 'task_FOUND', note: 'in the console' });
  assert.equal(adopted.taskId, 'task_FOUND');
  await rejection(client.resolve(error.submissionId, { abandon: true, note: 'twice' }), StateConflictError);
  await rejection(client.resolve(error.submissionId, { note: 'nothing decided' }), TypeError);
  const status = await client.serviceStatus();
  assert.ok(status.ready && status.submissionsByState.SUBMITTED >= 1);
});

test('cancel, retry and release', async (context) => {
  const client = connect(context);
  const pending = await makePending(client, 'withdrawn', { requestId: 'r1' });
  assert.equal((await client.cancel({ requestId: 'r1' })).outcome, 'CANCELLED_FREE');
  await rejection(client.submit({ prompt: 'withdrawn' }, { requestId: 'r1' }), SubmissionCancelledError);
  await rejection(client.retry(pending.id, { note: 'old', etag: '"1"' }), StateConflictError);
  await client.retry(pending.id, { note: 'wanted after all' });
  assert.ok((await client.wait(pending.id)).taskId);
  await client.releaseDedupe(pending.id);
  assert.equal((await client.submit({ prompt: 'withdrawn' })).dedupe, 'CREATED');
});

test('lists and batches', async (context) => {
  const client = connect(context);
  const ids = [];
  for (let number = 0; number < 5; ++number) {
    ids.push((await client.submit({ prompt: `video ${number}` }, { labels: { set: 'five' } })).submission.id);
  }
  const listed = [];
  for await (const { id } of client.list({ filter: 'labels.set = five', orderBy: 'create_time', pageSize: 2 })) {
    listed.push(id);
  }
  assert.deepEqual(listed, ids);
  const backwards = [...ids].reverse();
  assert.deepEqual((await client.batchGet(backwards)).map(({ id }) => id), backwards);
  await rejection(client.batchGet([...ids, 'sub_00000000000000000000000000']), NotFoundError);
  assert.ok((await client.listModels()).some(({ name }) => name === 'veo3.1-fast'));
});

test('a watch ends with the submission', async (context) => {
  const client = connect(context);
  const { submission } = await client.submit({ prompt: 'watched' });
  const news = [];
  for await (const item of client.watch(submission.id, { afterRevision: 1 })) {
    news.push(item);
  }
  assert.equal(news[0].snapshot.id, submission.id);
  assert.deepEqual(news.slice(1).map(({ event }) => event.revision),
    Array.from({ length: submission.revision - 1 }, (_, index) => index + 2));
  assert.deepEqual([news.at(-1).event.state, news.at(-1).event.taskId], ['SUBMITTED', submission.taskId]);
});

test('the golden hashes', async (context) => {
  const client = connect(context);
  const before = await postsReceived();
  let compared = 0;
  for (const vector of goldenVectors()) {
    const preview = await client.preview(vector.spec, { variation: vector.variation }).catch((error) => {
      // Hashes are defined for invalid specs too, but a server does not tell them.
      assert.ok(error instanceof InvalidRequestError, error);
    });
    if (preview !== undefined) {
      ++compared;
      assert.equal(preview.requestHash, vector.request_hash, vector.name);
      assert.equal(preview.canonicalSpec.prompt, vector.canonical.prompt, vector.name);
    }
  }
  assert.ok(compared >= GOLDEN_COMPARED_MIN, `${compared}`);
  assert.equal(await postsReceived(), before);
});
