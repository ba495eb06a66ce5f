import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PolledFile } from '../../../../lib/upstream/dns/polled-file.js';
import { ManualClock } from '../../../support/manual-clock.js';

/** A file that may be there, and what has been read of it. */
class FileFixture {
  readonly clock: ManualClock = new ManualClock();
  readonly path: string;
  readonly file: PolledFile<string>;
  parseCount = 0;

  constructor(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), 'pillion-test-'));
    t.after(() => rmSync(folder, { recursive: true }));
    this.path = join(folder, 'hosts');
    this.file = new PolledFile(this.path, this.clock, (text) => {
      this.parseCount++;
      return text;
    });
  }

  /** Reads it as it is a second later. */
  readLater(): Promise<string | undefined> {
    this.clock.advance(1000);
    return this.file.read();
  }
}

test('a file is read when it is asked for, and again when it has changed', async (t) => {
  const fixture = new FileFixture(t);
  assert.equal(await fixture.file.read(), undefined);
  writeFileSync(fixture.path, 'first');
  assert.equal(await fixture.readLater(), 'first');
  assert.equal(await fixture.readLater(), 'first');
  assert.equal(fixture.parseCount, 1);
  writeFileSync(fixture.path, 'second');
  assert.equal(await fixture.readLater(), 'second');
  rmSync(fixture.path);
  assert.equal(await fixture.readLater(), undefined);
});

test('it is looked at once a second, however many ask', async (t) => {
  const fixture = new FileFixture(t);
  writeFileSync(fixture.path, 'first');
  const all = await Promise.all(Array.from({ length: 100 }, () => fixture.file.read()));
  assert.ok(all.every((text) => text === 'first'));
  assert.equal(fixture.parseCount, 1);
  writeFileSync(fixture.path, 'second');
  fixture.clock.advance(999);
  assert.equal(await fixture.file.read(), 'first');
  fixture.clock.advance(1);
  assert.equal(await fixture.file.read(), 'second');
});

test('what cannot be read, or is too large, leaves in use what was read before', async (t) => {
  const fixture = new FileFixture(t);
  writeFileSync(fixture.path, 'good');
  assert.equal(await fixture.readLater(), 'good');
  writeFileSync(fixture.path, 'x'.repeat(4 * 1024 * 1024 + 1));
  assert.equal(await fixture.readLater(), 'good');
  rmSync(fixture.path);
  mkdirSync(fixture.path);
  assert.equal(await fixture.readLater(), 'good');
});
