import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../../lib/base/log.js';
import {
  type SdsServer,
  serveRegistrations,
  startSdsServer,
} from '../../../lib/sds-server/sds-server.js';

const hosts = [
  { ip_address: '10.0.0.1', port: 80 },
  { ip_address: '10.0.0.2', port: 81, tags: { az: 'eu-1a', load_balancing_weight: 5 } },
];

interface Answer {
  readonly status: number | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

async function start(t: TestContext, listen = '127.0.0.1:0'): Promise<SdsServer> {
  const directory = await mkdtemp(join(tmpdir(), 'pillion-sds-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, 'registrations.json');
  const registrations = { 'orders.shop.svc.cluster.local': hosts };
  await writeFile(file, JSON.stringify({ registrations }));
  const server = await startSdsServer({ listen, file });
  t.after(() => server.close());
  return server;
}

/** Sends a request exactly as given: `fetch` would tidy up the path. */
function ask(server: SdsServer, path: string, method = 'GET'): Promise<Answer> {
  const [host, port] = server.address.split(':');
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

test('answers with the hosts of a service', async (t) => {
  const server = await start(t);
  const answer = await ask(server, '/v1/registration/orders.shop.svc.cluster.local');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.deepEqual(JSON.parse(answer.body), { hosts });
});

test('ignores a query and decodes the name', async (t) => {
  const server = await start(t);
  const answer = await ask(server, '/v1/registration/orders.sho%70.svc.cluster.local?a=b');
  assert.deepEqual(JSON.parse(answer.body), { hosts });
});

test('answers with no hosts for a service that nobody knows', async (t) => {
  const server = await start(t);
  const answer = await ask(server, '/v1/registration/users.shop.svc.cluster.local');
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.body), { hosts: [] });
});

test('answers 400 to what is no full service name', async (t) => {
  const server = await start(t);
  for (const name of ['', 'orders', 'orders.shop', 'a.b.c.svc.cluster.local', '%ff', 'a/b']) {
    const answer = await ask(server, `/v1/registration/${name}`);
    assert.equal(answer.status, 400, name);
  }
});

test('answers 404 anywhere else', async (t) => {
  const server = await start(t);
  for (const path of ['/', '/v1/registration', '/v2/registration/a', '*']) {
    assert.equal((await ask(server, path)).status, 404, path);
  }
});

test('answers 500 while the source cannot tell, logs that once, and recovers', async (t) => {
  let isFailing = true;
  let isClosed = false;
  const source = {
    hosts: async () => {
      if (isFailing) {
        throw new Error('no access');
      }
      return [];
    },
    close: async () => {
      isClosed = true;
    },
  };
  const errors: string[] = [];
  const server = await serveRegistrations(source, {
    listen: '127.0.0.1:0',
    clusterDomain: 'svc.cluster.local',
    logger: { ...silentLogger, error: (message) => errors.push(message) },
  });
  t.after(() => server.close());
  const path = '/v1/registration/orders.shop.svc.cluster.local';
  assert.equal((await ask(server, path)).status, 500);
  assert.equal((await ask(server, path)).status, 500);
  assert.deepEqual(errors, ['the registrations cannot be read: Error: no access']);
  isFailing = false;
  assert.equal((await ask(server, path)).status, 200);
  isFailing = true;
  assert.equal((await ask(server, path)).status, 500);
  assert.equal(errors.length, 2);
  await server.close();
  assert.equal(isClosed, true);
});

test('logs a failure once for each namespace, and no end of them', async (t) => {
  const source = {
    hosts: async ({ namespace }: { namespace: string }) => {
      if (namespace === 'shop') {
        return [];
      }
      throw new Error(`no ${namespace}`);
    },
    close: async () => {},
  };
  const errors: string[] = [];
  const server = await serveRegistrations(source, {
    listen: '127.0.0.1:0',
    clusterDomain: 'svc.cluster.local',
    logger: { ...silentLogger, error: (message) => errors.push(message) },
  });
  t.after(() => server.close());
  for (const namespace of ['bank', 'shop', 'bank', 'shop', 'bank']) {
    await ask(server, `/v1/registration/orders.${namespace}.svc.cluster.local`);
  }
  assert.deepEqual(errors, ['the registrations cannot be read: Error: no bank']);
  for (let i = 0; i < 200; i++) {
    await ask(server, `/v1/registration/orders.n${i}.svc.cluster.local`);
  }
  assert.equal(errors.length, 64);
});

test('answers HEAD as GET, without the body', async (t) => {
  const server = await start(t);
  const path = '/v1/registration/orders.shop.svc.cluster.local';
  const get = await ask(server, path);
  const head = await ask(server, path, 'HEAD');
  assert.equal(head.status, 200);
  assert.equal(head.body, '');
  assert.equal(head.headers['content-length'], get.headers['content-length']);
});

test('answers 405 to other methods, and says which are allowed', async (t) => {
  const server = await start(t);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = await ask(server, '/v1/registration/orders.shop.svc.cluster.local', method);
    assert.equal(answer.status, 405, method);
    assert.equal(answer.headers.allow, 'GET, HEAD');
  }
});

test('answers 414 to a long URL and 431 to one that does not fit the header limit', async (t) => {
  const server = await start(t);
  assert.equal((await ask(server, `/v1/registration/${'a'.repeat(3000)}`)).status, 414);
  assert.equal((await ask(server, `/v1/registration/${'a'.repeat(20_000)}`)).status, 431);
});

test('survives what is no HTTP', async (t) => {
  const server = await start(t);
  const [host, port] = server.address.split(':');
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = net.connect({ host: host ?? '', port: Number(port) });
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
    socket.write('\x16\x03\x01 nonsense\r\n\r\n');
  });
  assert.match(answer, /^HTTP\/1\.1 400 /);
  const next = await ask(server, '/v1/registration/orders.shop.svc.cluster.local');
  assert.equal(next.status, 200);
});

test('says which address is in use', async (t) => {
  const first = await start(t);
  await assert.rejects(start(t, first.address), {
    code: 'SIDECAR_LISTEN_FAILED',
    message: new RegExp(`cannot listen on ${first.address}: .*EADDRINUSE`),
  });
});

test('refuses an address that is none', async (t) => {
  await assert.rejects(start(t, 'nowhere'), { code: 'SIDECAR_OPTION_INVALID' });
});

test('ends open connections when it is closed, and can be closed again', async (t) => {
  const server = await start(t);
  const [host, port] = server.address.split(':');
  const socket = net.connect({ host: host ?? '', port: Number(port) });
  t.after(() => socket.destroy());
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.resume();
  await new Promise((resolve) => socket.once('connect', resolve));
  // The first half of a request: the server has the connection and waits for more.
  socket.write('GET /v1/registration/orders.shop.svc.cluster.local HTTP/1.1\r\n');
  await ask(server, '/');
  await server.close();
  await closed;
  await server.close();
});
