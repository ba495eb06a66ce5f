import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ClusterStats } from '../../../../lib/telemetry/stats/cluster-stats.js';
import { ConnectionManagerStats } from '../../../../lib/telemetry/stats/connection-manager-stats.js';
import { FilesystemStats } from '../../../../lib/telemetry/stats/filesystem-stats.js';
import { ListenerHttpStats } from '../../../../lib/telemetry/stats/listener-http-stats.js';
import { ListenerManagerStats } from '../../../../lib/telemetry/stats/listener-manager-stats.js';
import { ListenerStats } from '../../../../lib/telemetry/stats/listener-stats.js';
import { chargeResponseClass } from '../../../../lib/telemetry/stats/response-class.js';
import type { StatSource } from '../../../../lib/telemetry/stats/stat-source.js';
import { TracingStats } from '../../../../lib/telemetry/stats/tracing-stats.js';
import { UserAgentStats } from '../../../../lib/telemetry/stats/user-agent-stats.js';

const classes: readonly (new () => StatSource)[] = [
  ClusterStats,
  ConnectionManagerStats,
  FilesystemStats,
  ListenerHttpStats,
  ListenerManagerStats,
  ListenerStats,
  TracingStats,
  UserAgentStats,
];

/** Names of gauges, of all classes. */
const gauge =
  /_active$|bytes_buffered$|total_buffered$|^membership_(healthy|total)$|^max_host_weight$|^version$|^total_listeners_/;

/** `upstreamCxHttp1Total` -> `upstream_cx_http1_total`, `downstreamRq2xx` -> `downstream_rq_2xx`. */
function envoyName(field: string): string {
  return field
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    .replace(/(?<=_rq)(?=\dxx)/, '_');
}

/** Gives each number field of a fresh instance its own value; returns the values by stat name. */
function fill(stats: StatSource): Map<string, number> {
  const values = new Map<string, number>();
  for (const field of Object.keys(stats)) {
    if (typeof Reflect.get(stats, field) === 'number') {
      Reflect.set(stats, field, values.size + 1);
      values.set(envoyName(field), values.size + 1);
    }
  }
  return values;
}

function read(stats: StatSource): Map<string, number> {
  const values = new Map<string, number>();
  stats.visitStats((name, value) => {
    assert.ok(!values.has(name), `${name} is shown once`);
    values.set(name, value);
  });
  return values;
}

function sorted(values: Map<string, number>): [string, number][] {
  return [...values].sort(([a], [b]) => (a < b ? -1 : 1));
}

for (const StatsClass of classes) {
  describe(StatsClass.name, () => {
    test('shows every field once, under the name that Envoy spells with underscores', () => {
      const stats = new StatsClass();
      const expected = fill(stats);
      assert.ok(expected.size > 0);
      assert.deepEqual(sorted(read(stats)), sorted(expected));
    });

    test('a reset sets counters to 0 and leaves gauges', () => {
      const stats = new StatsClass();
      const before = fill(stats);
      stats.resetCounters();
      const expected = [...before].map(([name, value]): [string, number] => [
        name,
        gauge.test(name) ? value : 0,
      ]);
      assert.deepEqual(sorted(read(stats)), sorted(new Map(expected)));
    });
  });
}

test('responses are counted by class, and those of no class nowhere', () => {
  const stats = new ListenerHttpStats();
  for (const status of [101, 200, 299, 302, 404, 499, 500, 0, 600]) {
    chargeResponseClass(stats, status);
  }
  assert.deepEqual(sorted(read(stats)), [
    ['downstream_rq_1xx', 1],
    ['downstream_rq_2xx', 2],
    ['downstream_rq_3xx', 1],
    ['downstream_rq_4xx', 2],
    ['downstream_rq_5xx', 1],
  ]);
});
