import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command, type ExitStatus } from './command.js';
import { adminAddress, buildConfig, listenerAddress, staticCluster } from './config-builder.js';

/** The `pillion` command. */
export const cliPath: string = fileURLToPath(new URL('../../lib/cli.js', import.meta.url));

/** An address of which the system chooses the port. */
export const anyPort = 'tcp://127.0.0.1:0';

/** Lets the addresses of `buildConfig` be bound anywhere. */
export const bindAnywhere: readonly string[] = [
  ...['--listen-on', `${listenerAddress}=${anyPort}`],
  ...['--listen-on', `${adminAddress}=${anyPort}`],
];

/** How a command has ended, and what it had to say. */
export interface Outcome extends ExitStatus {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command that ends by itself. */
export async function runPillion(t: TestContext, ...args: readonly string[]): Promise<Outcome> {
  const command = startPillion(t, ...args);
  command.endInput();
  const status = await command.exited;
  return { ...status, stdout: command.stdout, stderr: command.stderr };
}

/** Starts a command that runs until it is ended. */
export function startPillion(t: TestContext, ...args: readonly string[]): Command {
  return Command.start(t, [cliPath, ...args]);
}

/** Resolves to the port of the listener, when it is open. */
export async function listenerPort(command: Command): Promise<number> {
  const [, port] = await command.waitFor(/listener \S+ on tcp:\/\/127\.0\.0\.1:(\d+)/);
  return Number(port);
}

/** Resolves to the port of the admin server. */
export async function adminPort(command: Command): Promise<number> {
  const [, port] = await command.waitFor(/admin server on tcp:\/\/127\.0\.0\.1:(\d+)/);
  return Number(port);
}

/** Makes a directory for one test. */
export async function createDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pillion-cli-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

/** Writes a file for one test and resolves to its path. */
export async function writeTemporary(t: TestContext, name: string, text: string): Promise<string> {
  const path = join(await createDirectory(t), name);
  await writeFile(path, text);
  return path;
}

/** Writes a configuration with one listener, which sends everything to `upstream`. */
export async function writeConfig(t: TestContext, upstream = 'tcp://127.0.0.1:1'): Promise<string> {
  const config = buildConfig({ clusters: [staticCluster('app', [upstream])] });
  return await writeTemporary(t, 'envoy.json', JSON.stringify(config));
}
