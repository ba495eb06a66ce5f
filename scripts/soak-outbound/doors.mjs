/** The doors of a sidecar that calls of an application take: each makes one call by one of them. */

import { request as httpRequest } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { origin } from './config.mjs';

const { hostname } = new URL(origin);

/** Returns functions by door. Each begins a call, which hears of everything that comes. */
export function openDoors(sidecar) {
  return {
    request: (call) => callByRequest(sidecar, call),
    fetch: (call) => callByFetch(sidecar, call),
    dispatcher: (call) => callByDispatcher(sidecar.dispatcher, call),
    agent: (call) => callByAgent(sidecar.agent, call),
  };
}

async function callByRequest(sidecar, call) {
  const { method, way } = call.plan;
  const signal = createSignal(call);
  try {
    const options = { method, headers: call.headers, body: call.createBody(), signal };
    const { statusCode, headers, body } = await sidecar.request(`${origin}${call.path}`, options);
    call.onHead(statusCode, headers['x-soak-id']);
    if (way === 0) call.onData(await body.bytes());
    else if (way === 1) await readAll(body.stream(), call);
    else await readAll(body, call);
    call.onComplete();
  } catch (error) {
    call.onError(error);
  }
}

async function callByFetch(sidecar, call) {
  const { method, way, form } = call.plan;
  const signal = createSignal(call);
  // Fetch takes the length from the body itself.
  const { 'content-length': _length, ...headers } = call.headers;
  try {
    // It makes pieces of bytes by itself.
    const body = form === 'pieces' ? call.bytes : form === 'stream' ? toWebStream(call) : undefined;
    const options = { method, headers, body, signal, duplex: 'half' };
    const response = await sidecar.fetch(`${origin}${call.path}`, options);
    call.onHead(response.status, response.headers.get('x-soak-id'));
    if (way < 2) call.onData(new Uint8Array(await response.arrayBuffer()));
    else if (response.body !== null) await readAll(response.body, call);
    call.onComplete();
  } catch (error) {
    call.onError(error);
  }
}

function toWebStream(call) {
  return Readable.toWeb(call.createBody());
}

async function readAll(body, call) {
  for await (const chunk of body) call.onData(chunk);
}

function createSignal(call) {
  if (call.plan.abortAfterMs === undefined) return undefined;
  const controller = new AbortController();
  call.abortWith(() => controller.abort(new Error('given up')));
  return controller.signal;
}

/** By the contract of a `Dispatcher`, with handlers of both generations. */
function callByDispatcher(dispatcher, call) {
  const { method, way } = call.plan;
  const Handler = way % 2 === 0 ? LaterHandler : EarlierHandler;
  const body = call.createBody();
  const options = { origin, path: call.path, method, headers: call.headers, body };
  dispatcher.dispatch(options, new Handler(call));
}

/** Now and then it does not want the next piece at once. */
function isPausing({ plan }, chunk) {
  return plan.way > 1 && chunk.length % 2 === 1;
}

class LaterHandler {
  #call;

  constructor(call) {
    this.#call = call;
  }

  onRequestStart(controller) {
    this.#call.abortWith(() => controller.abort(new Error('given up')));
  }

  onResponseStart(_controller, status, headers) {
    this.#call.onHead(status, headers['x-soak-id']);
  }

  onResponseData(controller, chunk) {
    this.#call.onData(chunk);
    if (isPausing(this.#call, chunk)) {
      controller.pause();
      setImmediate(() => controller.resume());
    }
  }

  onResponseEnd() {
    this.#call.onComplete();
  }

  onResponseError(_controller, error) {
    this.#call.onError(error);
  }
}

class EarlierHandler {
  #call;
  #resume;

  constructor(call) {
    this.#call = call;
  }

  onConnect(abort) {
    this.#call.abortWith(() => abort(new Error('given up')));
  }

  onHeaders(status, headers, resume) {
    this.#resume = resume;
    const names = headers.map(String);
    const at = names.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'x-soak-id');
    this.#call.onHead(status, at === -1 ? undefined : names[at + 1]);
    return true;
  }

  onData(chunk) {
    this.#call.onData(chunk);
    if (!isPausing(this.#call, chunk)) return true;
    setImmediate(this.#resume);
    return false;
  }

  onComplete() {
    this.#call.onComplete();
  }

  onError(error) {
    this.#call.onError(error);
  }
}

/** By a client of `node:http`. */
function callByAgent(agent, call) {
  const { method } = call.plan;
  const options = { agent, hostname, path: call.path, method, headers: call.headers };
  const request = httpRequest(options);
  call.abortWith(() => request.destroy(new Error('given up')));
  request.on('error', (error) => {
    // Behind the head it is the response that tells.
    if (call.status === 0) call.onError(error);
  });
  request.on('response', (response) => readResponse(response, call));
  const { form, way } = call.plan;
  const isWhole = form === 'none' || form === 'whole' || (form === 'pieces' && way === 0);
  if (isWhole) request.end(call.bytes);
  else pipeline(call.createBody(), request, () => {});
}

function readResponse(response, call) {
  call.onHead(response.statusCode, response.headers['x-soak-id']);
  response.on('data', (chunk) => call.onData(chunk));
  response.on('error', (error) => call.onError(error));
  response.on('end', () => call.onComplete());
}
