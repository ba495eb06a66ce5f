import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import { virtualHost } from '../support/config-builder.js';
import { OutboundFixture } from '../support/outbound-fixture.js';

/** Returns what is said when a sidecar with a listener for this domain is installed. */
async function warningsFor(
  t: TestContext,
  domain: string,
  outbound?: SidecarOptions['outbound'],
): Promise<string[]> {
  const warnings: string[] = [];
  const warn = (message: string): void => {
    warnings.push(message);
  };
  const ignore = (): void => {};
  const logger = { debug: ignore, info: ignore, warn, error: warn };
  const { sidecar } = await OutboundFixture.start(t, undefined, {
    config: { hasListener: true, virtualHosts: [virtualHost([domain], 'app')] },
    options: { logger, ...(outbound === undefined ? {} : { outbound }) },
  });
  warnings.length = 0;
  // Nothing else runs meanwhile.
  sidecar.install()();
  return warnings;
}

test('install says so if all calls are about to take the routes of a listener', async (t) => {
  const [warning = '', ...others] = await warningsFor(t, '*');
  assert.match(warning, /^install: listener "[^"]+" has a virtual host for every domain \("\*"\)/);
  assert.match(warning, /outbound: \{ listeners: \[\.\.\.\] \}/);
  assert.deepEqual(others, []);
});

test('install says nothing if the listener is for some domains, or was meant to be taken', async (t) => {
  assert.deepEqual(await warningsFor(t, 'app'), []);
  assert.deepEqual(await warningsFor(t, '*', { listeners: [] }), []);
});
