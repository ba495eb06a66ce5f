import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../lib/base/errors.js';
import { parseConfig, parseConfigText } from '../../lib/config/parse-config.js';
import { type JsonValue, readSeed } from '../support/config-documents.js';
import { createRichDocument } from '../support/rich-document.js';
import { SeededRandom } from '../support/seeded-random.js';

const rounds = 3000;

/** The seeds, and a document with many keys that they do not have. */
const seeds = [
  readSeed('edge-envoy'),
  readSeed('flask-app-envoy'),
  Buffer.from(JSON.stringify(createRichDocument())),
] as const;

/** Values that stand nowhere in a good document, and a few that do. */
const strangeValues: [unknown, ...unknown[]] = [
  null,
  undefined,
  true,
  0,
  -1,
  1.5,
  1e308,
  Number.NaN,
  '',
  '/',
  '*',
  'x'.repeat(300),
  'static',
  'sds',
  'http2',
  'tcp://127.0.0.1:80',
  'unix:///run/app',
  'tcp://[::]:1',
  [],
  [[]],
  {},
  { __proto__: null },
  new Map(),
  () => {},
  Symbol('strange'),
  10n,
];

const strangeKeys: [string, ...string[]] = [
  'regex',
  'ssl_context',
  'port',
  'Name',
  'constructor',
  'hasOwnProperty',
  '',
  '\n',
  'static_resources',
];

/** Every container of a document, which may have cycles. */
function containersOf(document: JsonValue): object[] {
  const containers = new Set<object>();
  const waiting = [document];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value === 'object' && value !== null && !containers.has(value)) {
      containers.add(value);
      waiting.push(...Object.values(value));
    }
  }
  return [...containers];
}

/** Puts something strange into one place of a document. */
function mutate(document: JsonValue, random: SeededRandom): void {
  const containers = containersOf(document);
  const container = containers[random.integer(containers.length)] ?? {};
  const keys = Object.keys(container);
  const key = keys[random.integer(keys.length)] ?? '0';
  // Arrays and objects are changed alike here, by key.
  const members = container as Record<string, unknown>;
  switch (random.integer(4)) {
    case 0:
      members[key] = random.pick(strangeValues);
      break;
    case 1:
      delete members[key];
      break;
    case 2:
      members[random.pick(strangeKeys)] = members[key];
      break;
    default:
      if (Array.isArray(container)) {
        container.push(containers[random.integer(containers.length)]);
      } else {
        members[`${key}s`] = members[key];
        delete members[key];
      }
  }
}

function mutateBytes(bytes: Buffer, random: SeededRandom): Buffer {
  const at = random.integer(bytes.length);
  const end = at + random.integer(20);
  switch (random.integer(4)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    case 2: {
      const copy = Buffer.from(bytes);
      copy[at] = random.integer(256);
      return copy;
    }
    default:
      return bytes.subarray(0, at);
  }
}

/** Asserts that `parse` gives a frozen result or a `ConfigError`; answers whether it gave the former. */
function assertClean(parse: () => object, describe: () => string): boolean {
  try {
    assert.ok(Object.isFrozen(parse()));
    return true;
  } catch (error) {
    assert.ok(error instanceof ConfigError, `${describe()}: ${error}`);
    assert.ok(error.problems.length > 0, describe());
    for (const { message } of error.problems) {
      assert.ok(message.length > 10 && !message.includes('\n'), message);
    }
    return false;
  }
}

test('a seed with strange values, keys or cycles is accepted or refused, and nothing else', () => {
  const random = new SeededRandom(20160919);
  let accepted = 0;
  for (let round = 0; round < rounds; round++) {
    const document: JsonValue = JSON.parse(String(seeds[round % 3]));
    for (let times = random.integer(3); times >= 0; times--) {
      mutate(document, random);
    }
    const unsupported = random.integer(2) === 0 ? 'error' : 'warn';
    if (
      assertClean(
        () => parseConfig(document, { source: 'test', unsupported }),
        () => `round ${round}`,
      )
    ) {
      accepted++;
    }
  }
  assert.ok(accepted > rounds / 100 && accepted < rounds / 2, `accepted ${accepted}`);
});

test('the text of a seed with changed bytes is accepted or refused, and nothing else', () => {
  const random = new SeededRandom(19092016);
  let accepted = 0;
  for (let round = 0; round < rounds; round++) {
    let bytes = seeds[round % 3] ?? seeds[0];
    for (let times = random.integer(3); times >= 0; times--) {
      bytes = mutateBytes(bytes, random);
    }
    const unsupported = random.integer(2) === 0 ? 'error' : 'warn';
    if (
      assertClean(
        () => parseConfigText(bytes, { source: 'test', unsupported }),
        () => bytes.toString(),
      )
    ) {
      accepted++;
    }
  }
  assert.ok(accepted > rounds / 100 && accepted < rounds / 2, `accepted ${accepted}`);
});
