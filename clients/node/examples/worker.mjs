#!/usr/bin/env node
// A worker that may be killed at any time: worker.mjs JOBS [SERVER].
//
// JOBS is a file of lines such as {"job": "order-17", "spec": {"prompt": "a dolphin"}}. Each job's requestId is made
// of its name, so the ledger knows what was done: the worker keeps no state, and started again it submits every job
// again and pays for none of them twice. Prints one JSON line for each job.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Client, DeadlineExceededError, GenledgerError, LimitError, OutcomeUnknownError, UnavailableError,
} from 'genledger';

const NOT_NOW = [UnavailableError, LimitError, DeadlineExceededError];

// Repeats, with the same requestId, for as long as the answer is "not now".
async function submitUntilAnswered(client, { job, spec }) {
  for (;;) {
    try {
      const { submission } = await client.submit(spec, { requestId: `example-worker:${job}`, labels: { job } });
      return await client.wait(submission.id);
    } catch (error) {
      if (!NOT_NOW.some((family) => error instanceof family)) {
        throw error;
      }
      const millis = error.retryAfterMs ?? 1000;
      console.error(`${job}: ${error.message}; again in ${millis} ms`);
      await delay(millis);
    }
  }
}

// What became of one job.
async function run(client, job) {
  try {
    const submission = await submitUntilAnswered(client, job);
    return { job: job.job, state: submission.state, task_id: submission.taskId };
  } catch (error) {
    if (error instanceof OutcomeUnknownError) {
      // It may have been charged: an operator finds out. Submitting it under a new requestId might pay twice.
      return { job: job.job, error: error.reason, submission: error.submissionId };
    }
    if (error instanceof GenledgerError) {
      return { job: job.job, error: error.reason || error.code, message: error.details };
    }
    throw error;
  }
}

const [path, server] = process.argv.slice(2);
const client = new Client(server);
for await (const line of createInterface({ input: createReadStream(path) })) {
  console.log(JSON.stringify(await run(client, JSON.parse(line))));
}
client.close();
