// From messages as protobufjs makes them to what a program likes to read: times are Dates, durations milliseconds,
// names of enums lose their prefix, and what is not set is not there.

const ENUM_PREFIXES = {
  state: 'STATE_',
  dedupe: 'DEDUPE_',
  would: 'DEDUPE_',
  outcome: 'OUTCOME_',
  dedupeMode: 'DEDUPE_MODE_',
  ambiguityPolicy: 'AMBIGUITY_POLICY_',
};
// Their keys are data, not fields.
const MAPS = new Set(['labels', 'submissionsByState']);

function isSecondsAndNanos(value) {
  return Object.keys(value).length === 2 && 'seconds' in value && 'nanos' in value;
}

function readableField(name, value) {
  if (value === null || value === undefined) {
    return undefined;
  }
  if (typeof value === 'string') {
    const prefix = ENUM_PREFIXES[name];
    return prefix && value.startsWith(prefix) ? value.slice(prefix.length) : value;
  }
  if (Array.isArray(value)) {
    return value.map((element) => readableField('', element));
  }
  if (typeof value !== 'object' || Buffer.isBuffer(value)) {
    return value;
  }
  if (MAPS.has(name)) {
    return { ...value };
  }
  if (isSecondsAndNanos(value)) {
    const millis = value.seconds * 1000 + value.nanos / 1e6;
    return /[tT]ime$/.test(name) ? new Date(millis) : millis;
  }
  return readable(value);
}

export function readable(message) {
  const result = {};
  for (const [name, value] of Object.entries(message)) {
    // The names of oneofs are protobufjs' own; those of optional fields begin with an underscore.
    const field = name.startsWith('_') ? undefined : readableField(name, value);
    if (field !== undefined) {
      result[name] = field;
    }
  }
  return result;
}
