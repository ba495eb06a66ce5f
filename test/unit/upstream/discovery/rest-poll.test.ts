import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TimerWheel } from '../../../../lib/base/timer-wheel.js';
import type { AsyncClient, AsyncRequest, AsyncResult } from '../../../../lib/http/async-client.js';
import { DiscoveryStats } from '../../../../lib/telemetry/stats/discovery-stats.js';
import { RestPoll } from '../../../../lib/upstream/discovery/rest-poll.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { ScriptedRandom } from '../../../support/scripted-random.js';

/** A service that is asked for things, and answers when it is told to. */
class PollFixture implements AsyncClient {
  readonly clock: ManualClock = new ManualClock();
  readonly logged: string[] = [];
  readonly questions: AsyncRequest[] = [];
  readonly taken: unknown[] = [];
  readonly stats: DiscoveryStats = new DiscoveryStats();
  readonly poll: RestPoll;
  timeoutMs = 0;
  isCancelled = false;
  initializedCount = 0;
  onInitialized: () => void = () => {};
  /** What is wrong with an answer. */
  judge: () => string | undefined = () => undefined;
  #onResult: (result: AsyncResult) => void = () => {};

  constructor(draws: readonly number[], path = '/v1/things/a') {
    const subject = {
      path,
      name: 'things a',
      noun: 'things',
      stats: this.stats,
      take: (value: unknown): string | undefined => {
        this.taken.push(value);
        return this.judge();
      },
    };
    const note = (message: string): void => void this.logged.push(message);
    this.poll = new RestPoll(subject, {
      clock: this.clock,
      wheel: new TimerWheel(this.clock),
      random: new ScriptedRandom(...draws),
      log: { debug() {}, info: note, warn: note, error: note },
      client: this,
      clusterName: 'discovery',
      refreshDelayMs: 1000,
    });
    this.poll.start(() => {
      this.initializedCount++;
      this.onInitialized();
    });
  }

  send(
    request: AsyncRequest,
    timeoutMs: number,
    onResult: (result: AsyncResult) => void,
  ): () => void {
    this.questions.push(request);
    this.timeoutMs = timeoutMs;
    this.#onResult = onResult;
    return () => {
      this.isCancelled = true;
    };
  }

  /** Attempts, successes and failures. */
  get counts(): number[] {
    const { updateAttempt, updateSuccess, updateFailure } = this.stats;
    return [updateAttempt, updateSuccess, updateFailure];
  }

  answer(body: string, status = 200): void {
    this.#onResult({ kind: 'response', status, body: Buffer.from(body) });
  }

  fail(reason: string): void {
    this.#onResult({ kind: 'failure', reason });
  }
}

test('asks at once, for a second, by the name of the cluster', () => {
  const fixture = new PollFixture([0]);
  assert.deepEqual(fixture.questions, [
    { method: 'GET', path: '/v1/things/a', authority: 'discovery' },
  ]);
  assert.equal(fixture.timeoutMs, 1000);
  assert.equal(fixture.initializedCount, 0);
});

test('escapes in its path only what cannot stand in a request line', () => {
  const paths = {
    '/v1/things/a%20b?c#d': '/v1/things/a%20b?c#d',
    '/v1/things/a b/\r\n\u010a': '/v1/things/a%20b/%0D%0A%C4%8A',
  };
  for (const [path, escaped] of Object.entries(paths)) {
    assert.equal(new PollFixture([0], path).questions[0]?.path, escaped);
  }
});

test('hands an answer on, and asks again after the delay and as much again at most', () => {
  const fixture = new PollFixture([999, 0]);
  fixture.answer('[1]');
  assert.deepEqual(fixture.taken, [[1]]);
  assert.equal(fixture.initializedCount, 1);
  fixture.clock.advance(1998);
  assert.equal(fixture.questions.length, 1);
  // 1999, rounded up.
  fixture.clock.advance(2);
  assert.equal(fixture.questions.length, 2);
  fixture.answer('[2]');
  assert.equal(fixture.initializedCount, 1);
  fixture.clock.advance(1000);
  assert.equal(fixture.questions.length, 3);
  assert.deepEqual(fixture.counts, [3, 2, 0]);
});

describe('what is no answer', () => {
  const failures: Record<string, [(fixture: PollFixture) => void, string]> = {
    'a failure': [(fixture) => fixture.fail('timeout'), 'timeout'],
    'another status': [(fixture) => fixture.answer('[]', 201), 'status 201 instead of 200'],
    'a body that is not JSON': [(fixture) => fixture.answer('['), 'the body is not JSON'],
    'a body that cannot be used': [
      (fixture) => {
        fixture.judge = () => 'it is wrong';
        fixture.answer('[]');
      },
      'it is wrong',
    ],
    'a body that a mistake of ours cannot cope with': [
      (fixture) => {
        fixture.judge = () => {
          throw new RangeError('too deep');
        };
        fixture.answer('[]');
      },
      'internal error: RangeError: too deep',
    ],
  };
  for (const [what, [happen, reason]] of Object.entries(failures)) {
    test(`${what} is counted and logged, and the next question follows`, () => {
      const fixture = new PollFixture([0, 0]);
      happen(fixture);
      assert.equal(fixture.initializedCount, 1);
      assert.deepEqual(fixture.counts, [1, 0, 1]);
      const [line = '', ...others] = fixture.logged;
      const begin = `things a: no things from the discovery service discovery: ${reason}`;
      assert.equal(line.slice(0, begin.length), begin);
      assert.deepEqual(others, []);
      fixture.clock.advance(1000);
      assert.equal(fixture.questions.length, 2);
    });
  }

  test('is logged once, until there is an answer', () => {
    const fixture = new PollFixture([0, 0, 0, 0]);
    for (const fail of [true, true, false, false]) {
      if (fail) {
        fixture.fail('timeout');
      } else {
        fixture.answer('[]');
      }
      fixture.clock.advance(1000);
    }
    assert.deepEqual(fixture.logged, [
      'things a: no things from the discovery service discovery: timeout',
      'things a: the discovery service discovery answers again',
    ]);
  });
});

describe('closing it', () => {
  test('gives the question up, and takes no answer any more', () => {
    const fixture = new PollFixture([0]);
    fixture.poll.close();
    assert.ok(fixture.isCancelled);
    fixture.answer('[]');
    assert.deepEqual([fixture.taken, fixture.initializedCount], [[], 0]);
    assert.equal(fixture.clock.timerCount, 0);
  });

  test('between questions asks no more', () => {
    const fixture = new PollFixture([0]);
    fixture.answer('[]');
    fixture.poll.close();
    assert.equal(fixture.clock.timerCount, 0);
  });

  test('as soon as there is an answer asks no more', () => {
    const fixture = new PollFixture([0]);
    fixture.onInitialized = () => fixture.poll.close();
    fixture.answer('[]');
    assert.equal(fixture.clock.timerCount, 0);
  });
});

test('the age of the last success is shown: -1 before the first, and failures leave it', () => {
  const fixture = new PollFixture([0, 0, 0]);
  const age = (): number | undefined => {
    const shown = new Map<string, number>();
    fixture.stats.visitStats((name, value) => shown.set(name, value));
    return shown.get('update_success_age_ms');
  };
  assert.equal(age(), -1);
  fixture.fail('nobody there');
  assert.equal(age(), -1);
  fixture.clock.advance(1000);
  fixture.answer('{}');
  assert.equal(age(), 0);
  fixture.clock.advance(1000);
  fixture.fail('nobody there');
  fixture.clock.advance(500);
  assert.equal(age(), 1500);
});
