// Client of Genledger, the ledger for paid generations. The types, and what each call promises, are in index.d.ts.
export { Client } from './client.js';
export * from './errors.js';
export { isSettled, newRequestId } from './requests.js';
