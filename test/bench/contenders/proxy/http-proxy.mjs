import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';
import { listen, serveProxy, settings } from '../../child.mjs';

const agent = new Agent({ keepAlive: true });
// One proxy per host: its target is then parsed once, not for each request.
const proxies = settings.ports.map((port) =>
  httpProxy.createProxyServer({ target: `http://127.0.0.1:${port}`, agent }),
);

let turn = 0;
const server = createServer((request, response) => {
  turn = (turn + 1) % proxies.length;
  proxies[turn].web(request, response);
});
serveProxy(await listen(server));
