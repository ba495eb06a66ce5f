import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { findKnownDifference } from '../../../support/known-parser-differences.js';
import { type NodeResponse, NodeResponseParser } from '../../../support/node-response-parser.js';
import {
  FuzzRandom,
  type GeneratedResponse,
  generateResponse,
} from '../../../support/response-generator.js';
import { mutateBody, mutateFraming, mutateResponse } from '../../../support/response-mutator.js';
import {
  parseResponse,
  type RecordedResponse,
  randomSplits,
} from '../../../support/response-recorder.js';

// To repeat a failure: PILLION_FUZZ_SEED=<seed of the message> PILLION_FUZZ_MESSAGES=1. To search
// further: any other seed, and as many messages as time allows.
const firstSeed = Number(process.env['PILLION_FUZZ_SEED'] ?? 1);
const messagesPerTest = Number(process.env['PILLION_FUZZ_MESSAGES'] ?? 25_000);
const batchSize = 250;
/** Small, so that it is met now and then. */
const maxHeadBytes = 2000;

before(() => {
  // Node.js makes an error for every message that it refuses. Nobody looks at their stacks.
  Error.stackTraceLimit = 0;
});

interface FuzzCase {
  readonly seed: number;
  readonly generated: GeneratedResponse;
  readonly raw: string;
  readonly splits: number[];
  readonly nodeSplits: number[];
}

/** Changes a message, as `mutateResponse` does. */
type Mutation = (random: FuzzRandom, raw: string) => string;

function createCase(seed: number, mutate: Mutation): FuzzCase {
  const random = new FuzzRandom(seed);
  const generated = generateResponse(random);
  const raw = mutate(random, generated.raw);
  const splits = randomSplits(random, raw.length);
  return { seed, generated, raw, splits, nodeSplits: randomSplits(random, raw.length) };
}

function asGenerated(_random: FuzzRandom, raw: string): string {
  return raw;
}

function faults(count: number): Mutation {
  return (random, raw) => {
    let mutated = raw;
    for (let i = 0; i < count; i++) {
      mutated = mutateResponse(random, mutated);
    }
    return mutated;
  };
}

function parseCase(fuzzCase: FuzzCase): RecordedResponse {
  const { raw, splits, generated } = fuzzCase;
  return parseResponse(raw, { method: generated.method, maxHeadBytes, splits });
}

/**
 * Has Node.js parse the same bytes. They are also split before and behind the last byte that we
 * consumed, so that a message which ends elsewhere is noticed.
 */
function parseByNode(parser: NodeResponseParser, fuzzCase: FuzzCase, end: number): NodeResponse {
  const splits = new Set([...fuzzCase.nodeSplits, Math.max(0, end - 1), end]);
  return parser.parse(
    Buffer.from(fuzzCase.raw, 'latin1'),
    [...splits].sort((a, b) => a - b),
  );
}

/** Returns in what the two differ, or `undefined`. */
function compare(ours: RecordedResponse, node: NodeResponse): string | undefined {
  if (ours.verdict !== node.verdict) {
    return 'verdict';
  }
  if (!isSame(ours.informational, node.informational)) {
    return 'informational responses';
  }
  if (!isSame(ours.head, node.head)) {
    return 'head';
  }
  if (ours.body !== node.body) {
    return 'body';
  }
  if (ours.verdict !== 'complete') {
    return undefined;
  }
  if (!isSame(ours.trailers ?? [], node.trailers ?? [])) {
    return 'trailers';
  }
  if (ours.consumed !== node.completeAt) {
    return 'end of the message';
  }
  return ours.keepAlive && !node.keepAlive ? 'keepAlive' : undefined;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Parses `count` messages by both, and fails at the first difference that no rule explains. */
async function compareMany(
  first: number,
  count: number,
  mutate: Mutation,
): Promise<Map<string, number>> {
  const known = new Map<string, number>();
  for (let at = first; at < first + count; at += batchSize) {
    const batch: [FuzzCase, NodeResponseParser][] = [];
    for (let seed = at; seed < Math.min(at + batchSize, first + count); seed++) {
      const fuzzCase = createCase(seed, mutate);
      batch.push([fuzzCase, new NodeResponseParser(fuzzCase.generated.method, maxHeadBytes)]);
    }
    await nextTurn();
    for (const [fuzzCase, parser] of batch) {
      const ours = parseCase(fuzzCase);
      const node = parseByNode(parser, fuzzCase, ours.consumed);
      const difference = compare(ours, node);
      if (difference !== undefined) {
        const { raw, generated } = fuzzCase;
        const rule = findKnownDifference({
          method: generated.method,
          raw,
          maxHeadBytes,
          ours,
          node,
        });
        assert.ok(rule !== undefined, describe(difference, fuzzCase, ours, node));
        known.set(rule, (known.get(rule) ?? 0) + 1);
      }
    }
  }
  return known;
}

function describe(what: string, fuzzCase: FuzzCase, ours: unknown, node: unknown): string {
  const { seed, raw, splits, generated } = fuzzCase;
  const message = { method: generated.method, raw, splits };
  return [
    `parsers differ in the ${what}, seed ${seed}`,
    `message: ${JSON.stringify(message)}`,
    `ours: ${JSON.stringify(ours)}`,
    `node: ${JSON.stringify(node)}`,
  ].join('\n');
}

function report(known: Map<string, number>): string {
  return [...known].map(([rule, count]) => `${count} x ${rule}`).join('; ') || 'no differences';
}

test('reads what the generator says of every valid response', () => {
  for (let seed = firstSeed; seed < firstSeed + messagesPerTest; seed++) {
    const fuzzCase = createCase(seed, asGenerated);
    const { generated } = fuzzCase;
    const { method, raw } = generated;
    const ours = parseResponse(raw, { method, splits: fuzzCase.splits });
    const actual = [ours.verdict, ours.consumed, ours.informational, ours.head, ours.body];
    const { length, informational, head, body } = generated;
    const expected = ['complete', length, informational, head, body];
    assert.ok(
      isSame(actual, expected) && isSame(ours.trailers ?? [], generated.trailers),
      describe('reading of a valid response', fuzzCase, ours, undefined),
    );
  }
});

const rounds: [name: string, mutate: Mutation][] = [
  ['valid responses', asGenerated],
  ['responses with one fault', faults(1)],
  ['responses with one fault, again', faults(1)],
  ['responses with two faults', faults(2)],
  ['responses with three faults', faults(3)],
  ['responses with many faults', faults(10)],
  ['responses with conflicting framing', mutateFraming],
  ['responses with a fault in the body', mutateBody],
];

for (const [index, [name, mutate]] of rounds.entries()) {
  test(`agrees with node:http on ${name}`, async (t) => {
    const isReplay = messagesPerTest === 1;
    const first = isReplay ? firstSeed : firstSeed + index * messagesPerTest;
    t.diagnostic(report(await compareMany(first, messagesPerTest, mutate)));
  });
}

test('keeps no memory from one message to the next', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const usedAfter = (messages: number): number => {
    for (let seed = 1; seed <= messages; seed++) {
      parseCase(createCase(seed + messages, faults(1)));
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  // The first round fills what is remembered of header names, which is bounded.
  const before = usedAfter(10_000);
  const grown = usedAfter(20_000) - before;
  assert.ok(grown < 512 * 1024, `grown by ${grown} bytes`);
});
