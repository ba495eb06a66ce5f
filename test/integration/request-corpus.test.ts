import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../support/project-root.js';
import { assertUnambiguous, exchangeRaw } from '../support/raw-exchange.js';

/** Public requests that are not a part of the project; the tests are skipped where they lack. */
const directory = join(projectRoot, '..', 'shared', 'corpus', 'http1');

/** A request that some implementation has been seen to misread. */
interface SmugglingPayload {
  readonly bug: string;
  readonly payload_latin1: string;
}

/** A request, and the ranges of statuses that may answer it. */
interface RangedRequest {
  readonly description: string;
  readonly request: string;
  readonly expectedStatus: readonly (readonly [from: number, to: number])[];
  /** The request is incomplete: no answer is an answer too. */
  readonly expectedTimeout?: boolean;
}

/** Reads a list of cases, or returns `undefined` if it is not there. */
function readCases<T>(file: string): readonly T[] | undefined {
  const path = join(directory, file);
  // The files say what the interfaces above say; a test that finds another thing fails.
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T[]) : undefined;
}

const payloads = readCases<SmugglingPayload>('http-garden-payloads.json');
if (payloads === undefined) {
  test('hands on no smuggled request', (t) => t.skip('http-garden-payloads.json is not there'));
}
payloads?.forEach(({ bug, payload_latin1: payload }, index) => {
  test(`hands on no smuggled request ${index}: ${bug.slice(0, 80)}`, async (t) => {
    const exchange = await exchangeRaw(t, payload);
    assertUnambiguous(exchange);
    for (const { target } of exchange.requests) {
      // What each of them would smuggle is either this, or lies in a body.
      assert.notEqual(target, '/evil');
    }
    if (exchange.statuses.length === 0) {
      // Either the request is incomplete, or the connection was cut.
      assert.ok(exchange.isClosed || exchange.requests.length === 0);
    }
  });
});

const ranged = readCases<RangedRequest>('h1spec-cases.json');
if (ranged === undefined) {
  test('answers in the accepted range', (t) => t.skip('h1spec-cases.json is not there'));
}
ranged?.forEach(({ description, request, expectedStatus, expectedTimeout }) => {
  test(`answers in the accepted range: ${description}`, async (t) => {
    const exchange = await exchangeRaw(t, request);
    assertUnambiguous(exchange);
    const [status] = exchange.statuses;
    if (status === undefined) {
      assert.ok(expectedTimeout === true && !exchange.isClosed, 'there is no answer');
      return;
    }
    const isAccepted = expectedStatus.some(([from, to]) => status >= from && status <= to);
    assert.ok(isAccepted, `${status} is not among ${JSON.stringify(expectedStatus)}`);
  });
});
