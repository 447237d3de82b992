// What a failed call rejects with: one class per family of reasons, all of them a GenledgerError.
import { status } from '@grpc/grpc-js';
import { decode } from './protos.js';

const DOMAIN = 'genledger';
const PUSHBACK = 'grpc-retry-pushback-ms';
const DETAILS = 'grpc-status-details-bin';
const TYPE_PREFIX = 'type.googleapis.com/google.rpc.';

export class GenledgerError extends Error {
  constructor(code, message, details = {}) {
    super(`${code}${details.reason ? ` (${details.reason})` : ''}: ${message}`);
    this.name = new.target.name;
    this.code = code;
    this.details = message;
    this.reason = details.reason ?? '';
    this.metadata = details.metadata ?? {};
    this.violations = details.violations ?? [];
    this.retryDelayMs = details.retryDelayMs;
    this.pushbackMs = details.pushbackMs;
    this.attempts = 0;
    this.requestId = undefined;
  }

  get submissionId() {
    return this.metadata.submission_id;
  }

  get retryAfterMs() {
    return this.retryDelayMs ?? (this.pushbackMs >= 0 ? this.pushbackMs : undefined);
  }

  get retryable() {
    return this.code === 'UNAVAILABLE' && !(this.pushbackMs < 0);
  }
}

export class InvalidRequestError extends GenledgerError {}
export class UpstreamRefusedError extends GenledgerError {}
export class RequestIdError extends GenledgerError {}
export class NotFoundError extends GenledgerError {}
export class SubmissionCancelledError extends GenledgerError {}
export class OutcomeUnknownError extends GenledgerError {}
export class StateConflictError extends GenledgerError {}
export class UpstreamAccountError extends GenledgerError {}
export class LimitError extends GenledgerError {}
export class UnavailableError extends GenledgerError {}
export class AuthError extends GenledgerError {}
export class DeadlineExceededError extends GenledgerError {}

const CLASS_OF_REASON = {
  FIELD_INVALID: InvalidRequestError,
  REQUEST_ID_REUSED: RequestIdError,
  REQUEST_ID_EXPIRED: RequestIdError,
  SUBMISSION_NOT_FOUND: NotFoundError,
  SUBMISSION_CANCELLED: SubmissionCancelledError,
  SUBMISSION_ABANDONED: OutcomeUnknownError,
  SUBMIT_WITHIN_EXPIRED: UnavailableError,
  ETAG_MISMATCH: StateConflictError,
  ILLEGAL_STATE: StateConflictError,
  UPSTREAM_REFUSED_REQUEST: UpstreamRefusedError,
  UPSTREAM_CREDENTIAL_INVALID: UpstreamAccountError,
  UPSTREAM_BALANCE_EXHAUSTED: UpstreamAccountError,
  UPSTREAM_FORBIDDEN: UpstreamAccountError,
  UPSTREAM_MISCONFIGURED: UpstreamAccountError,
  UPSTREAM_RATE_LIMITED: LimitError,
  UPSTREAM_UNAVAILABLE: UnavailableError,
  UPSTREAM_OUTCOME_UNKNOWN: OutcomeUnknownError,
  TENANT_QUOTA_EXCEEDED: LimitError,
  BACKLOG_FULL: LimitError,
  STORE_UNAVAILABLE: UnavailableError,
  SHUTTING_DOWN: UnavailableError,
  UNAUTHENTICATED: AuthError,
  PERMISSION_DENIED: AuthError,
};

// For answers without a reason of ours: nobody listens, a proxy answered, the client gave up.
const CLASS_OF_CODE = {
  INVALID_ARGUMENT: InvalidRequestError,
  NOT_FOUND: NotFoundError,
  UNAVAILABLE: UnavailableError,
  DEADLINE_EXCEEDED: DeadlineExceededError,
  UNAUTHENTICATED: AuthError,
  PERMISSION_DENIED: AuthError,
  RESOURCE_EXHAUSTED: LimitError,
};

// The error for a code and, if there is one, a reason.
export function makeError(code, message, details = {}) {
  const family =
    (Object.hasOwn(CLASS_OF_REASON, details.reason ?? '') && CLASS_OF_REASON[details.reason]) ||
    CLASS_OF_CODE[code] ||
    GenledgerError;
  return new family(code, message, details);
}

// A value that is no number means "never", as a negative one does.
function pushbackFromText(text) {
  return /^[0-9]{1,12}$/.test(text) ? Number(text) : -1;
}

function decodeDetails(bytes) {
  const found = {};
  let details;
  try {
    details = decode('Status', bytes).details;
  } catch {
    return found; // a proxy's, perhaps: what is not a google.rpc.Status says nothing
  }
  for (const { type_url: longName, typeUrl, value } of details) {
    const type = longName ?? typeUrl;
    if (type === `${TYPE_PREFIX}ErrorInfo`) {
      const info = decode('ErrorInfo', value);
      if (info.domain === DOMAIN) {
        found.reason = info.reason;
        found.metadata = { ...info.metadata };
      }
    } else if (type === `${TYPE_PREFIX}BadRequest`) {
      found.violations = decode('BadRequest', value).fieldViolations.map(({ field, description }) => ({
        field,
        description,
      }));
    } else if (type === `${TYPE_PREFIX}RetryInfo`) {
      const { seconds, nanos } = decode('RetryInfo', value).retryDelay ?? { seconds: 0, nanos: 0 };
      found.retryDelayMs = seconds * 1000 + nanos / 1e6;
    }
  }
  return found;
}

// Decodes what gRPC failed a call with that was not aborted here.
export function errorFromService(error) {
  const [bytes] = error.metadata?.get(DETAILS) ?? [];
  const [pushback] = error.metadata?.get(PUSHBACK) ?? [];
  const details = bytes === undefined ? {} : decodeDetails(bytes);
  if (pushback !== undefined) {
    details.pushbackMs = pushbackFromText(pushback);
  }
  if (error.code === status.CANCELLED) {
    // Nobody here has cancelled it: a server that shuts down resets what is still open.
    return makeError('UNAVAILABLE', 'the call was reset');
  }
  return makeError(status[error.code] ?? `CODE_${error.code}`, error.details ?? error.message, details);
}
