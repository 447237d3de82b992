#!/usr/bin/env node
// Puts the package together: what this directory holds, and the protos that it loads when it runs.
//
//   assemble.mjs DIRECTORY    makes DIRECTORY/proto, and the sources beside it unless it is this directory
//
// Needs the protos of google/api and google/rpc (Debian: golang-github-gogo-googleapis-dev; elsewhere name their root in GOOGLEAPIS).
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const PROTOS = resolve(HERE, '../../proto');
const GOOGLEAPIS = process.env.GOOGLEAPIS ?? '/usr/share/gocode/src/github.com/gogo/googleapis';
const GOOGLE_PROTOS = ['api/annotations', 'api/http', 'rpc/code', 'rpc/error_details', 'rpc/status'];

if (process.argv.length !== 3) {
  throw new Error('usage: assemble.mjs DIRECTORY');
}
const destination = resolve(process.argv[2]);
if (destination !== HERE) {
  for (const name of ['package.json', 'src', 'examples']) {
    cpSync(join(HERE, name), join(destination, name), { recursive: true });
  }
}
cpSync(join(PROTOS, 'genledger'), join(destination, 'proto/genledger'), { recursive: true });
for (const name of GOOGLE_PROTOS) {
  const path = `google/${name}.proto`;
  mkdirSync(dirname(join(destination, 'proto', path)), { recursive: true });
  cpSync(join(GOOGLEAPIS, path), join(destination, 'proto', path));
}
