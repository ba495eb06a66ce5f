/**
 * A program whose mounted application fails in every way there is, for tests of whether it survives
 * that. Prints what became of each request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { staticCluster } from './config-builder.js';
import { send } from './http-client.js';
import { startTestSidecar } from './test-sidecar.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

const handlers: Readonly<Record<string, Handler>> = {
  '/throws'() {
    throw new Error('of the application');
  },
  '/rejects': () => Promise.reject(new Error('of the application')),
  async '/rejects-later'() {
    await setImmediate();
    throw new Error('of the application');
  },
  '/writes-after-end'(_request, response) {
    response.end('whole');
    response.write('more');
    response.end('more');
  },
  async '/rejects-after-end'(_request, response) {
    response.end('whole');
    await setImmediate();
    throw new Error('of the application');
  },
  '/destroys': (_request, response) => response.destroy(),
  '/destroys-with-error': (_request, response) => response.destroy(new Error('of its own')),
  async '/fails-in-the-middle'(_request, response) {
    response.write('begun');
    await setImmediate();
    throw new Error('of the application');
  },
  async '/writes-after-failing'(_request, response) {
    setImmediate().then(() => {
      response.writeHead(200);
      response.write('late');
      response.end('later');
      response.end();
    });
    throw new Error('of the application');
  },
};

const { sidecar, port } = await startTestSidecar(
  { clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])] },
  { mount: { app: (request, response) => handlers[request.url ?? '']?.(request, response) } },
);
const outcomes: Record<string, string> = {};
for (const path of Object.keys(handlers)) {
  outcomes[path] = await send(port, { path }).then(
    ({ status, text }) => (status === 200 ? `200 ${text}` : String(status)),
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
}
await sidecar.close();
process.stdout.write(JSON.stringify(outcomes));
