// The protos, loaded once when the package is.
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../proto');

const definition = loadSync(
  [
    'genledger/v1/admin_service.proto',
    'genledger/v1/generation_service.proto',
    'google/rpc/error_details.proto',
    'google/rpc/status.proto',
  ],
  // Revisions and counts stay far below 2^53.
  { includeDirs: [ROOT], longs: Number, enums: String, defaults: true, oneofs: true },
);

const loaded = loadPackageDefinition(definition);

export const GenerationService = loaded.genledger.v1.GenerationService;
export const AdminService = loaded.genledger.v1.AdminService;

// Decodes one of google/rpc's messages: decode('Status', bytes). Throws what the bytes are not.
export function decode(name, bytes) {
  return definition[`google.rpc.${name}`].deserialize(bytes);
}
