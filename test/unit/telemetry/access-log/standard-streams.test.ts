import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../support/stdout-logger.js', import.meta.url));
const skip = process.platform !== 'linux' && 'needs named pipes and /proc';

/** What the program reports: statistics of its log, and how long its event loop was held up. */
interface Report {
  readonly writeBuffered: number;
  readonly writeDropped: number;
  readonly writeFailed: number;
  readonly reopenFailed: number;
  readonly writeTotalBuffered: number;
  readonly maxTurnMs?: number;
  readonly isReady?: boolean;
}

class Program {
  readonly process: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #stderr = '';

  /** `stdout`: a descriptor, or `pipe` for a socket that nobody reads. */
  constructor(t: TestContext, scenario: string, stdout: number | 'pipe') {
    this.process = spawn(process.execPath, [program, scenario], {
      stdio: ['ignore', stdout, 'pipe'],
      // A program that hangs fails its test by the signal.
      timeout: 30_000,
      killSignal: 'SIGKILL',
    });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#exited = once(this.process, 'exit');
    t.after(() => this.process.kill('SIGKILL'));
  }

  /** Waits for the first report. */
  async started(): Promise<void> {
    if (!this.#stderr.includes('\n') && this.process.stderr !== null) {
      await once(this.process.stderr, 'data');
    }
  }

  /** Waits for an orderly end; returns the last report. */
  async ended(): Promise<Report> {
    const [code, signal] = await this.#exited;
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, this.#stderr);
    return JSON.parse(this.#stderr.trimEnd().split('\n').at(-1) ?? '');
  }
}

/** A pipe: its write end for a program, its read end for the test. */
async function createPipe(t: TestContext): Promise<{ readFd: number; writeFd: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { readFd, writeFd: openSync(path, constants.O_WRONLY) };
}

function assertNotHeldUp(report: Report): void {
  assert.ok(report.writeDropped > 0, 'more was written than may wait');
  assert.ok(report.writeTotalBuffered <= 8 * 1024 * 1024);
  assert.ok((report.maxTurnMs ?? Number.NaN) < 5000, `a turn took ${report.maxTurnMs} ms`);
}

for (const scenario of ['flood-and-close', 'flood-and-exit', 'flood-and-end']) {
  test(`a pipe that nobody drains holds up neither the event loop nor the end: ${scenario}`, {
    skip,
  }, async (t) => {
    const { readFd, writeFd } = await createPipe(t);
    t.after(() => closeSync(readFd));
    const program = new Program(t, scenario, writeFd);
    closeSync(writeFd);
    assertNotHeldUp(await program.ended());
    const buffer = Buffer.alloc(20);
    readSync(readFd, buffer);
    assert.equal(buffer.toString(), `/0/0/${'x'.repeat(15)}`, 'what the pipe took is whole');
  });

  test(`a socket that nobody drains holds up neither the event loop nor the end: ${scenario}`, {
    skip,
  }, async (t) => {
    const program = new Program(t, scenario, 'pipe');
    program.process.stdout?.pause();
    assertNotHeldUp(await program.ended());
  });
}

test('a reader of a pipe that goes away does not end the program', { skip }, async (t) => {
  const { readFd, writeFd } = await createPipe(t);
  const program = new Program(t, 'write-until-dropped', writeFd);
  closeSync(writeFd);
  await program.started();
  closeSync(readFd);
  const report = await program.ended();
  assert.ok(report.writeDropped > 0);
  assert.ok(report.writeFailed + report.reopenFailed > 0);
});

test('a reader of a socket that goes away does not end the program', { skip }, async (t) => {
  const program = new Program(t, 'write-until-dropped', 'pipe');
  await program.started();
  program.process.stdout?.destroy();
  const report = await program.ended();
  assert.ok(report.writeDropped > 0);
  assert.ok(report.writeFailed > 0);
});

test('a file as standard output is shared with the application, and stays open', {
  skip,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'out');
  const fd = openSync(path, 'w');
  const child = spawn(process.execPath, [program, 'alternate'], {
    stdio: ['ignore', fd, 'inherit'],
  });
  closeSync(fd);
  t.after(() => child.kill('SIGKILL'));
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  const expected = Array.from({ length: 10 }, (_, i) => `application ${i}\n/${i}\n`);
  assert.equal(readFileSync(path, 'utf8'), `${expected.join('')}still open\n`);
});

test('a line that waits does not keep a program alive', { skip }, async (t) => {
  const child = spawn(process.execPath, [program, 'one-line-and-end'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 30_000,
  });
  t.after(() => child.kill('SIGKILL'));
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
