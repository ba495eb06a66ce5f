import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { MountedApplication } from '../../lib/upstream/mounted-application.js';
import { type ProxyParts, TestProxy } from './proxy.js';

/** Starts a proxy whose cluster `app` is an application in this process. */
export function startMounted(
  t: TestContext,
  application: MountedApplication,
  parts: ProxyParts = {},
): Promise<TestProxy> {
  return TestProxy.start(t, {
    ...parts,
    options: { mount: { app: application }, ...parts.options },
  });
}

/** Sends one request on a connection of its own and returns the bytes of the response. */
export function exchangeOnce(proxy: TestProxy, method = 'GET'): Promise<string> {
  return proxy.exchange(`${method} / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
}

/** Reads the whole body of a request. */
export async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('latin1')) {
    text += chunk;
  }
  return text;
}

/** An application that answers with what `show` returns, as JSON. */
export function showing(show: (request: IncomingMessage) => unknown): MountedApplication {
  return (request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(show(request)));
  };
}
