/** What clients see of `install`: one task for each test of test/integration/install.test.ts. */
import { strict as assert } from 'node:assert';
import http, { globalAgent, get as namedGet } from 'node:http';
import https from 'node:https';
import {
  assertNotOurs,
  assertOurs,
  byFetch,
  byGet,
  type Client,
  elsewhere,
  isOurs,
  type Received,
  readFetched,
  runTask,
  start,
} from './install-process.js';

// Taken before anything is installed, as libraries do when they are loaded.
const capturedFetch = globalThis.fetch;
const capturedAgent = http.globalAgent;
const capturedRequest = http.request;

/** As axios, got and others: an instance with its defaults, made once. */
class ClientInstance {
  readonly #defaults: http.RequestOptions;

  constructor(defaults: http.RequestOptions) {
    this.#defaults = { ...defaults };
  }

  get call(): Client {
    const get: typeof http.get = ((...args: Parameters<typeof capturedRequest>) =>
      capturedRequest(...args).end()) as typeof http.get;
    return byGet(this.#defaults, get);
  }
}

const instances = [new ClientInstance({}), new ClientInstance({ agent: capturedAgent })];

function withoutConnection({ connection: _, ...rest }: Received): object {
  return rest;
}

/** One after the other, so that each finds its connection idle when it is called again. */
async function callAll(clients: readonly Client[]): Promise<Received[]> {
  const received: Received[] = [];
  for (const client of clients) {
    received.push(await client(`${elsewhere}/a?b=c`));
  }
  return received;
}

const tasks: Record<string, () => Promise<void>> = {
  async fetch() {
    const sidecar = await start('app');
    await assertNotOurs(byFetch);
    const restore = sidecar.install();
    assert.equal(globalThis.fetch, capturedFetch);
    await assertOurs(byFetch);
    await assertOurs((url) => readFetched(capturedFetch(new Request(url))));
    const posted = capturedFetch('http://app/', { method: 'POST', body: 'some' });
    assert.equal((await readFetched(posted)).body, 'some');
    restore();
    await assertNotOurs(byFetch);
  },

  async 'global agent'() {
    const sidecar = await start('app');
    const clients = [
      byGet(),
      byGet({ agent: undefined }),
      // As JavaScript writes it, and the declarations do not have it.
      byGet(JSON.parse('{ "agent": null }') as http.RequestOptions),
      byGet({ agent: false }),
      byGet({ agent: http.globalAgent }),
      byGet({}, namedGet),
      byGet({ agent: globalAgent }),
      ...instances.map((instance) => instance.call),
    ];
    for (const client of clients) {
      await assertNotOurs(client);
    }
    const restore = sidecar.install();
    assert.equal(http.globalAgent, capturedAgent);
    for (const client of clients) {
      await assertOurs(client);
    }
    restore();
    for (const client of clients) {
      await assertNotOurs(client);
    }
  },

  async 'own agents'() {
    class Own extends http.Agent {}
    const sidecar = await start('app');
    const made = new http.Agent({ keepAlive: true });
    const restore = sidecar.install();
    const Copied = http.globalAgent.constructor as typeof http.Agent;
    class Derived extends Copied {}
    const agents = [
      made,
      new http.Agent(),
      new Own(),
      new Copied({ maxSockets: 3 }),
      new Derived(),
    ];
    for (const agent of agents) {
      assert.ok(agent instanceof http.Agent);
      await assertNotOurs(byGet({ agent }));
      assert.equal(isOurs(await byGet({ agent })(elsewhere)), false);
      agent.destroy();
    }
    assert.ok(agents.some(({ maxSockets }) => maxSockets === 3));
    // An agent that borrows the method of the global one has its own sockets.
    const borrower = new http.Agent();
    Object.defineProperty(borrower, 'addRequest', {
      value: Reflect.get(http.globalAgent, 'addRequest'),
    });
    await assertNotOurs(byGet({ agent: borrower }));
    restore();
  },

  async untouched() {
    const sidecar = await start('app');
    const keepAlive = byGet();
    const alone = byGet({ agent: false, headers: ['Host', 'it', 'X-Odd-Case', 'kept'] });
    const clients = [byFetch, keepAlive, alone];
    const before = await callAll(clients);
    const restore = sidecar.install();
    const during = await callAll(clients);
    assert.deepEqual(during.map(withoutConnection), before.map(withoutConnection));
    // The connections that were there before are used, so the agents are the same, too.
    assert.deepEqual(
      during.slice(0, 2).map(({ connection }) => connection),
      before.slice(0, 2).map(({ connection }) => connection),
    );
    restore();
    const after = await callAll(clients);
    assert.deepEqual(after.map(withoutConnection), before.map(withoutConnection));
    http.globalAgent.destroy();
  },

  async https() {
    const sidecar = await start('app');
    const properties = Object.getOwnPropertyDescriptors(https.globalAgent);
    const restore = sidecar.install();
    assert.deepEqual(Object.getOwnPropertyDescriptors(https.globalAgent), properties);
    await assertNotOurs(byGet({}, https.get as typeof http.get), 'https://app/');
    await assertNotOurs(byFetch, 'https://app/');
    restore();
  },

  async 'own doors'() {
    const sidecar = await start('app');
    sidecar.install();
    // What the sidecar passes on meets what is installed, which has to pass it on, too.
    const passedOn = await sidecar.request(elsewhere);
    assert.equal(isOurs((await passedOn.body.json()) as Received), false);
    assert.equal(isOurs(await readFetched(sidecar.fetch(elsewhere))), false);
    assert.equal(isOurs(await byGet({ agent: sidecar.agent })(elsewhere)), false);
    await assertOurs(byGet({ agent: sidecar.agent }));
    await assertOurs((url) => readFetched(sidecar.fetch(url)));
    // The application's dispatcher is its own to close.
    await sidecar.dispatcher.close();
    await assertOurs(byFetch);
    http.globalAgent.destroy();
  },

  async proxy() {
    const proxy = http.createServer((request, response) => {
      response.end(JSON.stringify({ url: request.url, rawHeaders: request.rawHeaders }));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as { port: number };
    const before = http.globalAgent;
    const proxyEnv = { HTTP_PROXY: `http://user:secret@127.0.0.1:${port}` };
    // An option that Node.js has since 22.21, and the declarations do not have.
    http.globalAgent = new http.Agent({ keepAlive: true, proxyEnv } as http.AgentOptions);
    const sidecar = await start('app');
    sidecar.install();
    for (const headers of [{}, { expect: '100-continue' }, ['host', 'app']]) {
      const received = await byGet({ headers, path: '/a/./b?c' })('http://app/');
      assert.ok(isOurs(received));
      assert.equal(received.url, '/a/./b?c');
      assert.doesNotMatch(JSON.stringify(received), /proxy|user|secret/i);
    }
    const { rawHeaders, url } = await byGet()(`${elsewhere}/d`);
    // Where Node.js has no such option, the call goes straight to its host.
    const isProxied = rawHeaders.includes('proxy-authorization');
    assert.equal(url, isProxied ? `${elsewhere}/d` : '/d');
    http.globalAgent.destroy();
    http.globalAgent = before;
    proxy.close();
    proxy.closeAllConnections();
  },

  async exit() {
    const sidecar = await start('app');
    sidecar.install();
    await assertOurs(byFetch);
    await assertOurs(byGet());
    assert.equal(isOurs(await byGet()(elsewhere)), false);
    assert.equal(isOurs(await byFetch(elsewhere)), false);
  },
};

await runTask(tasks);
