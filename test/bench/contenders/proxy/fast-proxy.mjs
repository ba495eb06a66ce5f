import { createServer } from 'node:http';
import fastProxy from 'fast-proxy';
import { listen, serveProxy, settings } from '../../child.mjs';

// Its default transport, which keeps connections alive.
const proxies = settings.ports.map((port) => fastProxy({ base: `http://127.0.0.1:${port}` }).proxy);

let turn = 0;
const server = createServer((request, response) => {
  turn = (turn + 1) % proxies.length;
  proxies[turn](request, response, request.url, {});
});
serveProxy(await listen(server));
