import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type FetchApplication,
  type FetchHandler,
  isFetchResponse,
  sendFetchResponse,
  serveByFetch,
} from './fetch-application.js';

/**
 * An application that answers requests in this process: a handler of `node:http`, a server of it,
 * or an application in the style of the standard fetch. A function of one parameter is of the last
 * kind; one of more is a handler of `node:http`, and so is one that declares none and does not
 * return a `Response`.
 */
export type MountedApplication = NodeApplication | FetchHandler | FetchApplication;

/** What every application is called as. */
export type NodeApplication =
  | ((request: IncomingMessage, response: ServerResponse) => unknown)
  | Server;

/** Returns what to call in the place of `application`. */
export function toNodeApplication(application: MountedApplication): NodeApplication {
  if (application instanceof Server) {
    return application;
  }
  if (typeof application !== 'function') {
    return serveByFetch((request) => application.fetch(request));
  }
  // By the number of parameters, which is all that tells the two kinds of functions apart.
  if (application.length === 1) {
    return serveByFetch(application as FetchHandler);
  }
  const handler = application as Exclude<NodeApplication, Server>;
  return handler.length === 0 ? withFetchResponse(handler) : handler;
}

/** A handler without parameters may return a `Response`, or be one of `node:http` all the same. */
function withFetchResponse(handler: Exclude<NodeApplication, Server>): typeof handler {
  return (request, response) => {
    const answer = (result: unknown) =>
      isFetchResponse(result) && !response.headersSent
        ? sendFetchResponse(result, response)
        : undefined;
    const result = handler(request, response);
    return isPromiseLike(result) ? Promise.resolve(result).then(answer) : answer(result);
  };
}

/**
 * Calls the application; `onFailure` hears what it throws, at once or by a promise, and of what it
 * writes after the end, which would otherwise end the process.
 */
export function callApplication(
  application: NodeApplication,
  request: IncomingMessage,
  response: ServerResponse,
  onFailure: (error: unknown) => void,
): void {
  response.on('error', onFailure);
  try {
    if (!(application instanceof Server)) {
      watch(application(request, response), onFailure);
    } else if (application.listenerCount('request') === 0) {
      onFailure(new Error('the mounted server has no listener for requests'));
    } else if (application.emit !== Server.prototype.emit) {
      // Somebody looks at the events of this server.
      application.emit('request', request, response);
    } else {
      // What `emit` does, except that it hides the promises of its listeners. Instrumentation that
      // looks at the events of all servers has seen the request at the one that it came in by.
      for (const listener of application.rawListeners('request')) {
        watch(Reflect.apply(listener, application, [request, response]), onFailure);
      }
    }
  } catch (error) {
    onFailure(error);
  }
}

const notUpgradable =
  'HTTP/1.1 501 Not Implemented\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';

/**
 * Hands a WebSocket handshake to an application that is a server with listeners for upgrades. Any
 * other cannot take a connection, which is said to the client by status 501.
 */
export function upgradeApplication(
  application: NodeApplication,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  onFailure: (error: unknown) => void,
): void {
  // An application may forget to listen, and must not end the process by it.
  socket.on('error', () => {});
  try {
    if (!(application instanceof Server) || !application.emit('upgrade', request, socket, head)) {
      socket.end(notUpgradable);
    }
  } catch (error) {
    onFailure(error);
  }
}

function watch(result: unknown, onFailure: (error: unknown) => void): void {
  if (isPromiseLike(result)) {
    result.then(undefined, onFailure);
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  // Not every promise is a `Promise` of this realm.
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

/** Says in the log that an application has failed, and where. */
export function describeFailure(error: unknown): string {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `the mounted application failed: ${detail}`;
}
