// A small web application and its sidecar in one process.
//
// The application and envoy.json are those of a Flask service that runs beside an Envoy. Here
// createSidecar() does the Envoy's part, from the same file, in one of two ways:
//
//   node server.js            the application listens on port 5000, as the file says, and the
//                             sidecar proxies to it
//   node server.js --mount    the sidecar calls the application directly: no second socket
//
//   curl -H 'Host: foo.com' http://127.0.0.1:8080/
import { once } from 'node:events';
import http from 'node:http';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { createSidecar } from 'pillion';

const { values: options } = parseArgs({
  options: {
    mount: { type: 'boolean', default: false },
    // What the service calls itself, and the address it has.
    name: { type: 'string', default: os.hostname() },
    ip: { type: 'string', default: '127.0.0.1' },
    // Where to listen in place of the ports 80, 5000 and 8001 of envoy.json.
    port: { type: 'string', default: '8080' },
    'app-port': { type: 'string', default: '5000' },
    'admin-port': { type: 'string', default: '8001' },
    // How long to go on serving after SIGTERM. Whoever discovers this service must have noticed
    // by then that it has left: an edge that asks every 1 to 2 s and waits 1 s for the answer
    // needs 3 s.
    'drain-delay-ms': { type: 'string', default: '3500' },
  },
});
const { name, ip } = options;

/** The application: a plain handler of node:http. It knows nothing of the sidecar. */
function application(request, response) {
  const [path] = request.url.split('?', 1);
  if (path === '/') {
    respond(response, 200, 'Hello, World!');
  } else if (path === '/healthy_check') {
    respond(response, 200, `I am fine! <service_name: ${name}, ip: ${ip}>`);
  } else {
    respond(response, 404, 'Not Found');
  }
}

function respond(response, status, text) {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}

// By proxy: the file's tcp://127.0.0.1:5000, moved so that several replicas fit on one machine.
// By mount: the cluster local_service of the file is the handler itself.
const server = options.mount ? undefined : http.createServer(application);
const reachApplication = options.mount
  ? { mount: { local_service: application } }
  : { connectTo: { '127.0.0.1:5000': `${ip}:${options['app-port']}` } };

if (server !== undefined) {
  server.listen(Number(options['app-port']), ip);
  await once(server, 'listening');
}

const sidecar = await createSidecar({
  config: new URL('./envoy.json', import.meta.url),
  serviceCluster: 'flask-app-envoy-service',
  serviceNode: name,
  listenOn: {
    'tcp://0.0.0.0:80': `tcp://${ip}:${options.port}`,
    'tcp://0.0.0.0:8001': `tcp://${ip}:${options['admin-port']}`,
  },
  ...reachApplication,
});

async function stop() {
  // In this order nothing is lost: the sidecar says that it is leaving and goes on serving, then
  // it closes its listener and finishes what is under way, and the application goes last.
  await sidecar.drain({ delayMs: Number(options['drain-delay-ms']) });
  await sidecar.close({ timeoutMs: 10_000 });
  server?.close();
}

// Once each: the same signal a second time ends the process at once.
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

console.log(`${name} serves on ${ip}:${options.port}`);
