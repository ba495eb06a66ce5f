import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Json } from './config-builder.js';
import { type ProxyParts, TestProxy } from './proxy.js';

/** A proxy with access logs of its own, and what they have written. */
export interface LoggingProxy {
  readonly proxy: TestProxy;
  /** Closes the proxy and returns what is in a log. */
  read(name: string): Promise<string>;
}

/** A file for a log, and what has been written to it. */
export interface TemporaryLog {
  readonly path: string;
  read(): Promise<string>;
}

/** Makes room for a log that goes when the test is over. */
export async function temporaryLog(t: TestContext): Promise<TemporaryLog> {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'log');
  return { path, read: () => readFile(path, 'utf8') };
}

/**
 * Starts a proxy whose `access_log` has the given entries. The `path` of each is a name, under which
 * the log can be read.
 */
export async function startLoggingProxy(
  t: TestContext,
  entries: readonly (Json & { readonly path: string })[],
  parts: ProxyParts = {},
): Promise<LoggingProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-test-'));
  const access_log = entries.map((entry) => ({ ...entry, path: join(folder, entry.path) }));
  const proxy = await TestProxy.start(t, { ...parts, manager: { ...parts.manager, access_log } });
  t.after(() => rm(folder, { recursive: true, force: true }));
  return {
    proxy,
    async read(name) {
      await proxy.close();
      return await readFile(join(folder, name), 'utf8');
    },
  };
}
