import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutlierFixture } from '../../../support/outlier-fixture.js';

const fives: readonly number[] = Array(5).fill(500);

test('an ejection by errors in a row is a line of strings', () => {
  const run = new OutlierFixture(10);
  run.answer(0, ...fives);
  assert.deepEqual(run.events, [
    '{"time": "2016-04-15T20:17:00.310Z", "secs_since_last_action": "-1", "cluster": "app", ' +
      '"upstream_url": "10.0.0.1:1", "action": "eject", "type": "5xx", "num_ejections": "1", ' +
      '"enforced": "true"}\n',
  ]);
});

test('a return says how long ago the ejection was, and the number of ejections as a number', () => {
  const run = new OutlierFixture(10);
  run.clock.advance(1500);
  run.answer(0, ...fives);
  run.clock.advance(38_500);
  assert.equal(
    run.events[1],
    '{"time": "2016-04-15T20:17:40.310Z", "secs_since_last_action": "38", "cluster": "app", ' +
      '"upstream_url": "10.0.0.1:1", "action": "uneject", "num_ejections": 1}\n',
  );
  run.clock.advance(2000);
  run.answer(0, ...fives);
  assert.match(run.events[2] ?? '', /"secs_since_last_action": "2".*"num_ejections": "2"/);
});

test('an ejection by success rate says the rates', () => {
  const run = new OutlierFixture(5, { consecutive5xx: 1000 });
  run.answerMany(0, 50, 50);
  for (const index of [1, 2, 3, 4]) {
    run.answerMany(index, 100, 0);
  }
  run.clock.advance(10_000);
  const { type, ...event } = JSON.parse(run.events[0] ?? '');
  assert.equal(type, 'SuccessRate');
  assert.equal(event.host_success_rate, '50');
  assert.equal(event.cluster_average_success_rate, '90');
  assert.equal(event.cluster_success_rate_ejection_threshold, '52');
});

test('what is detected and not ejected is written as well, what is beyond the limit is not', () => {
  const run = new OutlierFixture(10, { consecutiveGatewayFailure: 5 });
  run.answer(0, ...Array(5).fill(503));
  run.answer(1, ...fives);
  const found = run.events.map((line) => JSON.parse(line));
  assert.deepEqual(
    found.map(({ type, enforced, num_ejections }) => [type, enforced, num_ejections]),
    [
      ['GatewayFailure', 'false', '0'],
      ['5xx', 'true', '1'],
    ],
  );
});
