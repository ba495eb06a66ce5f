import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FileWatch } from '../../../../lib/base/tls/file-watch.js';
import { stampFiles } from '../../../../lib/base/tls/tls-file.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { until } from '../../../support/until.js';

interface Watched {
  readonly clock: ManualClock;
  readonly path: string;
  /** How often it was called. */
  readonly calls: () => number;
}

/** Watches a file. `answers` are what each call comes to; behind the last, the files are used. */
async function watch(
  t: TestContext,
  ...answers: readonly (() => Promise<boolean>)[]
): Promise<Watched> {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-watch-'));
  const path = join(folder, 'tls.crt');
  await writeFile(path, 'old');
  const clock = new ManualClock();
  let calls = 0;
  const onChange = (): Promise<boolean> => answers[calls++]?.() ?? Promise.resolve(true);
  const watched = new FileWatch([path], await stampFiles([path]), clock, onChange);
  watched.start();
  t.after(async () => {
    watched.close();
    assert.equal(clock.timerCount, 0, 'timers are left');
    await rm(folder, { recursive: true });
  });
  return { clock, path, calls: () => calls };
}

/** Lets the time of one look go by, and waits for the look to be over. */
async function look({ clock }: Watched): Promise<void> {
  clock.advance(5000);
  assert.equal(clock.timerCount, 0);
  await until(() => clock.timerCount === 1, 'it has looked');
}

test('tells of a change once, and of none never', async (t) => {
  const watched = await watch(t);
  await look(watched);
  assert.equal(watched.calls(), 0);
  await writeFile(watched.path, 'new content');
  await look(watched);
  await look(watched);
  assert.equal(watched.calls(), 1);
});

test('tells again of files that could not be used, until they can', async (t) => {
  const watched = await watch(
    t,
    () => Promise.resolve(false),
    () => Promise.reject(new Error('a mistake')),
  );
  await rm(watched.path);
  for (let i = 0; i < 5; i++) {
    await look(watched);
  }
  assert.equal(watched.calls(), 3);
  await writeFile(watched.path, 'new content');
});
