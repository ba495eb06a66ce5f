import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../lib/base/clock.js';
import { FileRegistrationLookup } from '../../../lib/sds-server/file-registration-lookup.js';

const orders = { service: 'orders', namespace: 'shop' };

/** Returns a document in which the orders service has hosts on the given ports. */
function documentWith(...ports: readonly number[]): string {
  const hosts = ports.map((port) => ({ ip_address: '10.0.0.1', port }));
  return JSON.stringify({ registrations: { 'orders.shop.svc.cluster.local': hosts } });
}

class LogRecorder {
  readonly errors: string[] = [];
  readonly infos: string[] = [];
  debug(): void {}
  info(message: string): void {
    this.infos.push(message);
  }
  warn(): void {}
  error(message: string): void {
    this.errors.push(message);
  }
}

class Fixture {
  readonly directory: string;
  readonly file: string;
  readonly log: LogRecorder = new LogRecorder();

  private constructor(directory: string) {
    this.directory = directory;
    this.file = join(directory, 'registrations.json');
  }

  static async create(t: TestContext): Promise<Fixture> {
    const directory = await mkdtemp(join(tmpdir(), 'pillion-registrations-'));
    t.after(() => rm(directory, { recursive: true }));
    return new Fixture(directory);
  }

  async open(): Promise<FileRegistrationLookup> {
    return await FileRegistrationLookup.open({
      file: this.file,
      clusterDomain: 'svc.cluster.local',
      logger: this.log,
      clock: systemClock,
    });
  }

  /** Writes beside the file, then puts the new one in its place. */
  async replace(text: string): Promise<void> {
    await writeFile(`${this.file}.new`, text);
    await rename(`${this.file}.new`, this.file);
  }
}

async function ports(source: FileRegistrationLookup): Promise<number[]> {
  return (await source.hosts(orders)).map(({ port }) => port);
}

test('answers from the file', async (t) => {
  const fixture = await Fixture.create(t);
  await writeFile(fixture.file, documentWith(1, 2));
  const source = await fixture.open();
  assert.deepEqual(await ports(source), [1, 2]);
  assert.deepEqual(await source.hosts({ service: 'users', namespace: 'shop' }), []);
});

test('notices a file that is replaced', async (t) => {
  const fixture = await Fixture.create(t);
  await writeFile(fixture.file, documentWith(1));
  const source = await fixture.open();
  await fixture.replace(documentWith(2));
  assert.deepEqual(await ports(source), [2]);
});

test('notices a quick edit in place that leaves the size and the time as they were', async (t) => {
  const fixture = await Fixture.create(t);
  const now = new Date();
  await writeFile(fixture.file, documentWith(10));
  await utimes(fixture.file, now, now);
  const source = await fixture.open();
  await writeFile(fixture.file, documentWith(11));
  await utimes(fixture.file, now, now);
  assert.deepEqual(await ports(source), [11]);
});

test('does not read a file again that has been left alone', async (t) => {
  const fixture = await Fixture.create(t);
  const longAgo = new Date(Date.now() - 3_600_000);
  await writeFile(fixture.file, documentWith(10));
  await utimes(fixture.file, longAgo, longAgo);
  const source = await fixture.open();
  // Nobody edits so that nothing shows; the test does, to see that nobody looked.
  await writeFile(fixture.file, documentWith(11));
  await utimes(fixture.file, longAgo, longAgo);
  assert.deepEqual(await ports(source), [10]);
});

test('follows a symbolic link that is switched to another file', async (t) => {
  const fixture = await Fixture.create(t);
  await writeFile(join(fixture.directory, 'a.json'), documentWith(1));
  await writeFile(join(fixture.directory, 'b.json'), documentWith(2));
  await symlink('a.json', fixture.file);
  const source = await fixture.open();
  assert.deepEqual(await ports(source), [1]);
  await symlink('b.json', `${fixture.file}.new`);
  await rename(`${fixture.file}.new`, fixture.file);
  assert.deepEqual(await ports(source), [2]);
});

test('keeps the last good registrations after a broken edit and logs it once', async (t) => {
  const fixture = await Fixture.create(t);
  await writeFile(fixture.file, documentWith(1));
  const source = await fixture.open();
  await fixture.replace('{ "registrations": {');
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(await ports(source), [1]);
  }
  assert.equal(fixture.log.errors.length, 1);
  assert.match(fixture.log.errors[0] ?? '', /registrations\.json/);

  await fixture.replace('{ "registrations": { "orders": [] } }');
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(await ports(source), [1]);
  }
  assert.equal(fixture.log.errors.length, 2);
  assert.match(fixture.log.errors[1] ?? '', /registrations\.orders: expected a name/);

  await fixture.replace(documentWith(3));
  assert.deepEqual(await ports(source), [3]);
});

test('keeps the last good registrations while the file is gone', async (t) => {
  const fixture = await Fixture.create(t);
  await writeFile(fixture.file, documentWith(1));
  const source = await fixture.open();
  await unlink(fixture.file);
  assert.deepEqual(await ports(source), [1]);
  assert.deepEqual(await ports(source), [1]);
  assert.equal(fixture.log.errors.length, 1);
  await writeFile(fixture.file, documentWith(1));
  assert.deepEqual(await ports(source), [1]);
  assert.match(fixture.log.infos.at(-1) ?? '', /can be read again: 1 service, 1 host/);
});

test('logs one line for a change and none for questions', async (t) => {
  const fixture = await Fixture.create(t);
  await writeFile(fixture.file, documentWith(1));
  const source = await fixture.open();
  await fixture.replace(documentWith(1, 2));
  await Promise.all([ports(source), ports(source), ports(source)]);
  await ports(source);
  assert.deepEqual(
    fixture.log.infos.map((line) => line.replace(fixture.file, 'file')),
    ['file was read: 1 service, 1 host', 'file has changed: 1 service, 2 hosts'],
  );
});

test('refuses to start without the file', async (t) => {
  const fixture = await Fixture.create(t);
  await assert.rejects(fixture.open(), {
    code: 'SIDECAR_CONFIG_UNREADABLE',
    message: /registrations\.json.*no such file/,
  });
});

test('refuses to start from a directory', async (t) => {
  const fixture = await Fixture.create(t);
  const options = { clusterDomain: 'x', logger: fixture.log, clock: systemClock };
  const opening = FileRegistrationLookup.open({ file: fixture.directory, ...options });
  await assert.rejects(opening, { code: 'SIDECAR_CONFIG_UNREADABLE', message: /directory/ });
});

test('refuses to start from a file that is wrong, naming every problem', async (t) => {
  const fixture = await Fixture.create(t);
  await writeFile(fixture.file, documentWith(0, 70_000));
  await assert.rejects(fixture.open(), (error: { code: string; problems: readonly unknown[] }) => {
    assert.equal(error.code, 'SIDECAR_CONFIG_INVALID');
    assert.equal(error.problems.length, 2);
    return true;
  });
  await writeFile(fixture.file, '{\n  "registrations": nothing\n}');
  await assert.rejects(fixture.open(), {
    code: 'SIDECAR_CONFIG_INVALID',
    message: /registrations\.json was refused, 1 problem:\n {2}line 2, column 20: /,
  });
});
