import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AccessLog } from '../../../../lib/telemetry/access-log/access-log.js';
import { AccessLogManager } from '../../../../lib/telemetry/access-log/access-log-manager.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { createRequestInfo } from '../../../support/request-info-fixture.js';
import { until } from '../../../support/until.js';

const isLinux = process.platform === 'linux';
const lineFormat = '%REQ(:PATH)%\n';

interface Fixture {
  readonly folder: string;
  readonly clock: ManualClock;
  readonly manager: AccessLogManager;
  /** Opens a log in the folder that writes the path of each request on a line. */
  open(name: string): Promise<AccessLog>;
}

async function createFixture(t: TestContext): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-'));
  const clock = new ManualClock();
  const manager = new AccessLogManager({ clock, flushIntervalMs: 5000 });
  t.after(async () => {
    await manager.close();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    folder,
    clock,
    manager,
    open: async (name) => {
      const log = await manager.createAccessLog(join(folder, name), lineFormat);
      assert.ok(!(log instanceof Error), String(log));
      return log;
    },
  };
}

function logPath(log: AccessLog, path: string): void {
  log.log(createRequestInfo({ requestHead: { method: 'GET', path, authority: '', headers: [] } }));
}

/** A line of 64 KiB, so that it is written at once. */
const longPath = `/${'x'.repeat(64 * 1024)}`;

function makePipe(path: string): string {
  execFileSync('mkfifo', [path]);
  return path;
}

function openReader(t: TestContext, path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  t.after(() => closeSync(fd));
  return fd;
}

/** Reads what is in the pipe. */
function readAvailable(fd: number): string {
  const buffer = Buffer.alloc(1024 * 1024);
  let text = '';
  for (;;) {
    let length = 0;
    try {
      length = readSync(fd, buffer);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
    }
    if (length === 0) {
      return text;
    }
    text += buffer.toString('latin1', 0, length);
  }
}

test('a line waits for the flush timer', async (t) => {
  const { folder, clock, manager, open } = await createFixture(t);
  logPath(await open('a.log'), '/1');
  clock.advance(4999);
  assert.equal(manager.stats.flushedByTimer, 0);
  assert.equal(await readFile(join(folder, 'a.log'), 'utf8'), '');
  clock.advance(1);
  await until(() => manager.stats.writeCompleted === 1, 'the line is written');
  assert.equal(await readFile(join(folder, 'a.log'), 'utf8'), '/1\n');
  assert.equal(manager.stats.flushedByTimer, 1);
});

test('the flush timer runs only while lines wait', async (t) => {
  const { clock, manager, open } = await createFixture(t);
  const log = await open('a.log');
  assert.equal(clock.timerCount, 0);
  logPath(log, '/1');
  assert.equal(clock.timerCount, 1);
  clock.advance(5000);
  assert.equal(clock.timerCount, 0);
  await until(() => manager.stats.writeCompleted === 1, 'the line is written');
});

test('lines are written without the timer when 64 KiB have gathered', async (t) => {
  const { folder, manager, open } = await createFixture(t);
  logPath(await open('a.log'), longPath);
  await until(() => manager.stats.writeCompleted === 1, 'the line is written');
  assert.equal(await readFile(join(folder, 'a.log'), 'utf8'), `${longPath}\n`);
  assert.equal(manager.stats.flushedByTimer, 0);
});

test('flush writes what waits, in order', async (t) => {
  const { folder, manager, open } = await createFixture(t);
  const log = await open('a.log');
  const paths = Array.from({ length: 20_000 }, (_, i) => `/${i}/${'y'.repeat(20)}`);
  for (const path of paths) {
    logPath(log, path);
  }
  await manager.flush();
  assert.equal(await readFile(join(folder, 'a.log'), 'utf8'), `${paths.join('\n')}\n`);
  assert.equal(manager.stats.writeBuffered, 20_000);
  assert.equal(manager.stats.writeTotalBuffered, 0);
  assert.equal(manager.stats.writeDropped, 0);
});

test('an existing file is continued', async (t) => {
  const { folder, manager, open } = await createFixture(t);
  await writeFile(join(folder, 'a.log'), 'old\n');
  logPath(await open('a.log'), '/new');
  await manager.flush();
  assert.equal(await readFile(join(folder, 'a.log'), 'utf8'), 'old\n/new\n');
});

test('bytes of headers reach the file as they came', async (t) => {
  const { folder, manager, open } = await createFixture(t);
  logPath(await open('a.log'), '/\xff\xe9');
  await manager.flush();
  assert.deepEqual(await readFile(join(folder, 'a.log')), Buffer.from([0x2f, 0xff, 0xe9, 0x0a]));
});

test('logs with the same path share one file, however the path is written', async (t) => {
  const { folder, manager } = await createFixture(t);
  const paths = [`${folder}/a.log`, `${folder}/a.log`, `${folder}/./a.log`];
  const logs = await Promise.all(paths.map((path) => manager.createAccessLog(path, lineFormat)));
  for (const [i, log] of logs.entries()) {
    assert.ok(!(log instanceof Error), String(log));
    logPath(log, `/${i}`);
  }
  await manager.flush();
  assert.equal(manager.stats.writeCompleted, 1);
  assert.equal(await readFile(join(folder, 'a.log'), 'utf8'), '/0\n/1\n/2\n');
});

test('/dev/null is not even formatted for', async (t) => {
  const { manager } = await createFixture(t);
  const log = await manager.createAccessLog('/dev/null');
  assert.ok(!(log instanceof Error));
  const untouchable = new Proxy(createRequestInfo(), {
    get: () => assert.fail('a field was read'),
  });
  log.log(untouchable);
  await manager.reopen();
  assert.deepEqual(manager.stats.writeBuffered, 0);
});

test('close writes what waits; lines that come later are counted as dropped', async (t) => {
  const { folder, manager, open } = await createFixture(t);
  const log = await open('a.log');
  logPath(log, '/1');
  await manager.close();
  logPath(log, '/2');
  await manager.close();
  await manager.flush();
  assert.equal(await readFile(join(folder, 'a.log'), 'utf8'), '/1\n');
  assert.equal(manager.stats.writeDropped, 1);
});

test('nothing is left after close', { skip: !isLinux && 'needs /proc' }, async (t) => {
  const { clock, manager, open } = await createFixture(t);
  const count = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
  const before = await count();
  logPath(await open('a.log'), '/1');
  logPath(await open('b.log'), longPath);
  await manager.reopen();
  await manager.close();
  assert.equal(await count(), before);
  assert.equal(clock.timerCount, 0);
});

test('a missing folder is an error that says how to mend it', async (t) => {
  const { folder, manager } = await createFixture(t);
  const path = join(folder, 'none', 'a.log');
  const error = await manager.createAccessLog(path);
  assert.ok(error instanceof Error);
  assert.equal(
    error.message,
    `The access log ${path} cannot be opened: there is no folder ${join(folder, 'none')}. ` +
      'Create it, or write the log to /dev/stdout.',
  );
});

test('a folder in place of the file is an error', async (t) => {
  const { folder, manager } = await createFixture(t);
  const error = await manager.createAccessLog(folder);
  assert.ok(error instanceof Error);
  assert.match(error.message, /it is a folder\. Name a file in it/);
});

test('a file in place of the folder is an error', async (t) => {
  const { folder, manager } = await createFixture(t);
  await writeFile(join(folder, 'a'), '');
  const error = await manager.createAccessLog(join(folder, 'a', 'b.log'));
  assert.ok(error instanceof Error);
  assert.match(error.message, /is not a folder/);
});

test('after a rotation lines go to the new file', async (t) => {
  const { folder, manager, open } = await createFixture(t);
  const log = await open('a.log');
  logPath(log, '/old');
  await rename(join(folder, 'a.log'), join(folder, 'a.log.1'));
  await manager.reopen();
  logPath(log, '/new');
  await manager.flush();
  assert.equal(await readFile(join(folder, 'a.log.1'), 'utf8'), '/old\n');
  assert.equal(await readFile(join(folder, 'a.log'), 'utf8'), '/new\n');
});

test('a vanished folder disturbs nobody, and the log is back after the next reopen', async (t) => {
  const { folder, manager, open } = await createFixture(t);
  await mkdir(join(folder, 'logs'));
  const log = await open('logs/a.log');
  await rm(join(folder, 'logs'), { recursive: true });
  logPath(log, '/1');
  await manager.flush();
  await manager.reopen();
  assert.equal(manager.stats.reopenFailed, 1);
  logPath(log, '/2');
  await manager.flush();
  await mkdir(join(folder, 'logs'));
  await manager.reopen();
  logPath(log, '/3');
  await manager.flush();
  assert.equal(await readFile(join(folder, 'logs', 'a.log'), 'utf8'), '/3\n');
});

test('a full disk disturbs nobody: lines are dropped and counted, and each flush tries again', {
  skip: !isLinux && 'needs /dev/full',
}, async (t) => {
  const { clock, manager } = await createFixture(t);
  const log = await manager.createAccessLog('/dev/full', lineFormat);
  assert.ok(!(log instanceof Error));
  logPath(log, '/1');
  logPath(log, '/2');
  await manager.flush();
  assert.equal(manager.stats.writeFailed, 1);
  assert.equal(manager.stats.writeDropped, 2);
  assert.equal(manager.stats.writeTotalBuffered, 0);

  logPath(log, longPath);
  logPath(log, longPath);
  // By then a write that had been tried would have failed too.
  for (let i = 0; i < 100; i++) {
    await readFile('/dev/null');
  }
  assert.equal(manager.stats.writeFailed, 1, 'nothing is tried before the next flush');
  clock.advance(5000);
  await until(() => manager.stats.writeFailed === 2, 'the flush has failed');
  assert.equal(manager.stats.writeDropped, 4);
  assert.equal(manager.stats.writeTotalBuffered, 0);
});

test('a pipe without a reader is no mistake; what comes once there is one is written', {
  skip: !isLinux && 'needs named pipes',
}, async (t) => {
  const { folder, manager, open } = await createFixture(t);
  const path = makePipe(join(folder, 'pipe'));
  const log = await open('pipe');
  logPath(log, '/lost');
  await manager.flush();
  assert.equal(manager.stats.reopenFailed, 1);
  assert.equal(manager.stats.writeDropped, 1);
  const reader = openReader(t, path);
  logPath(log, '/read');
  await manager.flush();
  assert.equal(readAvailable(reader), '/read\n');
});

test('a slow reader gets every line, in order', {
  skip: !isLinux && 'needs named pipes',
}, async (t) => {
  const { folder, clock, manager, open } = await createFixture(t);
  const reader = openReader(t, makePipe(join(folder, 'pipe')));
  const log = await open('pipe');
  const paths = Array.from({ length: 20_000 }, (_, i) => `/${i}/${'y'.repeat(20)}`);
  for (const path of paths) {
    logPath(log, path);
  }
  const closing = manager.close();
  let read = '';
  await until(() => {
    clock.advance(1);
    read += readAvailable(reader);
    return manager.stats.writeTotalBuffered === 0;
  }, 'everything is written');
  await closing;
  read += readAvailable(reader);
  assert.equal(read, `${paths.join('\n')}\n`);
  assert.equal(manager.stats.writeDropped, 0);
});

test('a reader that has stopped costs no more than 8 MiB; more is dropped and counted', {
  skip: !isLinux && 'needs named pipes',
}, async (t) => {
  const { folder, clock, manager, open } = await createFixture(t);
  openReader(t, makePipe(join(folder, 'pipe')));
  const log = await open('pipe');
  for (let i = 0; i < 200; i++) {
    logPath(log, longPath);
  }
  assert.ok(manager.stats.writeTotalBuffered <= 8 * 1024 * 1024);
  assert.ok(manager.stats.writeTotalBuffered > 7 * 1024 * 1024);
  assert.equal(manager.stats.writeDropped, 200 - manager.stats.writeBuffered);

  const closing = manager.close();
  await until(() => {
    clock.advance(1000);
    return manager.stats.writeTotalBuffered === 0;
  }, 'close has given up');
  await closing;
  assert.equal(manager.stats.writeDropped, 200 - manager.stats.writeCompleted);
});

test('a reader that goes away ends no process; lines are dropped and counted', {
  skip: !isLinux && 'needs named pipes',
}, async (t) => {
  const { folder, manager, open } = await createFixture(t);
  const path = makePipe(join(folder, 'pipe'));
  const first = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const log = await open('pipe');
  closeSync(first);
  logPath(log, '/lost');
  await manager.flush();
  assert.equal(manager.stats.writeFailed, 1);
  assert.equal(manager.stats.writeDropped, 1);
  const second = openReader(t, path);
  logPath(log, '/read');
  await manager.flush();
  assert.equal(readAvailable(second), '/read\n');
});
