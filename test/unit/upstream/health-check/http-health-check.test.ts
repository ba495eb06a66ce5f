import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultRuntime } from '../../../../lib/base/runtime.js';
import type { HealthCheckConfig } from '../../../../lib/config/health-check-config.js';
import { HealthCheckStats } from '../../../../lib/telemetry/stats/health-check-stats.js';
import { HttpHealthCheck } from '../../../../lib/upstream/health-check/http-health-check.js';
import { assertVerdict, times } from '../../../support/health-verdicts.js';
import { ScriptedRandom } from '../../../support/scripted-random.js';

function http(
  parts: Partial<Extract<HealthCheckConfig, { type: 'http' }>> = {},
  clusterName = 'app',
): HttpHealthCheck {
  const config = { ...times, type: 'http', path: '/ok', serviceName: undefined, ...parts } as const;
  const stats = new HealthCheckStats();
  const random = new ScriptedRandom(0);
  return new HttpHealthCheck(config, { clusterName, stats, runtime: defaultRuntime, random });
}

describe('an answer by HTTP', () => {
  test('is judged by its status when it is complete', () => {
    const rest = 'content-length: 2\r\n\r\nok';
    assertVerdict(http(), `HTTP/1.1 200 OK\r\n${rest}`, 'success reusable');
    assertVerdict(http(), `HTTP/1.1 503 No\r\n${rest}`, 'active reusable');
    assertVerdict(http(), 'HTTP/1.1 204 No Content\r\n\r\n', 'active reusable');
    assertVerdict(http(), 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok', 'open');
    assertVerdict(http(), 'HTTP/1.1 200 OK\r\n\r\nok', 'success at end');
    assertVerdict(http(), `HTTP/1.0 200 OK\r\n${rest}`, 'success');
    assertVerdict(http(), `HTTP/1.1 200 OK\r\nconnection: close\r\n${rest}`, 'success');
  });

  test('that is none is as good as no answer', () => {
    for (const answer of ['SSH-2.0-x\r\n', 'HTTP/1.1 200 OK\r\na b: c\r\n\r\n']) {
      assertVerdict(http(), answer, 'network');
    }
  });

  test('tells by its first identity header who answers, in bytes', () => {
    const check = http({ serviceName: 'größer' });
    const name = Buffer.from('größer-2').toString('latin1');
    const head = (value: string): string =>
      `HTTP/1.1 200 OK\r\nX-Envoy-Upstream-HealthChecked-Cluster: ${value}\r\ncontent-length: 0\r\n\r\n`;
    assertVerdict(check, head(name), 'success reusable');
    assertVerdict(check, head('gr'), 'active reusable');
    const second = '\r\nx-envoy-upstream-healthchecked-cluster: ';
    assertVerdict(check, head(`other${second}${name}`), 'active reusable');
  });
});

test('a question by HTTP is one request, whatever path and cluster are called', () => {
  assert.equal(
    http({ path: '/gesund?für=x y' }, 'a\r\nb: größe').question.toString('utf8'),
    'GET /gesund?für=x y HTTP/1.1\r\nhost: a__b: größe\r\nuser-agent: Envoy/HC\r\n\r\n',
  );
});
