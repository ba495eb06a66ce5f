import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../../../lib/base/log.js';
import { TracingGuard } from '../../../../lib/telemetry/tracing/tracing-guard.js';

test('what is thrown is said once, and never goes on', () => {
  const errors: string[] = [];
  const guard = new TracingGuard({ ...silentLogger, error: (message) => errors.push(message) });
  assert.equal(
    guard.run(() => 1),
    1,
  );
  for (const thrown of ['text', new Error('again')]) {
    const result = guard.run(() => {
      throw thrown;
    });
    assert.equal(result, undefined);
  }
  assert.deepEqual(errors, ['tracing has failed, said once: text']);
});
