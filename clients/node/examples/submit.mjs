#!/usr/bin/env node
// Submits one generation and waits for its task_id: submit.mjs PROMPT [SERVER].
import { Client, GenledgerError, InvalidRequestError } from 'genledger';

const [prompt, server] = process.argv.slice(2);
const client = new Client(server);
try {
  const { submission, dedupe } = await client.submit({ prompt, aspect_ratio: '16:9' });
  const settled = await client.wait(submission.id);
  console.log(settled.id, settled.state, settled.taskId, dedupe);
} catch (error) {
  if (error instanceof InvalidRequestError) {
    error.violations.forEach(({ field, description }) => console.error(`${field}: ${description}`));
  } else if (error instanceof GenledgerError) {
    // The same requestId again is answered for the same submission: it never pays twice.
    console.error(`${error.message} (requestId ${error.requestId})`);
  } else {
    throw error;
  }
  process.exitCode = 1;
} finally {
  client.close();
}
