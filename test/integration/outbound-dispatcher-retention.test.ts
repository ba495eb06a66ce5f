import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { HttpFilter } from '../../lib/http/filter.js';
import { virtualHost } from '../support/config-builder.js';
import {
  ControllerRecorder,
  type HandlerRecorder,
  LegacyRecorder,
} from '../support/dispatch-recorder.js';
import { OutboundFixture } from '../support/outbound-fixture.js';

const handlers: readonly [string, () => HandlerRecorder][] = [
  ['onRequestStart', () => new ControllerRecorder()],
  ['onConnect', () => new LegacyRecorder()],
];

/** Collects all garbage. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

for (const [generation, create] of handlers) {
  test(`a handler with ${generation} that is kept keeps nothing of its request`, async (t) => {
    const filters: WeakRef<HttpFilter>[] = [];
    const { sidecar } = await OutboundFixture.start(t, undefined, {
      config: { hasListener: true, virtualHosts: [virtualHost(['app'], 'app')] },
      manager: {
        filters: [
          { name: 'mine', config: {} },
          { name: 'router', config: {} },
        ],
      },
      options: {
        httpFilters: {
          mine: () => () => {
            const filter: HttpFilter = { decodeHead: () => 'continue' };
            filters.push(new WeakRef(filter));
            return filter;
          },
        },
      },
    });
    const recorder = create();
    sidecar.dispatcher.dispatch({ origin: 'http://app', path: '/', method: 'GET' }, recorder);
    await recorder.done;
    // A weak reference is a strong one until the end of the turn in which it was made or asked.
    await nextTurn();
    await nextTurn();
    collect();
    assert.deepEqual([recorder.status, filters.length], [200, 1]);
    assert.equal(filters[0]?.deref(), undefined);
  });
}
