import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { clusterCounts } from '../support/cluster-counts.js';
import { staticCluster } from '../support/config-builder.js';
import { discovered, tellHosts } from '../support/discovery-server.js';
import { FakeUpstream, type UpstreamHandler } from '../support/fake-upstream.js';
import { heldHeapBytes } from '../support/held-bytes.js';
import { JumpingClock } from '../support/jumping-clock.js';
import { TestProxy } from '../support/proxy.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { until } from '../support/until.js';

const refreshDelayMs = 10_000;
/** Time in which an answer must come. */
const answerMs = 1000;
/** An hour of questions. */
const eventCount = 3600_000 / refreshDelayMs;
/** Of what is compiled and remembered when it is met first, nothing counts as growth. */
const warmUpCount = eventCount / 3;
/** How much an hour of wrong answers may add to what is held; what is compiled on the way is in it. */
const maxGrowthBytes = 1024 * 1024;

interface Answer {
  readonly what: string;
  readonly handler: UpstreamHandler;
  /** Whether it is of use, so that the hosts are those that it tells of. */
  readonly isGood?: boolean;
  /** Whether it comes only after the time in which it must. */
  readonly isLate?: boolean;
  /** Given once in a hundred times, as it takes its time. */
  readonly isRare?: boolean;
}

function say(status: number, body: string): UpstreamHandler {
  return (_request, response) => response.writeHead(status).end(body);
}

/** A body of 10 MB that ends like this. */
function flood(end: string): UpstreamHandler {
  return (_request, response) => {
    response.write(Buffer.alloc(10 * 1024 * 1024, ' '));
    response.end(end);
  };
}

/** Sends an answer in pieces of a few bytes, each in a turn of its own. */
function trickle(body: string): UpstreamHandler {
  return (_request, response) => {
    const sendFrom = (at: number): void => {
      if (at >= body.length) {
        response.end();
      } else {
        response.write(body.slice(at, at + 9), () => setImmediate(sendFrom, at + 9));
      }
    };
    sendFrom(0);
  };
}

function cut(_request: unknown, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('{"hosts":[', () => response.destroy());
}

/** Everything that a registry may say, once or again and again. */
function answersOf(host: FakeUpstream): readonly Answer[] {
  const entry = discovered(host);
  const body = JSON.stringify({ hosts: [entry] });
  const hostsWith = (more: object): string => JSON.stringify({ hosts: [entry, more] });
  const ip_address = '127.0.0.1';
  return [
    { what: 'as it should be', handler: tellHosts([entry]), isGood: true },
    { what: 'in pieces', handler: trickle(body), isGood: true },
    { what: 'duplicates', handler: tellHosts([entry, entry, entry]), isGood: true },
    { what: 'another content type', handler: say(200, body), isGood: true },
    { what: 'status 500', handler: say(500, body) },
    { what: 'status 404', handler: say(404, '') },
    { what: 'status 204', handler: say(204, '') },
    { what: 'no JSON', handler: say(200, '<html>') },
    { what: 'half of it', handler: say(200, body.slice(0, 20)) },
    { what: 'nothing', handler: say(200, '') },
    { what: 'null', handler: say(200, 'null') },
    { what: 'a list', handler: say(200, '[]') },
    { what: 'hosts of another type', handler: say(200, '{"hosts":{}}') },
    { what: 'deep nesting', handler: say(200, `${'['.repeat(9999)}${']'.repeat(9999)}`) },
    { what: 'a name', handler: say(200, hostsWith({ ip_address: 'app.test', port: 80 })) },
    { what: 'port 0', handler: say(200, hostsWith({ ip_address, port: 0 })) },
    { what: 'port 65536', handler: say(200, hostsWith({ ip_address, port: 65_536 })) },
    {
      what: 'a weight of 1000',
      handler: say(200, hostsWith({ ip_address, port: 1, tags: { load_balancing_weight: 1000 } })),
    },
    { what: 'an end before its end', handler: cut },
    { what: 'a reset', handler: (request) => request.socket.resetAndDestroy() },
    { what: 'silence', handler: () => {}, isLate: true },
    { what: 'half of it and silence', handler: hang, isLate: true },
    { what: '10 MB, and hosts', handler: flood(body), isGood: true, isRare: true },
    { what: '10 MB, and nothing', handler: flood(''), isRare: true },
  ];
}

function hang(_request: unknown, response: ServerResponse): void {
  response.write('{"hosts":');
}

/** A sidecar whose registry and time the test drives. */
interface Storm {
  readonly proxy: TestProxy;
  readonly registry: FakeUpstream;
  readonly host: FakeUpstream;
  /** Moves time on. */
  advance(ms: number): void;
}

async function startStorm(t: TestContext, clock?: JumpingClock): Promise<Storm> {
  const host = await FakeUpstream.start();
  const registry = await FakeUpstream.start(tellHosts([discovered(host)]));
  t.after(() => host.close());
  const cluster = { type: 'sds', service_name: 'app', connect_timeout_ms: 250 };
  const proxy = await TestProxy.start(t, {
    upstream: registry,
    environment: { random: new ScriptedRandom(0), ...(clock === undefined ? {} : { clock }) },
    config: {
      clusters: [{ name: 'app', lb_type: 'round_robin', ...cluster }],
      sds: {
        cluster: staticCluster('discovery', [registry.url]),
        refresh_delay_ms: refreshDelayMs,
      },
    },
  });
  const advance = (ms: number): void =>
    clock === undefined ? proxy.clock.advance(ms) : clock.jump(ms);
  return { proxy, registry, host, advance };
}

/** How many questions have had a good answer, and how many none. */
interface Counts {
  readonly good: number;
  readonly bad: number;
}

async function countAnswers(proxy: TestProxy): Promise<Counts> {
  const counts = await clusterCounts(proxy, 'app', 'update_success', 'update_failure');
  return { good: counts.update_success, bad: counts.update_failure };
}

/** Lets the sidecar ask once; resolves when it has dealt with all answers up to this one. */
async function ask(storm: Storm, answer: Answer, count: number): Promise<Counts> {
  const { proxy, registry } = storm;
  registry.requests.length = 0;
  registry.handler = answer.handler;
  storm.advance(refreshDelayMs);
  await until(() => registry.requests.length > 0, `the registry is asked for ${answer.what}`);
  if (answer.isLate === true) {
    storm.advance(answerMs);
  }
  let counts = await countAnswers(proxy);
  for (let i = 0; i < 2000 && counts.good + counts.bad < count; i++) {
    counts = await countAnswers(proxy);
  }
  return counts;
}

test('an hour of wrong answers changes nothing, is counted, and leaves nothing behind', async (t) => {
  const storm = await startStorm(t);
  const all = answersOf(storm.host);
  const common = all.filter(({ isRare }) => isRare !== true);
  const rare = all.filter(({ isRare }) => isRare === true);
  let good = 1;
  let heapBytes = 0;
  for (let i = 0; i < eventCount; i++) {
    const answer = i % 60 < 58 ? common[i % common.length] : rare[i % rare.length];
    assert.ok(answer !== undefined);
    good += answer.isGood === true ? 1 : 0;
    const counted = await ask(storm, answer, i + 2);
    assert.deepEqual(counted, { good, bad: i + 2 - good }, answer.what);
    if (i % 10 === 0) {
      assert.equal((await storm.proxy.send()).text, 'hello', `after ${answer.what}`);
      storm.host.requests.length = 0;
    }
    if (i === warmUpCount) {
      heapBytes = heldHeapBytes();
    }
  }
  const growthBytes = heldHeapBytes() - heapBytes;
  t.diagnostic(`${good} answers of ${eventCount + 1} were good, the heap grew by ${growthBytes}`);
  assert.ok(growthBytes < maxGrowthBytes, `the heap grew by ${growthBytes} bytes`);
  const { membership_change } = await clusterCounts(storm.proxy, 'app', 'membership_change');
  assert.equal(membership_change, 1);
});

test('after a day asleep the registry is asked once, and then as before', async (t) => {
  const clock = new JumpingClock();
  const storm = await startStorm(t, clock);
  const answer = { what: 'an answer', handler: tellHosts([discovered(storm.host)]) };
  clock.jump(24 * 3600_000);
  await until(() => storm.registry.requests.length === 2, 'the registry is asked');
  assert.equal((await storm.proxy.send()).text, 'hello');
  for (let count = 3; count < 6; count++) {
    assert.deepEqual(await ask(storm, answer, count), { good: count, bad: 0 });
    assert.equal(storm.registry.requests.length, 1);
  }
});

test('a clock that is set back or ahead shows in the date of responses alone', async (t) => {
  const clock = new JumpingClock();
  const storm = await startStorm(t, clock);
  const answer = { what: 'an answer', handler: tellHosts([discovered(storm.host)]) };
  for (const [index, year] of [1999, 2037].entries()) {
    clock.setWall(Date.UTC(year, 0, 1));
    assert.deepEqual(await ask(storm, answer, index + 2), { good: index + 2, bad: 0 });
    const { headers, text } = await storm.proxy.send();
    assert.equal(text, 'hello');
    assert.match(String(headers['date']), new RegExp(`01 Jan ${year}`));
  }
});
