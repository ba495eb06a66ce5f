/**
 * A program that writes access logs to its standard output and reports on its standard error, for
 * tests of what readers of that output can do to it. The first argument says what it does.
 */
import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../../lib/base/clock.js';
import type { AccessLog } from '../../lib/telemetry/access-log/access-log.js';
import { AccessLogManager } from '../../lib/telemetry/access-log/access-log-manager.js';
import { createRequestInfo } from './request-info-fixture.js';

const manager = new AccessLogManager({ clock: systemClock, flushIntervalMs: 20 });

function logPath(log: AccessLog, path: string): void {
  log.log(createRequestInfo({ requestHead: { method: 'GET', path, authority: '', headers: [] } }));
}

function report(facts: Record<string, unknown>): void {
  writeSync(2, `${JSON.stringify({ ...manager.stats, ...facts })}\n`);
}

/** Writes far more than any pipe holds, and reports how long one turn of the event loop took. */
async function flood(log: AccessLog): Promise<void> {
  let maxTurnMs = 0;
  for (let i = 0; i < 2000; i++) {
    const startMs = performance.now();
    for (let k = 0; k < 10; k++) {
      logPath(log, `/${i}/${k}/${'x'.repeat(1000)}`);
    }
    await setImmediate();
    maxTurnMs = Math.max(maxTurnMs, performance.now() - startMs);
  }
  report({ maxTurnMs });
}

/** Writes a line every few milliseconds until one has been dropped. */
async function writeUntilDropped(log: AccessLog): Promise<void> {
  report({ isReady: true });
  const endMs = performance.now() + 20_000;
  while (manager.stats.writeDropped === 0 && performance.now() < endMs) {
    logPath(log, '/line');
    await setImmediate();
  }
  logPath(log, '/after');
  await manager.flush();
  report({});
}

/** Writes lines in turn with the application's own. */
async function alternate(log: AccessLog): Promise<void> {
  for (let i = 0; i < 10; i++) {
    writeSync(1, `application ${i}\n`);
    logPath(log, `/${i}`);
    await manager.flush();
  }
}

const log = await manager.createAccessLog('/dev/stdout', '%REQ(:PATH)%\n');
if (log instanceof Error) {
  throw log;
}
switch (process.argv[2]) {
  case 'flood-and-close':
    await flood(log);
    await manager.close();
    break;
  case 'flood-and-exit':
    await flood(log);
    process.exit(0);
    break;
  case 'flood-and-end':
    await flood(log);
    break;
  case 'write-until-dropped':
    await writeUntilDropped(log);
    await manager.close();
    break;
  case 'alternate':
    await alternate(log);
    await manager.close();
    writeSync(1, 'still open\n');
    break;
  case 'one-line-and-end':
    logPath(log, '/1');
    break;
}
