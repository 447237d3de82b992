// From the arguments of a call to its message. A TypeError is the caller's mistake: nothing was sent.
import { randomUUID } from 'node:crypto';

// What the server waits for a submission's outcome if the request does not say, and the longest wait that it grants.
export const SUBMIT_WAIT_DEFAULT_MS = 20_000;
const WAIT_MAX_MS = 60_000;

const SPEC_FIELDS = new Map(
  [
    'model',
    'prompt',
    'duration',
    'aspect_ratio',
    'generation_type',
    'image_urls',
    'resolution',
    'enable_gif',
    'official_fallback',
  ].flatMap((name) => [
    [name, camelCase(name)],
    [camelCase(name), camelCase(name)],
  ]),
);
const SUBMIT_OPTIONS = new Set(
  ('requestId variation dedupeMode dedupeWindowMs ambiguityPolicy waitMs submitWithinMs labels timeoutMs signal')
    .split(' '));

function camelCase(name) {
  return name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}

export function newRequestId() {
  return randomUUID();
}

export function isSettled(submission) {
  if (submission.state === 'OUTCOME_UNKNOWN') {
    return submission.nextAttemptTime === undefined;
  }
  return submission.state !== 'PENDING' && submission.state !== 'DISPATCHING';
}

// By how much a requested wait moves the deadline; waits that the server refuses do not.
export function grantedWaitMs(waitMs, defaultMs = 0) {
  return waitMs === undefined ? defaultMs : Math.min(Math.max(waitMs, 0), WAIT_MAX_MS);
}

export function durationMessage(millis) {
  if (millis === undefined) {
    return undefined;
  }
  if (typeof millis !== 'number' || !Number.isFinite(millis)) {
    throw new TypeError('a duration is a number of milliseconds');
  }
  const seconds = Math.trunc(millis / 1000);
  return { seconds, nanos: Math.round((millis - seconds * 1000) * 1e6) };
}

// protobufjs drops what it does not know, and takes a typing error for an absent field.
function specMessage(spec) {
  const message = {};
  for (const [name, value] of Object.entries(spec ?? {})) {
    if (!SPEC_FIELDS.has(name)) {
      throw new TypeError(`spec has no field "${name}"`);
    }
    message[SPEC_FIELDS.get(name)] = value;
  }
  return message;
}

// "hold" -> AMBIGUITY_POLICY_HOLD; undefined: the server's default.
function enumName(prefix, value, known) {
  if (value !== undefined && !known.includes(value)) {
    throw new TypeError(`"${value}" is not one of ${known.join(', ')}`);
  }
  return prefix + (value ?? 'unspecified').toUpperCase();
}

export function submitRequest(spec, options) {
  for (const name of Object.keys(options)) {
    if (!SUBMIT_OPTIONS.has(name)) {
      throw new TypeError(`submit has no option "${name}"`);
    }
  }
  return {
    spec: specMessage(spec),
    requestId: options.requestId,
    variation: options.variation,
    dedupeMode: enumName('DEDUPE_MODE_', options.dedupeMode, ['content', 'request_id_only']),
    dedupeWindow: durationMessage(options.dedupeWindowMs),
    ambiguityPolicy: enumName('AMBIGUITY_POLICY_', options.ambiguityPolicy, ['hold', 'resubmit_once', 'fail']),
    wait: durationMessage(options.waitMs),
    submitWithin: durationMessage(options.submitWithinMs),
    labels: options.labels,
  };
}

export function viewName(view) {
  return enumName('SUBMISSION_VIEW_', view, ['basic', 'full']);
}

// An id, or { requestId } or { taskId } where the call takes them: exactly one, and not empty. An empty one is
// most often a variable that was never set: it must not name anything.
export function keyFields(key, ...others) {
  const fields = typeof key === 'string' ? { id: key } : { ...key };
  const names = Object.keys(fields);
  if (names.length !== 1 || !['id', ...others].includes(names[0]) || !fields[names[0]]) {
    throw new TypeError(`name a submission by exactly one of id, ${others.join(', ')}, and not empty`);
  }
  return fields;
}

export function resolutionMessage({ note, adoptTaskId, declareNotAccepted, abandon }) {
  const given = [adoptTaskId !== undefined, Boolean(declareNotAccepted), Boolean(abandon)].filter(Boolean);
  if (given.length !== 1) {
    throw new TypeError('exactly one of adoptTaskId, declareNotAccepted, abandon');
  }
  if (adoptTaskId !== undefined) {
    return { note, adoptTaskId };
  }
  return declareNotAccepted ? { note, declareNotAccepted: {} } : { note, abandon: {} };
}
