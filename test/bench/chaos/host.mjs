/**
 * A host of the chaos bench, in a process of its own: so that it can be killed like one.
 *
 * Asked to drain it goes on for a while, since it takes time until everybody has heard that it is
 * leaving; it tells those who still come that their connection ends, and ends with the last of them.
 */

import { createServer } from 'node:http';

const drainMs = Number(process.argv[2]);
let isDraining = false;

const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (_request, response) => {
  response.setHeader('x-host', String(server.address()?.port ?? ''));
  if (isDraining) response.setHeader('connection', 'close');
  response.end('hello');
});

// A parent that is gone asks for nothing more.
process.on('disconnect', () => process.exit());
process.on('message', () => {
  isDraining = true;
  setTimeout(() => {
    server.close(() => process.exit());
    server.closeIdleConnections();
  }, drainMs);
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
