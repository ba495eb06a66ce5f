import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from '../support/command.js';

/** Pools and counters by status are made on first use, so that an idle cluster costs little. */
const maxHeapBytes = 12 * 1024 * 1024;

test('1000 idle clusters of 10 hosts each take less than 12 MB of heap', async (t) => {
  const script = join(import.meta.dirname, '../support/idle-clusters-script.js');
  const command = Command.start(t, ['--expose-gc', script]);
  const [, text = ''] = await command.waitFor(/^heap (\d+)$/m);
  const bytes = Number(text);
  t.diagnostic(`${(bytes / 1024 / 1024).toFixed(1)} MB of heap`);
  assert.ok(bytes < maxHeapBytes, `${bytes} bytes`);
  assert.deepEqual(await command.exited, { code: 0, signal: null });
});
