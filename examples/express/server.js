// A shop with Express whose calls go through a sidecar: see README.md.
import { parseArgs } from 'node:util';
import express from 'express';
import { createSidecar } from 'pillion';
import { pillion } from 'pillion/express';

const { values: options } = parseArgs({
  options: {
    listen: { type: 'string', default: '127.0.0.1:8080' },
    admin: { type: 'string', default: '127.0.0.1:8001' },
    orders: { type: 'string', default: '127.0.0.1:8081' },
  },
});

const sidecar = await createSidecar({
  config: new URL('./envoy.json', import.meta.url),
  listenOn: { 'tcp://127.0.0.1:8001': `tcp://${options.admin}` },
  connectTo: { '127.0.0.1:8081': options.orders },
});

const app = express();
// In front of all that calls other services: their calls belong to the request that is served.
app.use(pillion(sidecar));

app.get('/cart/:id', async (request, response) => {
  const answer = await sidecar.fetch(`http://orders/carts/${request.params.id}`);
  response.json({ cart: request.params.id, items: await answer.json() });
});

const [host, port] = options.listen.split(':');
const server = app.listen(Number(port), host, () => {
  console.log(`the shop serves on http://${host}:${server.address().port}/`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    // The sidecar last: requests that are under way may still have to call others.
    server.close(() => void sidecar.close());
  });
}
