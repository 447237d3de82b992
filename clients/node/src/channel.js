// From options to a gRPC channel, and to what a call shows of who makes it.
import { Channel, Metadata, credentials } from '@grpc/grpc-js';
import { readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { makeError } from './errors.js';

// Pages of 1,000 submissions with prompts of 16 KiB must fit; gRPC's default is 4 MiB.
const ANSWER_BYTES_MAX = 64 << 20;
const TOKEN_BYTES_MAX = 16 << 10;

// Throws a TypeError: not an address.
export function parseAddress(text) {
  if (/^unix:./.test(text)) {
    return { target: text, local: true };
  }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/[\]]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port === 0 || port > 65535) {
    throw new TypeError(`the server address "${text}" is not host:port, [v6]:port or unix:PATH`);
  }
  const host = match[1] ?? match[2];
  return { target: text, local: host === 'localhost' || host === '::1' || /^127\.[0-9.]+$/.test(host) };
}

function channelCredentials(options, local) {
  const files = [options.tlsCaFile, options.tlsKeyFile, options.tlsCertFile];
  const tls = options.tls || files.some(Boolean) || !(local || options.insecure);
  if (tls && options.insecure) {
    throw new TypeError('insecure and TLS options contradict each other');
  }
  if (Boolean(options.tlsCertFile) !== Boolean(options.tlsKeyFile)) {
    throw new TypeError('a TLS certificate and its key go together');
  }
  const [roots, key, chain] = files.map((path) => (path ? readFileSync(path) : null));
  return tls ? credentials.createSsl(roots, key, chain) : credentials.createInsecure();
}

// A channel that connects with its first call. Throws a TypeError for the options, or why a file cannot be read.
export function openChannel(options) {
  if (options.tokenFile && options.token) {
    throw new TypeError('token and tokenFile exclude each other');
  }
  const { target, local } = parseAddress(options.server);
  return new Channel(target, channelCredentials(options, local), {
    'grpc.primary_user_agent': 'genledger-node',
    'grpc.max_receive_message_length': ANSWER_BYTES_MAX,
    // The client's own loop is the one owner of retries.
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_http_proxy': local ? 0 : 1,
    // A server that restarts is found again quickly.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 5000,
  });
}

// The bearer token, if one is configured. AuthError: it cannot be used; nothing was sent.
export async function callMetadata(options) {
  const metadata = new Metadata();
  if (!options.tokenFile && !options.token) {
    return metadata;
  }
  let token;
  try {
    token = options.tokenFile ? await readFile(options.tokenFile, 'utf8') : await options.token();
  } catch (error) {
    throw makeError('UNAUTHENTICATED', `the token cannot be read: ${error.code ?? error.name}`);
  }
  token = token.trim();
  if (token.length > TOKEN_BYTES_MAX || !/^[!-~]+$/.test(token)) {
    throw makeError('UNAUTHENTICATED', 'the token is empty, too long, or not visible ASCII');
  }
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}
