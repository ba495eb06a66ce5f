/** What the scripts of `install` tests share: a process with sidecars, and clients of every kind. */
import { strict as assert } from 'node:assert';
import http from 'node:http';
import { createSidecar } from '../../lib/index.js';
import type { Sidecar } from '../../lib/sidecar.js';
import { adminAddress, staticCluster } from './config-builder.js';

const port = Number(process.argv[2]);

/** The URL of the host itself, which no configuration knows. */
export const elsewhere: string = `http://127.0.0.1:${port}`;

/** What the host has received. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** Which connection it came on. */
  readonly connection: number;
}

/** Starts a sidecar for clients only, whose clusters of these names all have the one host. */
export function start(...names: readonly string[]): Promise<Sidecar> {
  return createSidecar({
    config: {
      listeners: [],
      admin: { access_log_path: '/dev/null', address: adminAddress },
      cluster_manager: {
        clusters: names.map((name) => staticCluster(name, [`tcp://127.0.0.1:${port}`])),
      },
    },
    listenOn: { [adminAddress]: 'tcp://127.0.0.1:0' },
  });
}

/** A way to make a request. */
export type Client = (url: string) => Promise<Received>;

/** The built-in fetch, or what has taken its place. */
export const byFetch: Client = (url) => readFetched(fetch(url));

/** Reads what came by any fetch. */
export async function readFetched(response: Promise<Response>): Promise<Received> {
  const received: unknown = await (await response).json();
  return received as Received;
}

/** Returns a client that calls `http.get` with these options. */
export function byGet(options: http.RequestOptions = {}, get: typeof http.get = http.get): Client {
  return (url) =>
    new Promise((resolve, reject) => {
      const request = get(url, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
      });
      request.on('error', reject);
    });
}

/** Whether a request took the data path, which gives every request an id. */
export function isOurs({ rawHeaders }: Received): boolean {
  return rawHeaders.some((text) => text.toLowerCase() === 'x-request-id');
}

/** Fails unless the client's calls to `url` take the data path. */
export async function assertOurs(client: Client, url: string = 'http://app/'): Promise<void> {
  assert.ok(isOurs(await client(url)), `${url} takes the data path`);
}

/** Fails unless the client's calls to `url` go where no such name is known. */
export async function assertNotOurs(client: Client, url: string = 'http://app/'): Promise<void> {
  await assert.rejects(client(url), (error: Error & { code?: string }) => {
    const { code } = error.cause === undefined ? error : (error.cause as { code?: string });
    assert.match(String(code), /^(ENOTFOUND|EAI_AGAIN)$/);
    return true;
  });
}

const places = [
  Symbol.for('undici.globalDispatcher.1'),
  Symbol.for('undici.globalDispatcher.2'),
] as const;

/** All that `install` may touch: what is there, and with what attributes. */
export function snapshot(): unknown[] {
  // Makes Node.js load its undici.
  void globalThis.Headers;
  const agent = http.globalAgent;
  return [
    ...describe(globalThis, 'fetch'),
    ...places.flatMap((place) => describe(globalThis, place)),
    ...Reflect.ownKeys(globalThis),
    ...describe(http, 'globalAgent'),
    agent,
    ...Reflect.ownKeys(agent),
    ...describe(agent, 'addRequest'),
    ...describe(agent, 'constructor'),
  ];
}

function describe(object: object, key: PropertyKey): unknown[] {
  const descriptor = Object.getOwnPropertyDescriptor(object, key);
  return descriptor === undefined ? [] : Object.entries(descriptor).flat();
}

/** Fails unless two snapshots are of the very same things. */
export function assertSame(actual: readonly unknown[], expected: readonly unknown[]): void {
  assert.equal(actual.length, expected.length);
  const changed = actual.findIndex((value, i) => !Object.is(value, expected[i]));
  assert.equal(changed, -1, `${String(actual[changed - 1])} is the same`);
}

/** Returns the global dispatchers, of which there are two in newer releases of Node.js. */
export function getGlobalDispatchers(): unknown[] {
  return places.map((place) => Reflect.get(globalThis, place));
}

/** Puts others in the places of the global dispatchers, where there are some. */
export function setGlobalDispatchers(dispatchers: readonly unknown[]): void {
  places.forEach((place, i) => {
    if (Reflect.get(globalThis, place) !== undefined) {
      Reflect.set(globalThis, place, dispatchers[i]);
    }
  });
}

/** Returns the global dispatcher that the built-in fetch asks. */
export function getGlobalDispatcher(): { dispatch(options: object, handler: object): boolean } {
  void globalThis.Headers;
  const major = Number(process.versions['undici']?.split('.')[0]);
  // There is one in every Node.js.
  return Reflect.get(globalThis, places[major >= 8 ? 1 : 0]) as ReturnType<
    typeof getGlobalDispatcher
  >;
}

/** Runs the task that the second argument names. */
export async function runTask(tasks: Readonly<Record<string, () => Promise<void>>>): Promise<void> {
  const task = String(process.argv[3]);
  await tasks[task]?.();
  process.on('exit', () => process.stdout.write(`${task} is done\n`));
}
