// The Node client against fake_genledger.py. What follows a # in a prompt tells one use from another.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as genledger from 'genledger';
import { DIRECTORY, FAKE, TLS_CA_FILE, TLS_PORT, makeClient } from './surroundings.mjs';

const REASONS = process.env.GENLEDGER_REASONS.split(',');
const connect = (context, options) => makeClient(context, { server: FAKE, ...options });

async function failure(client, prompt, family, options) {
  const error = await client.submit({ prompt }, options).then(() => assert.fail('did not fail'), (reason) => reason);
  assert.ok(error instanceof family, `${prompt}: ${error.name}: ${error.message}`);
  return error;
}

test('UNAVAILABLE is retried with the same requestId', async (context) => {
  const { submission } = await connect(context).submit({ prompt: 'flaky' });
  assert.deepEqual([submission.revision, submission.requestIdCount], [3, 1]);
});

test('a call that a server resets is retried', async (context) => {
  assert.equal((await connect(context).submit({ prompt: 'reset' })).submission.revision, 2);
});

test('nothing else is retried', async (context) => {
  assert.equal((await failure(connect(context), 'exhausted', genledger.LimitError)).attempts, 1);
});

test('attempts are limited', async (context) => {
  assert.equal((await failure(connect(context), 'always', genledger.UnavailableError)).attempts, 20);
  const client = connect(context, { retry: { attemptsMax: 2, backoffBaseMs: 10 } });
  assert.equal((await failure(client, 'always', genledger.UnavailableError)).attempts, 2);
});

test('a negative pushback, or one that is no number, means never', async (context) => {
  for (const prompt of ['never', 'not a number']) {
    const error = await failure(connect(context), prompt, genledger.UnavailableError);
    assert.deepEqual([error.attempts, error.retryable, error.retryAfterMs], [1, false, undefined]);
  }
});

test('the delay of the server is kept', async (context) => {
  for (const prompt of ['pushback', 'retry info']) {
    const { submission } = await connect(context).submit({ prompt });
    assert.ok(Number(submission.labels.waited_ms) >= 295, submission.labels.waited_ms);
  }
});

test('a delay beyond the deadline is not waited for', async (context) => {
  const error = await failure(connect(context), 'far', genledger.UnavailableError);
  assert.deepEqual([error.attempts, error.retryAfterMs], [1, 3_600_000]);
});

test('every call has a deadline', async (context) => {
  const options = { waitMs: 0, timeoutMs: 300 };
  const error = await failure(connect(context), 'silent', genledger.DeadlineExceededError, options);
  assert.ok(error.requestId);
});

test('nobody listening is unavailable', async (context) => {
  const client = connect(context, { server: '127.0.0.1:1' });
  assert.equal((await failure(client, 'x', genledger.UnavailableError)).reason, '');
});

test('every reason has a family and the details arrive', async (context) => {
  const client = connect(context);
  for (const reason of REASONS) {
    const error = await failure(client, `reason:${reason}`, genledger.GenledgerError);
    assert.notEqual(error.constructor, genledger.GenledgerError, reason);
    assert.equal(error.name, error.constructor.name);
    assert.deepEqual([error.reason, error.submissionId, error.retryAfterMs], [reason, 'sub_fake', 7000]);
    assert.deepEqual(error.violations, [
      { field: 'spec.prompt', description: 'too long' },
      { field: '', description: 'and 3 more' },
    ]);
  }
  assert.equal((await failure(client, 'reason:NEW', genledger.GenledgerError)).constructor, genledger.GenledgerError);
  assert.equal((await failure(client, 'reason:constructor', genledger.GenledgerError)).reason, 'constructor');
  assert.equal((await failure(client, 'other domain', genledger.GenledgerError)).reason, '');
});

async function revisions(client, id) {
  const seen = [];
  for await (const { snapshot, event } of client.watch(id)) {
    seen.push((snapshot ?? event).revision);
  }
  return seen;
}

test('a watch goes on after a drain, a lost and a silent stream', async (context) => {
  for (const id of ['sub_resume', 'sub_lost', 'sub_silent']) {
    assert.deepEqual(await revisions(connect(context, { watchSilenceMaxMs: 500 }), id), [1, 2, 3, 4], id);
  }
});

test('a watch of nothing ends with its error', async (context) => {
  await assert.rejects(revisions(connect(context), 'sub_missing'), genledger.NotFoundError);
  const impatient = connect(context, { timeoutMs: 300 });
  await assert.rejects(revisions(impatient, 'sub_never'), genledger.DeadlineExceededError);
});

test('a watch that cannot come back gives up', async (context) => {
  const client = connect(context, { reconnectMaxMs: 0, watchSilenceMaxMs: 300 });
  await assert.rejects(revisions(client, 'sub_silent#2'), genledger.UnavailableError);
});

test('a watch that is left ends its stream', async (context) => {
  for await (const news of connect(context).watch('sub_silent#3')) {
    assert.equal(news.snapshot.revision, 1);
    break;
  }
});

test('the token is read for every attempt', async (context) => {
  const tokens = ['first', 'second', 'third'];
  const client = connect(context, { token: () => tokens.shift() });
  assert.equal((await client.submit({ prompt: 'flaky#token' })).submission.labels.authorization, 'Bearer third');
  const tokenFile = join(DIRECTORY, 'token');
  writeFileSync(tokenFile, 'of a file\n');
  const error = await failure(connect(context, { tokenFile }), 'x', genledger.AuthError);
  assert.equal(error.attempts, 0);
  writeFileSync(tokenFile, ' of-a-file\n');
  const { submission } = await connect(context, { tokenFile }).submit({ prompt: 'x' });
  assert.equal(submission.labels.authorization, 'Bearer of-a-file');
  await failure(connect(context, { tokenFile: `${tokenFile}.missing` }), 'x', genledger.AuthError);
});

test('TLS is verified', async (context) => {
  const server = `localhost:${TLS_PORT}`;
  const client = connect(context, { server, tlsCaFile: TLS_CA_FILE, token: () => 't' });
  assert.equal((await client.submit({ prompt: 'x' })).submission.labels.authorization, 'Bearer t');
  const stranger = connect(context, { server, tls: true });
  await failure(stranger, 'x', genledger.UnavailableError, { waitMs: 0, timeoutMs: 2000 });
});

test('options that contradict each other', () => {
  for (const options of [
    { insecure: true, tls: true }, { tlsCertFile: 'x' }, { server: 'host' }, { server: 'host:0' },
    { token: () => 'x', tokenFile: 'x' }, { insecure: true, tlsCaFile: 'x' },
  ]) {
    assert.throws(() => new genledger.Client(options), TypeError, JSON.stringify(options));
  }
});
