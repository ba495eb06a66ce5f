import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TimerWheel } from '../../../../lib/base/timer-wheel.js';
import { Breakers } from '../../../../lib/upstream/breaker/breakers.js';
import { BreakerFixture, breakerOwner } from '../../../support/breaker-fixture.js';
import { heldHeapBytes } from '../../../support/held-bytes.js';
import { ManualClock } from '../../../support/manual-clock.js';

describe('closed', () => {
  test('it opens with the result by which more than the share have failed, at once', async () => {
    const run = await BreakerFixture.create({ errorThresholdPercentage: 50 });
    await run.result(false, 10);
    await run.result(true, 10);
    assert.equal(run.breaker.state, 'closed');
    run.enter().settle(true);
    assert.equal(run.breaker.state, 'open');
    assert.equal(run.breaker.enter(), undefined);
    const { opened, open, rejected } = run.breaker.stats;
    assert.deepEqual({ opened, open, rejected }, { opened: 1, open: 1, rejected: 1 });
  });

  test('fewer results than the volume never open it', async () => {
    const run = await BreakerFixture.create({ volumeThreshold: 4 });
    await run.result(true, 3);
    assert.equal(run.breaker.state, 'closed');
    await run.result(true);
    assert.equal(run.breaker.state, 'open');
  });

  test('what is under way, or was given up, is in no count', async () => {
    const run = await BreakerFixture.create({ volumeThreshold: 4 });
    const passes = Array.from({ length: 100 }, () => run.enter());
    for (const pass of passes.slice(0, 50)) {
      pass.release();
    }
    await run.result(true, 4);
    assert.equal(run.breaker.state, 'open');
  });

  test('results count as long as the window says, in steps', async () => {
    const run = await BreakerFixture.create({ rollingCountTimeout: 10_000, volumeThreshold: 10 });
    await run.result(true, 9);
    run.clock.advance(9999);
    run.enter().settle(true);
    assert.equal(run.breaker.state, 'open');

    const later = await BreakerFixture.create({ rollingCountTimeout: 10_000, volumeThreshold: 10 });
    await later.result(true, 9);
    later.clock.advance(10_000);
    await later.result(true, 9);
    assert.equal(later.breaker.state, 'closed');
  });

  test('a process that was held up forgets as if it had not been', async () => {
    const run = await BreakerFixture.create();
    await run.result(true, 9);
    // As a timer that comes late: nothing falls due on the way.
    const { clock } = run;
    const realNow = clock.now.bind(clock);
    clock.now = () => realNow() + 60_000;
    clock.advance(1000);
    await run.result(true, 9);
    assert.equal(run.breaker.state, 'closed');
  });
});

describe('open', () => {
  test('results of attempts from before count nowhere', async () => {
    const run = await BreakerFixture.create();
    const late = [run.enter(), run.enter(), run.enter()];
    await run.result(true, 10);
    late[0]?.settle(false);
    await run.settled();
    assert.equal(run.breaker.state, 'open');
    run.clock.advance(30_000);
    late[1]?.settle(true);
    late[2]?.settle(false);
    await run.settled();
    assert.equal(run.breaker.state, 'half_open');
  });

  test('it lets probes through after its time, and not before', async () => {
    const run = await BreakerFixture.create({ resetTimeout: 5000 });
    await run.result(true, 10);
    run.clock.advance(4999);
    assert.equal(run.breaker.enter(), undefined);
    run.clock.advance(1);
    assert.ok(run.breaker.enter() !== undefined);
    const { open, halfOpen, halfOpened, probes, probesActive } = run.breaker.stats;
    assert.deepEqual([open, halfOpen, halfOpened, probes, probesActive], [0, 1, 1, 1, 1]);
  });
});

describe('half-open', () => {
  for (const limit of [1, 3]) {
    test(`it admits ${limit} at a time`, async () => {
      const run = await BreakerFixture.create({ halfOpenProbes: limit });
      await run.halfOpen();
      const admitted = Array.from({ length: 20 }, () => run.breaker.enter()).filter(Boolean);
      assert.equal(admitted.length, limit);
      assert.equal(run.breaker.stats.rejected, 20 - limit);
      assert.equal(run.breaker.stats.probesActive, limit);
    });
  }

  test('a probe that succeeds closes it, and it begins without the old failures', async () => {
    const run = await BreakerFixture.create();
    await run.halfOpen();
    await run.result(false);
    assert.equal(run.breaker.state, 'closed');
    await run.result(true, 4);
    await run.result(false, 6);
    assert.equal(run.breaker.state, 'closed');
    const { closed, halfOpen, probesActive } = run.breaker.stats;
    assert.deepEqual([closed, halfOpen, probesActive], [1, 0, 0]);
    await run.result(true, 4);
    assert.equal(run.breaker.state, 'open');
  });

  test('a probe that fails opens it for its whole time again', async () => {
    const run = await BreakerFixture.create();
    await run.halfOpen();
    run.clock.advance(10_000);
    run.enter().settle(true);
    assert.equal(run.breaker.state, 'open');
    run.clock.advance(29_999);
    assert.equal(run.breaker.state, 'open');
    run.clock.advance(1);
    assert.equal(run.breaker.state, 'half_open');
    assert.equal(run.breaker.stats.opened, 2);
  });

  test('a probe that is given up leaves its slot to the next, again and again', async () => {
    const run = await BreakerFixture.create();
    await run.halfOpen();
    for (let i = 0; i < 100; i++) {
      const pass = run.enter();
      assert.equal(run.breaker.enter(), undefined);
      pass.release();
      pass.release();
      pass.settle(true);
    }
    assert.equal(run.breaker.state, 'half_open');
    assert.equal(run.breaker.stats.probesActive, 0);
    await run.result(false);
    assert.equal(run.breaker.state, 'closed');
  });

  test('a probe counts once', async () => {
    const run = await BreakerFixture.create({ halfOpenProbes: 2 });
    await run.halfOpen();
    const probe = run.enter();
    probe.settle(false);
    probe.settle(true);
    await run.settled();
    probe.settle(true);
    assert.equal(run.breaker.state, 'closed');
  });

  test('probes that never end do not keep it from finding out', async () => {
    const run = await BreakerFixture.create({ halfOpenProbes: 2 });
    await run.halfOpen();
    const hung = [run.enter(), run.enter()];
    run.clock.advance(29_999);
    assert.equal(run.breaker.enter(), undefined);
    run.clock.advance(1);
    const probes = [run.enter(), run.enter()];
    assert.equal(run.breaker.enter(), undefined);
    for (const pass of hung) {
      pass.release();
    }
    assert.equal(run.breaker.enter(), undefined, 'they give back slots that are no more');
    probes[0]?.settle(false);
    await run.settled();
    assert.equal(run.breaker.state, 'closed');
  });

  test('of two probes the one that fails decides', async () => {
    const run = await BreakerFixture.create({ halfOpenProbes: 2 });
    await run.halfOpen();
    const [first, second] = [run.enter(), run.enter()];
    first.settle(true);
    second.settle(false);
    await run.settled();
    assert.equal(run.breaker.state, 'open');
  });
});

test('that it opens and closes again is logged once, however many probes fail between', async () => {
  const run = await BreakerFixture.create({ resetTimeout: 1000 });
  await run.result(true, 10);
  for (const isFailure of [true, true, false]) {
    run.clock.advance(1000);
    await run.result(isFailure);
  }
  assert.equal(run.breaker.state, 'closed');
  assert.deepEqual(run.lines, [
    'cluster app: the breaker has opened, as more than 50 % of its requests fail',
    'cluster app: the breaker has closed again',
  ]);
});

describe('what breakers cost', () => {
  test('no timer until there is a result, and one for all of them then', async () => {
    const run = await BreakerFixture.create({}, { '*': {} });
    const others = Array.from({ length: 100 }, (_, index) =>
      run.breakers.create(breakerOwner(`c${index}`)),
    );
    assert.equal(run.clock.timerCount, 0);
    for (const breaker of [run.breaker, ...others]) {
      breaker?.enter()?.settle(false);
    }
    assert.equal(run.clock.timerCount, 1);
    run.clock.advance(100_000);
    assert.equal(run.clock.timerCount, 1);
    for (const breaker of [run.breaker, ...others]) {
      breaker?.close();
    }
    assert.equal(run.clock.timerCount, 0);
  });

  test('steps of different lengths share the timer', async () => {
    const steps = { rollingCountTimeout: 1000, rollingCountBuckets: 4, volumeThreshold: 2 };
    const run = await BreakerFixture.create({ volumeThreshold: 2 }, { fast: steps });
    const fast = run.breakers.create(breakerOwner('fast'));
    run.enter().settle(true);
    run.clock.advance(100);
    fast?.enter()?.settle(true);
    assert.equal(run.clock.timerCount, 1);
    run.clock.advance(1000);
    fast?.enter()?.settle(true);
    assert.equal(fast?.state, 'closed', 'its first failure is forgotten');
    run.enter().settle(true);
    assert.equal(run.breaker.state, 'open', 'the other one is not');
    fast.close();
    run.breaker.close();
    run.clock.advance(30_000);
    assert.equal(run.clock.timerCount, 0);
  });

  test('an open breaker leaves no timer of the process behind', async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const run = await BreakerFixture.create();
    const realSetTimeout = globalThis.setTimeout;
    const started: NodeJS.Timeout[] = [];
    globalThis.setTimeout = ((...args: Parameters<typeof realSetTimeout>) => {
      const timer = realSetTimeout(...args);
      started.push(timer);
      return timer;
    }) as typeof setTimeout; // Without `__promisify__`, which nobody asks for here.
    try {
      await run.result(true, 10);
    } finally {
      globalThis.setTimeout = realSetTimeout;
    }
    assert.equal(run.breaker.state, 'open');
    assert.equal(timers(), before);
    // Cancelled, not only unreferenced: Node forgets what a cancelled timer would have called.
    assert.ok(started.every((timer) => !Reflect.get(timer, '_onTimeout')));
  });

  test('8 KB at most, each, when it has had requests; less than 1 KB when it has not', async () => {
    const count = 1000;
    const run = await BreakerFixture.create({}, { '*': {} });
    await run.result(false);
    const before = heldHeapBytes();
    const breakers = Array.from({ length: count }, (_, index) =>
      run.breakers.create(breakerOwner(`c${index}`)),
    );
    const idle = (heldHeapBytes() - before) / count;
    for (const breaker of breakers) {
      breaker?.enter()?.settle(false);
    }
    await run.settled();
    const used = (heldHeapBytes() - before) / count;
    assert.ok(idle < 1024 && used < 8192, `${idle} and ${used} bytes`);
    assert.equal(breakers.length, count);
  });

  test('no more with more traffic', async () => {
    const run = await BreakerFixture.create();
    const sendMany = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) {
        await run.result(false, 10_000);
      }
    };
    await sendMany();
    let before = heldHeapBytes();
    const grown: number[] = [];
    for (let round = 0; round < 4; round++) {
      await sendMany();
      const after = heldHeapBytes();
      grown.push(after - before);
      before = after;
    }
    // Each round leaves opossum with 100,000 more numbers, 800,000 bytes if they were kept. What else
    // the process comes to hold meanwhile (compiled code, the runner's own) it does not in every round.
    assert.ok(Math.min(...grown) < 400_000, `${grown.join(', ')} bytes`);
    assert.equal(run.breaker.state, 'closed');
  });
});

test('without policies opossum is not loaded, and other clusters have no breaker', async () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  assert.equal(await Breakers.load(new Map(), { clock, wheel }), undefined);
  const run = await BreakerFixture.create();
  assert.equal(run.breakers.create(breakerOwner('other')), undefined);
});

test('the breaker of a cluster that is not in force counts, but leaves the gauges alone', async () => {
  const run = await BreakerFixture.create();
  const owner = { ...breakerOwner('app'), stats: { breaker: run.breaker.stats } };
  const next = run.breakers.create(owner);
  assert.ok(next !== undefined);
  await run.halfOpen();
  const probe = run.enter();
  assert.deepEqual(run.gauges, [0, 1, 1]);
  // The next one takes its place.
  run.owner.isInForce = false;
  next.showGauges();
  assert.deepEqual(run.gauges, [0, 0, 0]);
  probe.settle(true);
  await run.settled();
  assert.equal(run.breaker.state, 'open');
  assert.equal(next.stats.opened, 2);
  assert.deepEqual(run.gauges, [0, 0, 0]);
});
