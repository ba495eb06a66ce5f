import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultRuntime, type Runtime } from '../../../../lib/base/runtime.js';
import type { AccessLogFilterConfig } from '../../../../lib/config/access-log-config.js';
import type { RequestInfo } from '../../../../lib/http/request-info.js';
import { compileAccessLogFilter } from '../../../../lib/telemetry/access-log/access-log-filter.js';
import { createRequestInfo } from '../../../support/request-info-fixture.js';

/** A runtime with these values. */
function runtimeOf(values: Readonly<Record<string, number>>): Runtime {
  return { integer: (key, fallback) => values[key] ?? fallback };
}

function passes(
  config: AccessLogFilterConfig,
  parts: Partial<RequestInfo> = {},
  runtime: Runtime = defaultRuntime,
): boolean {
  return compileAccessLogFilter(config, runtime)(createRequestInfo(parts));
}

function withRequestId(...ids: string[]): Partial<RequestInfo> {
  const headers = ids.flatMap((id) => ['x-request-id', id]);
  return { requestHead: { method: 'GET', path: '/', authority: 'foo.com', headers } };
}

/** A request id whose trace mark is `mark`. */
function requestId(mark: string): string {
  return `a7b3c2d1-0000-${mark}000-8000-000000000000`;
}

describe('status_code', () => {
  const atLeast500 = { type: 'status_code', op: '>=', value: 500, runtimeKey: undefined } as const;

  test('with >= passes the value and what is above', () => {
    assert.equal(passes(atLeast500, { responseCode: 499 }), false);
    assert.equal(passes(atLeast500, { responseCode: 500 }), true);
    assert.equal(passes(atLeast500, { responseCode: 503 }), true);
  });

  test('with = passes the value alone', () => {
    const is404 = { ...atLeast500, op: '=', value: 404 } as const;
    assert.equal(passes(is404, { responseCode: 403 }), false);
    assert.equal(passes(is404, { responseCode: 404 }), true);
    assert.equal(passes(is404, { responseCode: 405 }), false);
  });

  test('takes a request without a response for 0', () => {
    assert.equal(passes({ ...atLeast500, op: '=', value: 0 }, { responseCode: 0 }), true);
  });

  test('compares with the value of the runtime key if it has one', () => {
    const config = { ...atLeast500, runtimeKey: 'limit' };
    const parts = { responseCode: 404 };
    assert.equal(passes(config, parts), false);
    assert.equal(passes(config, parts, runtimeOf({ other: 400 })), false);
    assert.equal(passes(config, parts, runtimeOf({ limit: 400 })), true);
  });
});

describe('duration', () => {
  const atLeast100 = { type: 'duration', op: '>=', value: 100, runtimeKey: undefined } as const;

  test('compares whole milliseconds', () => {
    assert.equal(passes(atLeast100, { durationMs: 99.9 }), false);
    assert.equal(passes(atLeast100, { durationMs: 100 }), true);
    const is100 = { ...atLeast100, op: '=' } as const;
    assert.equal(passes(is100, { durationMs: 100.9 }), true);
    assert.equal(passes(is100, { durationMs: 101 }), false);
  });

  test('asks for the runtime key at each request', () => {
    let limit = 1000;
    const filter = compileAccessLogFilter(
      { ...atLeast100, runtimeKey: 'limit' },
      { integer: () => limit },
    );
    const info = createRequestInfo({ durationMs: 500 });
    assert.equal(filter(info), false);
    limit = 400;
    assert.equal(filter(info), true);
  });
});

test('not_healthcheck passes what is not marked as a health check', () => {
  assert.equal(passes({ type: 'not_healthcheck' }, { isHealthCheck: false }), true);
  assert.equal(passes({ type: 'not_healthcheck' }, { isHealthCheck: true }), false);
});

describe('traceable_request', () => {
  const traceable = { type: 'traceable_request' } as const;

  test('passes requests whose trace was forced by a service, and no others', () => {
    assert.equal(passes(traceable, withRequestId(requestId('a'))), true);
    for (const mark of ['4', '9', 'b', 'A']) {
      assert.equal(passes(traceable, withRequestId(requestId(mark))), false, mark);
    }
  });

  test('does not pass health checks, nor requests without a UUID', () => {
    const marked = withRequestId(requestId('a'));
    assert.equal(passes(traceable, { ...marked, isHealthCheck: true }), false);
    assert.equal(passes(traceable, withRequestId()), false);
    assert.equal(passes(traceable, withRequestId(`${requestId('a')}0`)), false);
    assert.equal(passes(traceable, withRequestId(requestId('a').slice(0, 20))), false);
  });
});

describe('runtime', () => {
  const sampled = { type: 'runtime', key: 'sampled' } as const;
  /** The remainder of 0xa7b3c2d1 by 100. */
  const share = 0xa7b3c2d1 % 100;

  test('passes nothing as long as the key has no value', () => {
    assert.equal(passes(sampled, { ...withRequestId('00000000'), stableRandom: 0 }), false);
  });

  test('decides by the first 8 hexadecimal digits of the request id', () => {
    const parts = { ...withRequestId(requestId('4').toUpperCase()), stableRandom: 0 };
    assert.equal(passes(sampled, parts, runtimeOf({ sampled: share })), false);
    assert.equal(passes(sampled, parts, runtimeOf({ sampled: share + 1 })), true);
  });

  test('decides by the random number of the request if there is no such id', () => {
    for (const parts of [withRequestId(), withRequestId('a7b3c2d'), withRequestId('a7b3-c2d1')]) {
      const drawn = { ...parts, stableRandom: 1230 };
      assert.equal(passes(sampled, drawn, runtimeOf({ sampled: 30 })), false);
      assert.equal(passes(sampled, drawn, runtimeOf({ sampled: 31 })), true);
    }
  });

  test('passes everything from 100 percent on', () => {
    const parts = { ...withRequestId(), stableRandom: 99 };
    assert.equal(passes(sampled, parts, runtimeOf({ sampled: 100 })), true);
    assert.equal(passes(sampled, parts, runtimeOf({ sampled: 10_000 })), true);
  });
});

describe('logical_and and logical_or', () => {
  const yes = { type: 'status_code', op: '>=', value: 0, runtimeKey: 'yes' } as const;
  const no = { type: 'status_code', op: '>=', value: 599, runtimeKey: 'no' } as const;

  /** What a filter answers, and which of its parts were asked. */
  function ask(type: 'logical_and' | 'logical_or', ...filters: AccessLogFilterConfig[]): string {
    const asked: string[] = [];
    const runtime: Runtime = {
      integer(key, fallback) {
        asked.push(key);
        return fallback;
      },
    };
    return `${passes({ type, filters }, {}, runtime)}: ${asked.join(' ')}`;
  }

  test('logical_and asks in order, until one does not pass', () => {
    assert.equal(ask('logical_and', yes, yes), 'true: yes yes');
    assert.equal(ask('logical_and', yes, no, yes), 'false: yes no');
  });

  test('logical_or asks in order, until one passes', () => {
    assert.equal(ask('logical_or', no, no), 'false: no no');
    assert.equal(ask('logical_or', no, yes, no), 'true: no yes');
  });

  test('hold each other', () => {
    const inner = { type: 'logical_or', filters: [no, yes] } as const;
    assert.equal(ask('logical_and', inner, yes), 'true: no yes yes');
    assert.equal(ask('logical_and', inner, no), 'false: no yes no');
  });
});
