/** The upstream process: hosts that say hello as cheaply as Node.js can, and an SDS registry. */

import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { listen, serve, settings } from './child.mjs';
import { helloResponse } from './hello.mjs';

/**
 * Starts one host. It answers each read that ends a request head, without reading the head:
 * nobody here pipelines, and no request has a body.
 */
function startHost() {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (chunk) => {
      if (chunk.latin1Slice(chunk.length - 4) === '\r\n\r\n') socket.write(helloResponse, 'latin1');
    });
    socket.on('error', () => socket.destroy());
  });
  return listen(server);
}

/** Starts the registry; it lists the same hosts under whatever service name it is asked for. */
function startRegistry(ports) {
  const hosts = ports.map((port) => ({ ip_address: '127.0.0.1', port, tags: {} }));
  return listen(createHttpServer((_request, response) => response.end(JSON.stringify({ hosts }))));
}

const ports = await Promise.all(Array.from({ length: settings.hosts }, startHost));
// `listed`: how many of the hosts the registry tells of, by default the first alone.
const listed = ports.slice(0, settings.listed ?? 1);
serve({ ports, registryPort: await startRegistry(listed) }, {});
