import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import express from 'express';
import { assertContextGoesOn, callOrders, startOrders } from './calls.mjs';
import { importLibrary, portOf } from './sidecar.mjs';

const { createSidecar } = await importLibrary('lib/index.js');
const { pillion } = await importLibrary('lib/express/index.js');

async function start(t, options) {
  const sidecar = await createSidecar(options);
  t.after(() => sidecar.close());
  return sidecar;
}

async function listen(t, app) {
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return server.address().port;
}

function addRoutes(app) {
  // No route names the sidecar that the middleware has brought.
  app.get('/', async (request, response) => response.send(await callOrders(request.sidecar)));
  app.post('/', express.json({ limit: '1mb' }), async (request, response) => {
    assert.equal(typeof request.body.text, 'string');
    response.send(await callOrders(request.sidecar));
  });
}

test('the middleware makes the calls of Express on behalf of the request', async (t) => {
  const { options, received } = await startOrders(t);
  const app = express().use(pillion(await start(t, options)));
  addRoutes(app);
  await assertContextGoesOn(await listen(t, app), received);
});

test('the middleware adds nothing to what the same sidecar has mounted', async (t) => {
  const { options, received } = await startOrders(t);
  const app = express();
  const sidecar = await start(t, { ...options, mount: { app } });
  app.use(pillion(sidecar));
  addRoutes(app);
  const port = portOf(sidecar.listeners[0].address);
  await assertContextGoesOn(port, received, { isMounted: true });
});

test('the middleware needs nothing of Express', async (t) => {
  const { options, received } = await startOrders(t);
  const middleware = pillion(await start(t, options));
  const port = await listen(t, (request, response) => {
    middleware(request, response, async () => {
      for await (const _chunk of request) {
        // Only to have read it.
      }
      response.end(await callOrders(request.sidecar));
    });
  });
  await assertContextGoesOn(port, received);
});

test('the middleware says at once that it has got no sidecar', async (t) => {
  const { options } = await startOrders(t);
  const promise = createSidecar(options);
  const refusal = { code: 'SIDECAR_OPTION_INVALID', message: /expected a sidecar; await it first/ };
  assert.throws(() => pillion(promise), refusal);
  assert.throws(() => pillion(undefined), { code: 'SIDECAR_OPTION_INVALID' });
  await (await promise).close();
});
