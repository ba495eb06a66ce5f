import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as api from '@opentelemetry/api';
import { silentLogger } from '../../../../lib/base/log.js';
import { OpenTelemetry } from '../../../../lib/telemetry/tracing/open-telemetry.js';
import { runInContext } from '../../../../lib/telemetry/tracing/run-in-context.js';
import { TracingGuard } from '../../../../lib/telemetry/tracing/tracing-guard.js';

/** A manager of contexts that does this in the place of calling a function in one. */
function managerThat(runs: (fn: () => unknown) => unknown): api.ContextManager {
  const callAsItLikes = (_context: unknown, fn: () => unknown): unknown => runs(fn);
  const manager: api.ContextManager = {
    active: () => api.ROOT_CONTEXT,
    // It is the application's own, and may return whatever it likes.
    with: callAsItLikes as api.ContextManager['with'],
    bind: (_context, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

const managers: Readonly<Record<string, (fn: () => unknown) => unknown>> = {
  'does it': (fn) => fn(),
  'throws before': () => {
    throw new Error('broken manager');
  },
  'throws afterwards': (fn) => {
    fn();
    throw new Error('broken manager');
  },
  'does not do it': () => undefined,
  'does it twice, and returns something else': (fn) => [fn(), fn()],
};

for (const [name, runs] of Object.entries(managers)) {
  describe(`with a manager that ${name}`, () => {
    const openTelemetry = new OpenTelemetry(api, new TracingGuard(silentLogger), undefined);

    test('the function is called once, and what it returns is returned', (t) => {
      api.context.setGlobalContextManager(managerThat(runs));
      t.after(() => api.context.disable());
      let count = 0;
      assert.equal(
        runInContext(openTelemetry, api.ROOT_CONTEXT, () => ++count),
        1,
      );
      assert.equal(count, 1);
    });

    test('the function is called once, and what it throws is thrown', (t) => {
      api.context.setGlobalContextManager(managerThat(runs));
      t.after(() => api.context.disable());
      let count = 0;
      const fail = (): never => {
        count++;
        throw new Error('of the application');
      };
      assert.throws(
        () => runInContext(openTelemetry, api.ROOT_CONTEXT, fail),
        /of the application/,
      );
      assert.equal(count, 1);
    });
  });
}

test('a manager that comes back to the function later does not call it again', (t) => {
  const openTelemetry = new OpenTelemetry(api, new TracingGuard(silentLogger), undefined);
  let later: (() => unknown) | undefined;
  api.context.setGlobalContextManager(
    managerThat((fn) => {
      later = fn;
    }),
  );
  t.after(() => api.context.disable());
  let count = 0;
  runInContext(openTelemetry, api.ROOT_CONTEXT, () => ++count);
  later?.();
  assert.equal(count, 1);
});
