import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { Command } from './command.js';
import { send } from './http-client.js';
import { projectRoot } from './project-root.js';

/** The path of a file of `examples/`. */
export function examplePath(example: string): string {
  return join(projectRoot, 'examples', example);
}

/** The demo of `examples/demo/`, ready, with the addresses that it has printed. */
export class Demo {
  readonly command: Command;
  /** The port of the edge's listener. */
  readonly port: number;
  /** The edge's admin server. */
  readonly adminUrl: string;
  /** What service discovery answers for the service. */
  readonly sdsUrl: string;
  readonly #controlSocket: string;

  private constructor(command: Command) {
    const find = (pattern: RegExp): string => pattern.exec(command.stdout)?.[1] ?? '';
    this.command = command;
    this.port = Number(find(/curl -H 'Host: foo\.com' http:\/\/127\.0\.0\.1:(\d+)\/$/m));
    this.adminUrl = find(/curl (http:\S+\/)clusters$/m);
    this.sdsUrl = find(/curl (http:\S+\/v1\/registration\/\S+)$/m);
    this.#controlSocket = find(/--unix-socket (\S+)/);
  }

  /** Starts it with ports that the system chooses; the test ends it. */
  static async start(t: TestContext): Promise<Demo> {
    const args = [examplePath('demo/demo.js'), '--any-ports'];
    const command = Command.start(t, args, 'SIGTERM');
    await command.waitFor(/quit +end everything/);
    return new Demo(command);
  }

  /** Carries out a command as from another terminal; resolves to what it printed. */
  run(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: this.#controlSocket, method: 'POST', agent: false });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => resolve(readText(response)));
      outgoing.end(line);
    });
  }

  /** The processes of the replicas that it has told of. */
  get pids(): number[] {
    return [...this.command.stdout.matchAll(/\bpid (\d+)/g)].map(([, pid]) => Number(pid));
  }

  /** The directory with its files, which it removes at its end. */
  get directory(): string {
    return dirname(this.#controlSocket);
  }

  /** How many hosts the discovery service knows. */
  async countRegistrations(): Promise<number> {
    const { hosts } = JSON.parse(await this.read(this.sdsUrl));
    return hosts.length;
  }

  /** How many hosts the edge knows. */
  async countEdgeHosts(): Promise<number> {
    const clusters = await this.read(`${this.adminUrl}clusters`);
    return (clusters.match(/^flask-app-envoy-service\S+::rq_total::/gm) ?? []).length;
  }

  /** Which replicas answer so many requests in a row; fails if one is not answered by any. */
  async askForNames(count: number): Promise<string[]> {
    const names: string[] = [];
    for (let i = 0; i < count; i++) {
      const { status, text } = await send(this.port, { path: '/healthy_check' });
      assert.equal(status, 200, text);
      const [, name] = /^I am fine! <service_name: (\S+), ip: 127\.0\.0\.\d+>$/.exec(text) ?? [];
      assert.ok(name !== undefined, text);
      names.push(name);
    }
    return names;
  }

  /** The body of a successful answer. */
  async read(url: string): Promise<string> {
    const response = await fetch(url);
    assert.equal(response.status, 200, url);
    return await response.text();
  }
}

/** Whether a process runs; one that has ended and waits for its parent to notice does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = `/proc/${pid}/stat`;
  return !existsSync(status) || !/\) Z /.test(readFileSync(status, 'utf8'));
}
