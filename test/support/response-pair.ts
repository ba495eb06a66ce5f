import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { DownstreamResponse } from '../../lib/downstream/codec/node-http1-messages.js';
import type { HeaderList } from '../../lib/http/headers.js';

/** What a test does to a response. It may return what it saw. */
export type ResponseScript = (response: ServerResponse) => unknown;

/** What came of a script: its result or the error it threw, and the bytes that were sent. */
export interface ResponseOutcome {
  readonly result: unknown;
  readonly bytes: string;
}

/** Runs a script on a plain response of `node:http`. */
export function runOnPlainResponse(script: ResponseScript, method = 'GET'): ResponseOutcome {
  return run(new ServerResponse(requestOf(method)), script);
}

/** Runs a script on the response that a mounted application gets, with no filters behind it. */
export function runOnOurResponse(script: ResponseScript, method = 'GET'): ResponseOutcome {
  const response = new DownstreamResponse(requestOf(method));
  response.observer = {
    isNative: true,
    onNativeWriteHead: (status: number, headers: HeaderList) =>
      response.writeHeadNow(status, headers),
    onNativeRequestData() {},
    onNativeResponseData() {},
    onRequestData() {},
    onRequestEnd() {},
    onClose() {},
  };
  response.pinMethods();
  return run(response, script);
}

function requestOf(method: string): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.method = method;
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  return request;
}

function run(response: ServerResponse, script: ResponseScript): ResponseOutcome {
  let bytes = '';
  const socket = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      bytes += chunk.toString('latin1');
      callback();
    },
  });
  // The only part of a socket that a response needs is that it can be written to.
  response.assignSocket(socket as Socket);
  response.on('error', () => {});
  response.sendDate = false;
  const result = resultOf(() => script(response));
  if (!response.writableEnded) {
    resultOf(() => response.end('body'));
  }
  // What is sent in one turn is corked until its end; nobody is to wait for that.
  socket.uncork();
  return { result: result === response ? 'the response itself' : result, bytes: lowerNames(bytes) };
}

/** Returns what a function returns, or the words of what it throws. */
export function resultOf(script: () => unknown): unknown {
  try {
    return script();
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException;
    return `throws ${name} ${code}: ${message}`;
  }
}

/** Names go out in lower case, as Envoy writes them. */
function lowerNames(bytes: string): string {
  return bytes.replace(/^[\w-]+(?=: )/gm, (name) => name.toLowerCase());
}
