// What clients_node_test.py started for these tests: their addresses come as environment variables.
import { readFileSync } from 'node:fs';
import { Client } from 'genledger';

export const SERVER = process.env.GENLEDGER_SERVER;
export const FAKE = process.env.GENLEDGER_FAKE;
export const TLS_PORT = process.env.GENLEDGER_TLS_PORT;
export const TLS_CA_FILE = process.env.GENLEDGER_TLS_CA_FILE;
export const DIRECTORY = process.env.GENLEDGER_DIRECTORY;
const UPSTREAM = process.env.GENLEDGER_UPSTREAM;
export const AMBIGUOUS = { do: 'reset', at: 'body', accept: true };
export const FOR_AN_HOUR = { status: 429, retry_after: 3600 };

const QUICK = { backoffBaseMs: 10, backoffMaxMs: 50 };

// A client that ends with the test.
export function makeClient(context, options) {
  const client = new Client({ retry: QUICK, ...options });
  context.after(() => client.close());
  return client;
}

// Replaces the upstream simulator's rules; none: back to the page.
export async function rules(...all) {
  const answer = await fetch(`${UPSTREAM}/_control/rules?mode=replace`, { method: 'POST', body: JSON.stringify(all) });
  if (!answer.ok) {
    throw new Error(await answer.text());
  }
}

export async function postsReceived() {
  const answer = await fetch(`${UPSTREAM}/_control/stats`);
  return (await answer.json()).posts_received;
}

// The vectors whose spec JSON can say, and with them a caller.
export function goldenVectors() {
  const { vectors } = JSON.parse(readFileSync(process.env.GENLEDGER_GOLDEN, 'utf8'));
  return vectors.filter((vector) => !JSON.stringify(vector).includes('"hex"'));
}
