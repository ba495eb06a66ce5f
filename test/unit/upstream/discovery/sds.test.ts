import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimerWheel } from '../../../../lib/base/timer-wheel.js';
import type { AsyncClient, AsyncRequest, AsyncResult } from '../../../../lib/http/async-client.js';
import { SdsDiscovery } from '../../../../lib/upstream/discovery/sds.js';
import { ClusterFixture } from '../../../support/cluster-fixture.js';
import { ScriptedRandom } from '../../../support/scripted-random.js';

interface Question {
  readonly request: AsyncRequest;
  readonly timeoutMs: number;
  readonly onResult: (result: AsyncResult) => void;
  isCancelled: boolean;
}

class SdsFixture extends ClusterFixture implements AsyncClient {
  readonly questions: Question[] = [];
  readonly discovery: SdsDiscovery;
  initializedCount = 0;

  constructor(...draws: number[]) {
    super();
    this.discovery = new SdsDiscovery(this.cluster, 'orders.default.svc.cluster.local', {
      clock: this.clock,
      wheel: new TimerWheel(this.clock),
      random: new ScriptedRandom(...draws),
      log: this.log,
      client: this,
      clusterName: 'discovery',
      refreshDelayMs: 1000,
    });
    this.discovery.start(() => this.initializedCount++);
  }

  send(
    request: AsyncRequest,
    timeoutMs: number,
    onResult: (result: AsyncResult) => void,
  ): () => void {
    const question: Question = { request, timeoutMs, onResult, isCancelled: false };
    this.questions.push(question);
    return () => {
      question.isCancelled = true;
    };
  }

  /** Answers the last question. */
  answer(result: AsyncResult): void {
    const last = this.questions.at(-1);
    assert.ok(last !== undefined);
    last.onResult(result);
  }

  answerBody(body: string, status = 200): void {
    this.answer({ kind: 'response', status, body: Buffer.from(body) });
  }

  answerHosts(...hosts: object[]): void {
    this.answerBody(JSON.stringify({ hosts }));
  }

  /** Moves on to the next question. */
  nextQuestion(): void {
    const count = this.questions.length;
    this.clock.advance(2000);
    assert.equal(this.questions.length, count + 1);
  }
}

const a = { ip_address: '192.0.2.1', port: 80 };
const b = { ip_address: '192.0.2.2', port: 80 };

test('the service is asked for by its name, at the start, with a time limit of one second', () => {
  const { questions } = new SdsFixture();
  assert.equal(questions.length, 1);
  assert.deepEqual(questions[0]?.request, {
    method: 'GET',
    path: '/v1/registration/orders.default.svc.cluster.local',
    authority: 'discovery',
  });
  assert.equal(questions[0]?.timeoutMs, 1000);
});

test('the hosts of the answer are the members', () => {
  const fixture = new SdsFixture();
  assert.equal(fixture.initializedCount, 0);
  fixture.answerHosts(
    { ...a, tags: { az: 'eu-1a', canary: true, load_balancing_weight: 7 } },
    { ip_address: '2001:db8::1', port: 81, unknown: 'accepted' },
  );
  assert.equal(fixture.initializedCount, 1);
  assert.deepEqual(fixture.members, ['192.0.2.1:80', '[2001:db8::1]:81']);
  const [first, second] = fixture.cluster.hostSet.hosts;
  assert.deepEqual([first?.zone, first?.isCanary, first?.weight], ['eu-1a', true, 7]);
  assert.deepEqual([second?.zone, second?.isCanary, second?.weight], ['', false, 1]);
  assert.equal(fixture.cluster.stats.updateSuccess, 1);
});

test('the next question follows after the refresh delay and up to as much again', () => {
  for (const [draw, delayMs] of [
    [0, 1000],
    [999, 1999],
    [1000, 1000],
    [4_294_967_295, 1295],
  ] as const) {
    const fixture = new SdsFixture(draw);
    fixture.clock.advance(700);
    fixture.answerHosts(a);
    fixture.clock.advance(delayMs - 1);
    assert.equal(fixture.questions.length, 1, `${draw}: too early`);
    // Rounded up, by one percent at most.
    fixture.clock.advance(1 + Math.floor(delayMs / 100));
    assert.equal(fixture.questions.length, 2, `${draw}: too late`);
  }
});

test('each wait is drawn anew', () => {
  const fixture = new SdsFixture(0, 500);
  fixture.answerHosts(a);
  fixture.clock.advance(1000);
  fixture.answerHosts(a);
  fixture.clock.advance(1499);
  assert.equal(fixture.questions.length, 2);
  fixture.clock.advance(1);
  assert.equal(fixture.questions.length, 3);
});

const failures: readonly (readonly [what: string, result: AsyncResult, logged: RegExp])[] = [
  ['a failure', { kind: 'failure', reason: 'timeout' }, /: timeout$/],
  ['status 500', answer('{"hosts":[]}', 500), /: status 500 instead of 200$/],
  ['status 204', answer('', 204), /: status 204 instead of 200$/],
  ['status 201 with hosts', answer('{"hosts":[]}', 201), /: status 201 instead of 200$/],
  ['an empty body', answer(''), /: the body is not JSON$/],
  ['half a body', answer('{"hosts":[{"ip_ad'), /: the body is not JSON$/],
  ['no JSON', answer('<html>'), /: the body is not JSON$/],
  ['an array', answer('[]'), /: hosts: expected an array/],
  ['null', answer('null'), /: hosts: expected an array/],
  ['no hosts', answer('{}'), /: hosts: expected an array/],
  ['hosts that are none', answer('{"hosts":[1]}'), /: hosts\[0\]: expected an object/],
  ['a name', answer('{"hosts":[{"ip_address":"a.b","port":1}]}'), /hosts\[0\]\.ip_address/],
  ['port 0', answer('{"hosts":[{"ip_address":"192.0.2.9","port":0}]}'), /hosts\[0\]\.port/],
  ['a port in quotes', answer('{"hosts":[{"ip_address":"192.0.2.9","port":"80"}]}'), /\.port/],
  [
    'one wrong host among right ones',
    answer('{"hosts":[{"ip_address":"192.0.2.9","port":80},{"ip_address":"192.0.2.9"}]}'),
    /hosts\[1\]\.port/,
  ],
];

function answer(body: string, status = 200): AsyncResult {
  return { kind: 'response', status, body: Buffer.from(body) };
}

for (const [what, result, logged] of failures) {
  test(`${what} keeps the last good hosts, and the next question follows`, () => {
    const fixture = new SdsFixture();
    fixture.answerHosts(a);
    fixture.nextQuestion();
    fixture.answer(result);
    assert.deepEqual(fixture.members, ['192.0.2.1:80']);
    assert.equal(fixture.cluster.stats.updateFailure, 1);
    assert.equal(fixture.logged.length, 1);
    assert.match(fixture.logged[0] ?? '', logged);
    fixture.nextQuestion();
    fixture.answerHosts(a, b);
    assert.deepEqual(fixture.members, ['192.0.2.1:80', '192.0.2.2:80']);
  });
}

test('failures are logged when they begin and when they end', () => {
  const fixture = new SdsFixture();
  for (const reason of ['timeout', 'timeout', 'no healthy upstream']) {
    fixture.answer({ kind: 'failure', reason });
    fixture.nextQuestion();
  }
  fixture.answerHosts(a);
  fixture.nextQuestion();
  fixture.answerHosts(a);
  assert.deepEqual(fixture.logged, [
    'warn: cluster app: no hosts from the discovery service discovery: timeout',
    'info: cluster app: the discovery service discovery answers again',
  ]);
  assert.equal(fixture.cluster.stats.updateAttempt, 5);
  assert.equal(fixture.cluster.stats.updateFailure, 3);
  assert.equal(fixture.cluster.stats.updateSuccess, 2);
});

test('a first failure initializes the cluster without hosts', () => {
  const fixture = new SdsFixture();
  fixture.answer({ kind: 'failure', reason: 'timeout' });
  assert.equal(fixture.initializedCount, 1);
  assert.deepEqual(fixture.members, []);
  fixture.nextQuestion();
  fixture.answerHosts(a);
  assert.equal(fixture.initializedCount, 1);
});

test('duplicates count once, however an address is spelled', () => {
  const fixture = new SdsFixture();
  fixture.answerHosts(
    a,
    a,
    { ip_address: '2001:db8:0:0::1', port: 80 },
    { ip_address: '2001:db8::1', port: 80 },
    { ...a, port: 81 },
  );
  assert.deepEqual(fixture.members, ['192.0.2.1:80', '[2001:db8::1]:80', '192.0.2.1:81']);
});

test('an empty list removes every host', () => {
  const fixture = new SdsFixture();
  fixture.answerHosts(a, b);
  fixture.nextQuestion();
  fixture.answerHosts();
  assert.deepEqual(fixture.members, []);
  assert.equal(fixture.cluster.stats.membershipTotal, 0);
  assert.equal(fixture.cluster.stats.updateSuccess, 2);
});

test('of a known host only the weight changes, in place', () => {
  const fixture = new SdsFixture();
  fixture.answerHosts({ ...a, tags: { az: 'eu-1a', canary: false, load_balancing_weight: 1 } }, b);
  const [host] = fixture.cluster.hostSet.hosts;
  fixture.nextQuestion();
  fixture.answerHosts({ ...a, tags: { az: 'eu-1b', canary: true, load_balancing_weight: 50 } }, b);
  assert.equal(fixture.cluster.hostSet.hosts[0], host);
  assert.deepEqual([host?.zone, host?.isCanary, host?.weight], ['eu-1a', false, 50]);
  assert.equal(fixture.cluster.stats.membershipChange, 1, 'that is no change of members');
  assert.equal(fixture.cluster.stats.maxHostWeight, 50);
});

test('once closed it asks no more, takes its question back, and hears no late answer', () => {
  const fixture = new SdsFixture();
  fixture.answerHosts(a);
  fixture.nextQuestion();
  fixture.discovery.close();
  assert.ok(fixture.questions[1]?.isCancelled);
  fixture.answerHosts(b);
  assert.deepEqual(fixture.members, ['192.0.2.1:80']);
  assert.equal(fixture.clock.timerCount, 0);
  const waiting = new SdsFixture();
  waiting.answerHosts(a);
  waiting.discovery.close();
  waiting.discovery.close();
  assert.equal(waiting.clock.timerCount, 0);
});
