/// <reference types="node" />
// Client of Genledger, the ledger for paid generations.
//
// Durations are milliseconds, times are Dates, enum values are names without their prefix ("SUBMITTED"), and what is
// not set is undefined. Field names are those of genledger.v1 in camel case; its comments say what each means.

export interface RetryOptions {
  /** Attempts of one call, the first one included; 1 never retries. Default 20: the deadline ends them. */
  attemptsMax?: number;
  /** Full jitter from here, doubling. Default 100. */
  backoffBaseMs?: number;
  /** Default 5000. */
  backoffMaxMs?: number;
}

export interface ClientOptions {
  /** "host:port", "[v6]:port" or "unix:PATH". Default 127.0.0.1:50051. */
  server?: string;
  /** Plaintext is the default for loopback addresses and unix sockets, TLS for all others. */
  insecure?: boolean;
  tls?: boolean;
  /** PEM files; each implies TLS. Certificate and key go together. */
  tlsCaFile?: string;
  tlsCertFile?: string;
  tlsKeyFile?: string;
  /** The bearer token: a file or a function; asked again for every attempt. At most one of them. */
  tokenFile?: string;
  token?: () => string | Promise<string>;
  /** How long a call may take with its retries, besides the time that it asks the server to wait. Default 15000. */
  timeoutMs?: number;
  retry?: RetryOptions;
  /** A watch whose stream says nothing for so long has lost it. Default 45000. */
  watchSilenceMaxMs?: number;
  /** How long a watch that had a stream, and a wait, tries to get through again. Default 120000. */
  reconnectMaxMs?: number;
}

export interface CallOptions {
  /** Replaces ClientOptions.timeoutMs. */
  timeoutMs?: number;
  /** Ends the call here, and changes nothing on the server; it rejects with the signal's reason. */
  signal?: AbortSignal;
}

export type State =
  | 'PENDING' | 'DISPATCHING' | 'SUBMITTED' | 'FAILED' | 'OUTCOME_UNKNOWN' | 'CANCELLED' | 'ABANDONED';
export type Dedupe = 'CREATED' | 'JOINED' | 'REPLAYED' | 'REOPENED';
export type View = 'basic' | 'full';
export type AttemptOutcome =
  | 'UNSPECIFIED' | 'NOT_SENT' | 'ACCEPTED' | 'REFUSED' | 'REFUSED_TRANSIENT' | 'AMBIGUOUS' | 'DECLARED_NOT_ACCEPTED';

/** What to generate. As the argument of a call, the upstream's own names (aspect_ratio) are taken too. */
export interface Spec {
  model?: string;
  prompt?: string;
  duration?: number;
  aspectRatio?: string;
  generationType?: string;
  imageUrls?: string[];
  resolution?: string;
  enableGif?: boolean;
  officialFallback?: boolean;
}

export interface SpecInput extends Spec {
  aspect_ratio?: string;
  generation_type?: string;
  image_urls?: string[];
  enable_gif?: boolean;
  official_fallback?: boolean;
}

export interface Failure {
  reason: string;
  message: string;
  httpStatus: number;
  retryable: boolean;
  reopenTime?: Date;
}

export interface Attempt {
  number: number;
  run: number;
  outcome: AttemptOutcome;
  startTime?: Date;
  endTime?: Date;
  httpStatus: number;
  upstreamCode: string;
  upstreamMessage: string;
  upstreamRequestId: string;
  taskIds: string[];
  idempotencyKey: string;
  baseUrl: string;
  credentialFingerprint: string;
  replica: string;
  epoch: number;
}

export interface GenerationResult {
  url: string;
  expireTime?: Date;
  kind: string;
  archiveUri: string;
  archiveSha256: string;
}

export interface Generation {
  state: 'UNSPECIFIED' | 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'LOST' | 'TIMED_OUT';
  upstreamStatus: string;
  progressPercent: number;
  results: GenerationResult[];
  cost: string;
  costCurrency: string;
  pollTime?: Date;
  completeTime?: Date;
}

export interface Submission {
  id: string;
  tenant: string;
  spec?: Spec;
  variation: string;
  requestHash: string;
  hashVersion: number;
  state: State;
  /** The upstream's; empty until it is SUBMITTED. */
  taskId: string;
  requestId: string;
  requestIdCount: number;
  dedupeMode: 'CONTENT' | 'REQUEST_ID_ONLY';
  ambiguityPolicy: 'HOLD' | 'RESUBMIT_ONCE' | 'FAIL';
  /** Milliseconds. */
  dedupeWindow?: number;
  upstreamAccount: string;
  run: number;
  upstreamPostsSent: number;
  chargesMin: number;
  chargesMax: number;
  failure?: Failure;
  generation?: Generation;
  supersededBy: string;
  labels: Record<string, string>;
  createTime?: Date;
  updateTime?: Date;
  submitTime?: Date;
  submitDeadlineTime?: Date;
  nextAttemptTime?: Date;
  dedupeExpireTime?: Date;
  revision: number;
  etag: string;
  attempts: Attempt[];
  cancelRequestTime?: Date;
  possibleDuplicateOf: string;
}

export interface SubmissionEvent {
  revision: number;
  time?: Date;
  type: string;
  state: State;
  attempt: number;
  actor: string;
  note: string;
  taskId: string;
  outcome: AttemptOutcome;
  reason: string;
}

export interface Model {
  name: string;
  description: string;
  durations: number[];
  aspectRatios: string[];
  resolutions: string[];
  generationTypes: string[];
  imageUrlsMax: number;
  supportsGif: boolean;
  supportsOfficialFallback: boolean;
}

export interface SubmitOptions extends CallOptions {
  /** Yours; without it one is made. "": none is sent, and only equal content is recognised. */
  requestId?: string;
  variation?: string;
  dedupeMode?: 'content' | 'request_id_only';
  dedupeWindowMs?: number;
  ambiguityPolicy?: 'hold' | 'resubmit_once' | 'fail';
  /** How long the server waits for the outcome: 0 to 60000, default 20000. */
  waitMs?: number;
  submitWithinMs?: number;
  labels?: Record<string, string>;
}

export interface SubmitResult {
  submission: Submission;
  dedupe: Dedupe;
  /** The one that was sent, made here or not. */
  requestId: string;
  /** Empty while it is still on its way. */
  taskId: string;
}

export interface Preview {
  canonicalSpec: Spec;
  requestHash: string;
  hashVersion: number;
  would: Dedupe;
  submissionId: string;
}

export interface ListOptions extends CallOptions {
  filter?: string;
  orderBy?: string;
  view?: View;
  tenant?: string;
  pageSize?: number;
  pageToken?: string;
}

export interface SubmissionPage {
  submissions: Submission[];
  nextPageToken: string;
}

export interface CancelResponse {
  outcome: 'CANCELLED_FREE' | 'CANCEL_REQUESTED' | 'DETACHED' | 'TOO_LATE' | 'ALREADY_TERMINAL';
  submission: Submission;
}

/** Exactly one decision. */
export interface Decision extends CallOptions {
  note: string;
  declareNotAccepted?: boolean;
  abandon?: boolean;
  tenant?: string;
}

export interface BulkResolveResponse {
  matched: number;
  resolved: number;
  sampleIds: string[];
}

export interface Breaker {
  scope: string;
  state: 'CLOSED' | 'OPEN' | 'HALF_OPEN';
  reason: string;
  retryTime?: Date;
}

export interface ServiceStatus {
  version: string;
  replica: string;
  startTime?: Date;
  ready: boolean;
  notReadyReason: string;
  draining: boolean;
  store: string;
  schemaVersion: number;
  breakers: Breaker[];
  concurrencyLimit: number;
  attemptsInFlight: number;
  retryBudgetLeft: number;
  submissionsByState: Record<string, number>;
  /** Milliseconds. */
  oldestPendingAge?: number;
  unknownCount: number;
  unflushedReceipts: number;
}

export type WatchNews = { snapshot: Submission; event?: undefined } | { event: SubmissionEvent; snapshot?: undefined };

/** An id, or the key that it was submitted with. */
export type Key = string | { id: string } | { requestId: string };

/**
 * Every call has a deadline, and retries UNAVAILABLE and nothing else (RetryOptions): the server's delay is kept
 * where it sent one, never means never, and all attempts share the deadline. It rejects with a GenledgerError of the
 * server's or of the connection's (UnavailableError, DeadlineExceededError, AuthError), and with a TypeError for a
 * mistake in the arguments: nothing was sent.
 */
export class Client {
  /** Options, or the server's address alone. Does not connect yet. Throws a TypeError, or why a file cannot be read. */
  constructor(options?: ClientOptions | string);
  /** Ends the connections; a program does not end before that while a call is under way. */
  close(): void;
  /**
   * Submits, or answers for the submission that is already there. Without a requestId one is made, once, before the
   * first attempt: the result and every error carry it, and a repeat with it never pays twice. A worker that may crash
   * makes its own, and keeps it with the work.
   */
  submit(spec: SpecInput, options?: SubmitOptions): Promise<SubmitResult>;
  /** Runs every check, writes and sends nothing: the canonical spec, its hash, and what a submit would do now. */
  preview(spec: SpecInput, options?: SubmitOptions): Promise<Preview>;
  /** One submission; with `waitMs` a long poll for a greater revision. NotFoundError. */
  get(
    key: Key | { taskId: string },
    options?: CallOptions & { view?: View; tenant?: string; waitForRevisionAfter?: number; waitMs?: number },
  ): Promise<Submission>;
  /**
   * The submission once it is settled (isSettled): look at its state. Goes on while a server is away or replaced.
   * DeadlineExceededError: not settled within `timeoutMs` (default 900000). NotFoundError.
   */
  wait(key: Key, options?: CallOptions & { tenant?: string }): Promise<Submission>;
  /** At most 100, in the order of `ids`. NotFoundError: one of them is missing. */
  batchGet(ids: Iterable<string>, options?: CallOptions & { view?: View; tenant?: string }): Promise<Submission[]>;
  /** Every submission that the filter lets through, newest first unless `orderBy` says else; pages come as needed. */
  list(options?: ListOptions): AsyncGenerator<Submission, void, undefined>;
  /** The pages of `list` from `pageToken` on. A page may be empty and still not be the last. */
  listPages(options?: ListOptions): AsyncGenerator<SubmissionPage, void, undefined>;
  /**
   * A snapshot, then every later event in revision order, each once and without a gap, until the submission has ended.
   * Goes on by itself where a stream broke, fell silent or was ended by a server that drains. `break` ends it sooner.
   */
  watch(
    key: Key,
    options?: { afterRevision?: number; tenant?: string; signal?: AbortSignal },
  ): AsyncGenerator<WatchNews, void, undefined>;
  /** By id for everybody, by requestId withdraws that one. NotFoundError; StateConflictError: the etag is old. */
  cancel(key: Key, options?: CallOptions & { etag?: string; tenant?: string }): Promise<CancelResponse>;
  /** Lets the content of a SUBMITTED submission be submitted again. NotFoundError; StateConflictError. */
  releaseDedupe(id: string, options?: CallOptions & { etag?: string; tenant?: string }): Promise<Submission>;
  listModels(options?: CallOptions): Promise<Model[]>;
  /** Operators: settles OUTCOME_UNKNOWN (or corrects ABANDONED) by evidence. NotFoundError; StateConflictError. */
  resolve(
    id: string,
    options: Decision & { adoptTaskId?: string; attempt?: number; etag?: string },
  ): Promise<Submission>;
  /** Operators: settles all that `filter` names; with `dryRun`, the default, only counts and shows them. */
  bulkResolve(filter: string, options: Decision & { dryRun?: boolean }): Promise<BulkResolveResponse>;
  /** Operators: starts a new run of a FAILED or CANCELLED submission. NotFoundError; StateConflictError. */
  retry(id: string, options: CallOptions & { note: string; etag?: string; tenant?: string }): Promise<Submission>;
  /** Operators: what the replica that answers is doing. */
  serviceStatus(options?: CallOptions): Promise<ServiceStatus>;
}

/** A fresh idempotency key. Make it once per wanted generation, keep it with the work, repeat with the same one. */
export function newRequestId(): string;
/** Whether waiting is over: ended, accepted, or unknown without a policy that will act. */
export function isSettled(submission: Submission): boolean;

export interface Violation {
  /** Empty in the closing "and N more". */
  field: string;
  description: string;
}

/** Itself only for codes and reasons that this version does not know. Texts are the server's: escape them. */
export class GenledgerError extends Error {
  /** The gRPC code: "INVALID_ARGUMENT". */
  readonly code: string;
  /** The server's message alone. */
  readonly details: string;
  /** genledger.v1.ErrorReason without its prefix; empty if the answer is not a Genledger server's. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];
  /** Attempts made; 0 if the call failed before anything was sent. */
  readonly attempts: number;
  /** Of `submit`: the one that was sent, made here or not. */
  readonly requestId?: string;
  get submissionId(): string | undefined;
  /** When a repeat may do better; undefined: the server did not say. */
  get retryAfterMs(): number | undefined;
  /** Whether the same call may be repeated, later, as it is. */
  get retryable(): boolean;
}

/** A field breaks a rule; `violations` has them all, and nothing was written. */
export class InvalidRequestError extends GenledgerError {}
/** The upstream refused the content: the same content is refused again. */
export class UpstreamRefusedError extends GenledgerError {}
/** The requestId names another payload, or its record is gone. */
export class RequestIdError extends GenledgerError {}
/** There is no such submission, or it is another tenant's. */
export class NotFoundError extends GenledgerError {}
/** The submission was cancelled; a new requestId submits it again. */
export class SubmissionCancelledError extends GenledgerError {}
/** It may have been charged, and nobody can know (yet): never submit it again blindly. */
export class OutcomeUnknownError extends GenledgerError {}
/** The etag is old, or the verb does not fit the submission's state. */
export class StateConflictError extends GenledgerError {}
/** The service's own account or set-up upstream is at fault: an operator must act. */
export class UpstreamAccountError extends GenledgerError {}
/** A quota, the backlog or the upstream's rate limit: later, see `retryAfterMs`. */
export class LimitError extends GenledgerError {}
/** Not now: nobody answered, or the service or the upstream could not take it. A repeat never pays twice. */
export class UnavailableError extends GenledgerError {}
/** No valid credential, or one that does not allow this. */
export class AuthError extends GenledgerError {}
/** No answer in time. The server may have done the work all the same: repeat with the same requestId. */
export class DeadlineExceededError extends GenledgerError {}
