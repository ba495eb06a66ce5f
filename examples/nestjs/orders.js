// The other service: it knows what stands in a cart, and fails at every second request.
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: { listen: { type: 'string', default: '127.0.0.1:8081' } },
});
let count = 0;

const server = createServer((request, response) => {
  const status = ++count % 2 === 1 ? 503 : 200;
  console.log(`orders: ${request.url} for ${request.headers['x-request-id']}: ${status}`);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(status === 200 ? ['tea', 'biscuits'] : { message: 'not now' }));
});

const [host, port] = options.listen.split(':');
server.listen(Number(port), host, () => {
  console.log(`orders serves on http://${host}:${server.address().port}/`);
});
