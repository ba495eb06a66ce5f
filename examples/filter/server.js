// An application behind a filter of its own:
//
//   node examples/filter/server.js
//   curl -i http://127.0.0.1:8080/
//   curl -i http://127.0.0.1:8080/private
//   curl -i http://127.0.0.1:8080/private -H 'x-token: s3cret'
import { parseArgs } from 'node:util';
import { createSidecar } from 'pillion';
import { createTokenFilter } from './token-filter.js';

const { values: options } = parseArgs({
  options: {
    listen: { type: 'string', default: '127.0.0.1:8080' },
    admin: { type: 'string', default: '127.0.0.1:8001' },
  },
});

function app(request, response) {
  response.end(`hello ${request.headers['x-user'] ?? 'stranger'}\n`);
}

const sidecar = await createSidecar({
  config: new URL('./envoy.json', import.meta.url),
  mount: { app },
  // The name under which the chain in envoy.json has it.
  httpFilters: { token: createTokenFilter },
  listenOn: {
    'tcp://127.0.0.1:8080': `tcp://${options.listen}`,
    'tcp://127.0.0.1:8001': `tcp://${options.admin}`,
  },
});
const [listener] = sidecar.listeners;
console.log(`listening on ${listener.address.replace('tcp:', 'http:')}/`);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => void sidecar.close());
}
