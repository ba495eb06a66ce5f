import { createServer } from 'node:http';
import { Pool } from 'undici';
import { listen, serveProxy, settings } from '../../child.mjs';

/** Writes what comes from upstream straight into the response: no stream, no promise between. */
class ResponseWriter {
  #response;

  constructor(response) {
    this.#response = response;
  }

  onRequestStart() {}

  onResponseStart(_controller, statusCode, headers) {
    this.#response.writeHead(statusCode, headers);
  }

  onResponseData(controller, chunk) {
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once('drain', () => controller.resume());
  }

  onResponseEnd() {
    this.#response.end();
  }

  onResponseError() {
    this.#response.destroy();
  }
}

/** Copies the headers but for `connection`, which belongs to one connection. */
function withoutConnection(rawHeaders) {
  const headers = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i].toLowerCase() !== 'connection')
      headers.push(rawHeaders[i], rawHeaders[i + 1]);
  }
  return headers;
}

const pools = settings.ports.map((port) => new Pool(`http://127.0.0.1:${port}`));
let turn = 0;
const server = createServer((request, response) => {
  turn = (turn + 1) % pools.length;
  const { method, url: path } = request;
  const body = method === 'GET' || method === 'HEAD' ? null : request;
  const headers = withoutConnection(request.rawHeaders);
  pools[turn].dispatch({ method, path, headers, body }, new ResponseWriter(response));
});
serveProxy(await listen(server));
