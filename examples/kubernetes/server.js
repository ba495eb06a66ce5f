// A web application with its sidecar inside, as it runs in Kubernetes: one container, no second
// process, no discovery service.
//
// Requests from outside come in by the listener of envoy.json and go straight to the handler below,
// which is mounted as the cluster local_service. Requests to its neighbors go out by the name of their
// service, to the pods that Kubernetes says are ready.
//
//   node server.js --port 8080 --admin-port 8001
//   curl -H 'Host: foo.com' http://127.0.0.1:8080/
//   curl -H 'Host: foo.com' http://127.0.0.1:8080/neighbor
import os from 'node:os';
import { parseArgs } from 'node:util';
import { createSidecar } from 'pillion';
import { kubernetesRegistrations } from 'pillion/kubernetes';

const { values: options } = parseArgs({
  options: {
    config: { type: 'string', default: new URL('./app/envoy.json', import.meta.url).href },
    // Where to listen in place of the ports 80 and 8001 of envoy.json, to try it outside.
    port: { type: 'string' },
    'admin-port': { type: 'string' },
    // How long to go on serving after SIGTERM: Kubernetes takes the pod out of the service at the
    // same moment, and until everybody knows, requests still come.
    'drain-delay-ms': { type: 'string', default: '5000' },
    // How long requests under way may take after that.
    'drain-timeout-ms': { type: 'string', default: '15000' },
  },
});

const service = 'flask-app-envoy-service.default.svc.cluster.local';
const name = os.hostname();

/** The application: a plain handler of node:http. */
async function application(request, response) {
  const [path] = request.url.split('?', 1);
  switch (path) {
    case '/':
      return respond(response, 200, 'Hello, World!');
    case '/healthy_check':
      return respond(response, 200, `I am fine! <pod: ${name}>`);
    case '/neighbor': {
      // The name says where to; the host is what the neighbor's own routes are for.
      const headers = { host: 'foo.com' };
      const answer = await sidecar.request(`http://${service}/healthy_check`, { headers });
      return respond(response, answer.statusCode, await answer.body.text());
    }
    default:
      return respond(response, 404, 'Not Found');
  }
}

function respond(response, status, text) {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}

function listenOn() {
  const { port, 'admin-port': adminPort } = options;
  return {
    ...(port === undefined ? {} : { 'tcp://0.0.0.0:80': `tcp://127.0.0.1:${port}` }),
    ...(adminPort === undefined ? {} : { 'tcp://0.0.0.0:8001': `tcp://127.0.0.1:${adminPort}` }),
  };
}

const logger = {
  debug() {},
  info: (message) => console.log(message),
  warn: (message) => console.error(message),
  error: (message) => console.error(message),
};

const starting = createSidecar({
  config: options.config.startsWith('file:') ? new URL(options.config) : options.config,
  serviceCluster: 'flask-app-envoy',
  serviceNode: name,
  mount: { local_service: application },
  registrations: kubernetesRegistrations({ logger }),
  listenOn: listenOn(),
  logger,
});

async function stop() {
  const started = await starting;
  await started.drain({
    delayMs: Number(options['drain-delay-ms']),
    timeoutMs: Number(options['drain-timeout-ms']),
  });
  await started.close({ timeoutMs: 0 });
}

// Before the start is over: the first process of a container is not ended by signals that it does
// not handle. Once each: the same signal a second time ends the process at once.
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

const sidecar = await starting;
console.log(`${name} serves on ${sidecar.listeners[0].address}`);
