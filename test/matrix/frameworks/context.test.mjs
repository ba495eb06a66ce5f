import { once } from 'node:events';
import { test } from 'node:test';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import Koa from 'koa';
import { assertContextGoesOn, callOrders, startOrders } from './calls.mjs';
import { importLibrary } from './sidecar.mjs';

const { createSidecar } = await importLibrary('lib/index.js');

/** By framework: a server whose application has the one line that the documents name. */
const servers = {
  'Koa 3'(sidecar) {
    const app = new Koa();
    app.use((context, next) => sidecar.runInContext(context.headers, next));
    app.use(async (context) => {
      for await (const _chunk of context.req) {
        // Only to have read it.
      }
      context.body = await callOrders(sidecar);
    });
    return app.listen(0, '127.0.0.1');
  },
  'Hono 4'(sidecar) {
    const app = new Hono();
    app.use((context, next) => sidecar.runInContext(context.req.raw.headers, next));
    app.get('/', async (context) => context.text(await callOrders(sidecar)));
    app.post('/', async (context) => {
      await context.req.json();
      return context.text(await callOrders(sidecar));
    });
    return serve({
      fetch: app.fetch,
      port: 0,
      hostname: '127.0.0.1',
      overrideGlobalObjects: false,
    });
  },
};

for (const [name, create] of Object.entries(servers)) {
  test(`one line of ${name} makes its calls on behalf of the request`, async (t) => {
    const { options, received } = await startOrders(t);
    const sidecar = await createSidecar(options);
    t.after(() => sidecar.close());
    const server = create(sidecar);
    if (!server.listening) {
      await once(server, 'listening');
    }
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    await assertContextGoesOn(server.address().port, received);
  });
}
