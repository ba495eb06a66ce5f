import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fastify } from 'fastify';
import { assertContextGoesOn, callOrders, startOrders } from './calls.mjs';
import { importLibrary, portOf, sendHttp1 } from './sidecar.mjs';

const { createSidecar } = await importLibrary('lib/index.js');
const { currentContext } = await importLibrary('lib/http/request-context.js');
const { pillion } = await importLibrary('lib/fastify/index.js');

const limit = { bodyLimit: 1_000_000 };

function addRoutes(app) {
  app.get('/', () => callOrders(app.sidecar));
  app.post('/', async (request) => {
    assert.equal(typeof request.body.text, 'string');
    return await callOrders(app.sidecar);
  });
}

function create(t, options = {}) {
  const app = fastify({ ...limit, ...options });
  t.after(() => app.close());
  return app;
}

async function listen(app) {
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server.address().port;
}

async function ready(app) {
  await app.ready();
  return portOf(app.sidecar.listeners[0].address);
}

/** Whether a sidecar is closed: it refuses requests then. */
async function isClosed(sidecar) {
  const refusal = await sidecar.request('http://orders/').then(
    (response) => response.body.dump(),
    (error) => error,
  );
  return refusal?.code === 'SIDECAR_CLOSED';
}

test('the plugin of Fastify makes calls on behalf of the request that is served', async (t) => {
  const { options, received } = await startOrders(t);
  const app = create(t);
  await app.register(pillion, options);
  addRoutes(app);
  await assertContextGoesOn(await listen(app), received);
});

test('the plugin of Fastify applies to all that is registered beside and below it', async (t) => {
  const { options, received } = await startOrders(t);
  const app = create(t);
  await app.register(async (outer) => {
    await outer.register(pillion, options);
    outer.register(async (inner) => addRoutes(inner));
    assert.ok(outer.sidecar);
  });
  assert.equal(app.sidecar, undefined);
  await assertContextGoesOn(await listen(app), received);
});

for (const mount of [{}, { mountAs: 'app' }]) {
  test(`hooks of Fastify run on behalf of the request, ${JSON.stringify(mount)}`, async (t) => {
    const { options } = await startOrders(t);
    const app = create(t);
    await app.register(pillion, { ...options, ...mount });
    const requests = [];
    const note = async () => void requests.push(currentContext()?.request);
    const names = ['preParsing', 'preValidation', 'preHandler', 'preSerialization', 'onSend'];
    for (const name of ['onRequest', ...names]) {
      app.addHook(name, note);
    }
    let raw;
    app.post('/', async (request) => {
      raw = request.raw;
      await note();
      return { fine: true };
    });
    const port = mount.mountAs === undefined ? await listen(app) : await ready(app);
    const body = JSON.stringify({ text: 'a'.repeat(200_000) });
    const headers = { 'content-type': 'application/json' };
    assert.equal((await sendHttp1({ port, method: 'POST', headers, body })).status, 200);
    assert.deepEqual(
      requests.map((request) => request === raw),
      Array(7).fill(true),
    );
  });
}

test('the plugin of Fastify has a cluster answered by the application', async (t) => {
  const { options, received } = await startOrders(t);
  const app = create(t);
  await app.register(pillion, { ...options, mountAs: 'app' });
  assert.throws(() => app.sidecar, /the sidecar is there when the application is ready/);
  addRoutes(app);
  await app.ready();
  assert.equal(app.server.listening, false);
  const port = portOf(app.sidecar.listeners[0].address);
  await assertContextGoesOn(port, received, { isMounted: true });
});

test('the plugin of Fastify adds nothing to what the same sidecar has mounted', async (t) => {
  const { options, received } = await startOrders(t);
  const app = create(t);
  const sidecar = await createSidecar({ ...options, mount: { app: app.server } });
  t.after(() => sidecar.close());
  await app.register(pillion, { sidecar });
  addRoutes(app);
  await app.ready();
  const port = portOf(sidecar.listeners[0].address);
  await assertContextGoesOn(port, received, { isMounted: true });
});

for (const more of [{}, { mountAs: 'app' }]) {
  test(`a sidecar of its own closes with Fastify, ${JSON.stringify(more)}`, async (t) => {
    const { options } = await startOrders(t);
    const app = create(t);
    await app.register(pillion, { ...options, ...more });
    const order = [];
    app.addHook('onClose', async () => void order.push(await isClosed(app.sidecar)));
    await app.ready();
    const { sidecar } = app;
    await app.close();
    assert.equal(await isClosed(sidecar), true);
    assert.deepEqual(order, [false]);
  });
}

test('a sidecar that was there stays open when Fastify closes', async (t) => {
  const { options } = await startOrders(t);
  const sidecar = await createSidecar(options);
  t.after(() => sidecar.close());
  const app = create(t);
  await app.register(pillion, { sidecar });
  assert.equal(app.sidecar, sidecar);
  await app.close();
  assert.equal(await isClosed(sidecar), false);
});

test('the plugin of Fastify lets the sidecar log to the log of the application', async (t) => {
  const { options } = await startOrders(t);
  const lines = [];
  const app = create(t, {
    logger: { level: 'error', stream: { write: (line) => lines.push(line) } },
  });
  const failing = () => {
    throw new Error('of the application');
  };
  await app.register(pillion, { ...options, mount: { app: failing } });
  const port = portOf(app.sidecar.listeners[0].address);
  assert.equal((await sendHttp1({ port })).status, 503);
  assert.equal(lines.length, 1);
  assert.match(JSON.parse(lines[0]).msg, /the mounted application failed: Error: of the app/);
});

test('the plugin of Fastify refuses options that it could not heed', async (t) => {
  const { options } = await startOrders(t);
  const sidecar = await createSidecar(options);
  t.after(() => sidecar.close());
  const code = 'SIDECAR_OPTION_INVALID';
  const cases = [
    [{ sidecar, mountAs: 'app' }, /^sidecar is given together with mountAs; give these to create/],
    [
      { ...options, mount: { app() {} }, mountAs: 'app' },
      /^mount and mountAs both name the .*"app"/,
    ],
  ];
  for (const [wrong, message] of cases) {
    const app = create(t);
    app.register(pillion, wrong);
    await assert.rejects(async () => await app.ready(), { code, message });
  }
});

test('Fastify does not start with what the plugin refuses', async (t) => {
  const { options } = await startOrders(t);
  for (const [wrong, refusal] of [
    [{ config: {} }, { code: 'SIDECAR_CONFIG_INVALID' }],
    [{ ...options, mountAs: 'nobody' }, { code: 'SIDECAR_OPTION_INVALID' }],
    [
      { ...options, prefix: '/x' },
      { code: 'SIDECAR_OPTION_INVALID', message: /"prefix"/ },
    ],
    [{ sidecar: createSidecar(options) }, { code: 'SIDECAR_OPTION_INVALID', message: /await it/ }],
  ]) {
    const app = create(t);
    app.register(pillion, wrong);
    await assert.rejects(async () => await app.ready(), refusal);
    if (wrong.sidecar !== undefined) {
      await (await wrong.sidecar).close();
    }
  }
});
