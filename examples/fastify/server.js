// A shop with Fastify that is its own sidecar: see README.md.
import { parseArgs } from 'node:util';
import { fastify } from 'fastify';
import { pillion } from 'pillion/fastify';

const { values: options } = parseArgs({
  options: {
    listen: { type: 'string', default: '127.0.0.1:8080' },
    admin: { type: 'string', default: '127.0.0.1:8001' },
    orders: { type: 'string', default: '127.0.0.1:8081' },
  },
});

const app = fastify({ logger: { level: 'warn' } });

await app.register(pillion, {
  config: new URL('./envoy.json', import.meta.url),
  // What envoy.json routes to the cluster "shop", this application answers. It needs no port.
  mountAs: 'shop',
  // Its own calls go by the routes of this listener, which no one else can reach.
  outbound: { listeners: ['egress'] },
  listenOn: {
    'tcp://127.0.0.1:8080': `tcp://${options.listen}`,
    'tcp://127.0.0.1:8001': `tcp://${options.admin}`,
  },
  connectTo: { '127.0.0.1:8081': options.orders },
});

app.get('/cart/:id', async (request) => {
  const response = await app.sidecar.fetch(`http://orders/carts/${request.params.id}`);
  return { cart: request.params.id, items: await response.json() };
});

await app.ready();
const { address } = app.sidecar.listeners.find(({ name }) => name === 'ingress');
console.log(`the shop serves on ${address.replace('tcp:', 'http:')}/`);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    // Nothing new comes in, and what is under way is finished, before Fastify refuses requests.
    await app.sidecar.drain();
    await app.close();
  });
}
