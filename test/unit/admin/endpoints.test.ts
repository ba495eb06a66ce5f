import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListenerManagerStats } from '../../../lib/telemetry/stats/listener-manager-stats.js';
import { ListenerStats } from '../../../lib/telemetry/stats/listener-stats.js';
import { AdminFixture } from '../../support/admin-fixture.js';

test('/server_info is one line with name, version, state, two uptimes and the epoch', async (t) => {
  const fixture = await AdminFixture.start(t);
  fixture.clock.advance(58_700);
  assert.equal((await fixture.ask('/server_info')).body, 'pillion 1.2.3/RELEASE live 58 58 0\n');
});

test('/server_info shows draining after /healthcheck/fail and while the sidecar drains', async (t) => {
  const fixture = await AdminFixture.start(t);
  const state = async (): Promise<string | undefined> =>
    (await fixture.ask('/server_info')).body.split(' ')[2];
  await fixture.ask('/healthcheck/fail');
  assert.equal(await state(), 'draining');
  await fixture.ask('/healthcheck/ok');
  assert.equal(await state(), 'live');
  fixture.serverState.isDraining = true;
  assert.equal(await state(), 'draining');
});

test('/listeners is a JSON array of the addresses as bound', async (t) => {
  const fixture = await AdminFixture.start(t);
  assert.equal((await fixture.ask('/listeners')).body, '[]\n');
  fixture.shownListeners = [
    { name: 'a', address: { kind: 'tcp', host: '0.0.0.0', port: 80 } },
    { name: 'b', address: { kind: 'tcp', host: '::1', port: 81 } },
    { name: 'c', address: { kind: 'unix', path: '/run/a"b.sock' } },
  ];
  const { headers, body } = await fixture.ask('/listeners');
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(body, '["0.0.0.0:80","[::1]:81","/run/a\\"b.sock"]\n');
});

test('/runtime is JSON with the value of every key in each layer', async (t) => {
  const fixture = await AdminFixture.start(t);
  const ask = async (): Promise<string> => (await fixture.ask('/runtime')).body;
  assert.equal(await ask(), '{"layers":["disk","override","admin"],"entries":{}}\n');
  fixture.runtime.set('b', '2');
  fixture.runtime.set('__proto__', '"');
  assert.equal(
    await ask(),
    '{"layers":["disk","override","admin"],"entries":{' +
      '"__proto__":{"layer_values":["","","\\""],"final_value":"\\""},' +
      '"b":{"layer_values":["","","2"],"final_value":"2"}}}\n',
  );
});

async function startWithStats(t: Parameters<typeof AdminFixture.start>[0]): Promise<AdminFixture> {
  const fixture = await AdminFixture.start(t);
  const listener = new ListenerStats();
  listener.downstreamCxTotal = 12;
  listener.downstreamCxActive = 3;
  fixture.stats.register('listener.0.0.0.0:80', listener);
  return fixture;
}

test('/stats is one line for each counter and gauge, by name', async (t) => {
  const fixture = await startWithStats(t);
  assert.equal(
    (await fixture.ask('/stats')).body,
    `listener.0.0.0.0_80.downstream_cx_active: 3
listener.0.0.0.0_80.downstream_cx_destroy: 0
listener.0.0.0.0_80.downstream_cx_total: 12
`,
  );
});

test('/stats?format=json is one object with an array of names and values', async (t) => {
  const fixture = await startWithStats(t);
  const { headers, body } = await fixture.ask('/stats?format=json');
  assert.equal(headers['content-type'], 'application/json');
  assert.deepEqual(JSON.parse(body), {
    stats: [
      { name: 'listener.0.0.0.0_80.downstream_cx_active', value: 3 },
      { name: 'listener.0.0.0.0_80.downstream_cx_destroy', value: 0 },
      { name: 'listener.0.0.0.0_80.downstream_cx_total', value: 12 },
    ],
  });
});

test('/stats?filter= shows the names that contain the text, in both formats', async (t) => {
  const fixture = await startWithStats(t);
  assert.equal(
    (await fixture.ask('/stats?filter=cx_total')).body,
    'listener.0.0.0.0_80.downstream_cx_total: 12\n',
  );
  assert.deepEqual(JSON.parse((await fixture.ask('/stats?filter=none&format=json')).body), {
    stats: [],
  });
  assert.equal((await fixture.ask('/stats?filter=.*')).body, '', 'it is no pattern');
});

test('/stats in a format that it does not know is 400', async (t) => {
  const fixture = await AdminFixture.start(t);
  const { status, body } = await fixture.ask('/stats?format=xml');
  assert.equal(status, 400);
  assert.equal(body, 'usage: /stats?format=json&filter=<text>\n');
});

test('/reset_counters sets counters to 0 and leaves gauges', async (t) => {
  const fixture = await startWithStats(t);
  const manager = new ListenerManagerStats();
  manager.listenerAdded = 1;
  fixture.stats.register('listener_manager', manager);
  assert.equal((await fixture.ask('/reset_counters')).body, 'OK\n');
  assert.equal(manager.listenerAdded, 0);
  assert.match(
    (await fixture.ask('/stats')).body,
    /cx_active: 3\n.*cx_destroy: 0\n.*cx_total: 0\n/,
  );
});
