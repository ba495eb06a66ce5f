import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.js';
import { readVersion } from '../base/version.js';
import { isJsonObject } from '../config/json-members.js';
import { ApiFailure } from './api-failure.js';
import { GatheredBytes } from './gathered-bytes.js';
import type { KubeConfigAccess } from './kube-config.js';

/** How long the API server may take until it begins to answer, the connection included. */
const headTimeoutMs = 15_000;

/** How long a list may take, from its beginning to its end. */
const bodyTimeoutMs = 60_000;

/** Far more than a page of a list has. */
const maxBodyBytes = 64 * 1024 * 1024;

/** Nobody reads more of an error. */
const maxErrorBytes = 64 * 1024;

/** After so long without a byte the peer is asked whether it is still there. */
const keepAliveMs = 30_000;

/** The longest that a server may ask to be left alone. */
const maxRetryAfterMs = 60_000;

/** What the client needs. */
export interface ApiClientContext {
  readonly clock: Clock;
  /** Called before each request, so that what has changed in files is seen. */
  loadKubeConfig(): Promise<KubeConfigAccess>;
}

/** Where the API server is, and how to log in. */
interface PreparedAccess {
  readonly server: string;
  readonly options: https.RequestOptions;
}

/**
 * Asks the API server of Kubernetes.
 *
 * `@kubernetes/client-node` says where it is and how to log in; the requests are made here, so that
 * they never keep the process alive, have bounds in time and size, and so that a watch can go on
 * where it was cut.
 */
export class ApiClient {
  readonly #context: ApiClientContext;
  readonly #userAgent = `pillion/${readVersion()}`;
  #kubeConfig: Promise<KubeConfigAccess> | undefined = undefined;
  #preparing: Promise<PreparedAccess> | undefined = undefined;

  constructor(context: ApiClientContext) {
    this.#context = context;
  }

  /** Resolves to the body of an answer. Rejects with whatever prevented that. */
  async getJson(path: string, signal: AbortSignal): Promise<unknown> {
    const response = await this.open(path, signal);
    const timer = this.#context.clock.startTimer(bodyTimeoutMs, () =>
      response.destroy(new ApiFailure(`no complete answer within ${bodyTimeoutMs / 1000} s`)),
    );
    try {
      return JSON.parse(await readBody(response, maxBodyBytes));
    } catch (error) {
      throw error instanceof SyntaxError ? new ApiFailure('the answer is no JSON') : error;
    } finally {
      timer.cancel();
    }
  }

  /** Resolves to an answer with status 200 whose body is still to be read. Rejects for any other. */
  async open(path: string, signal: AbortSignal): Promise<http.IncomingMessage> {
    const response = await this.#send(path, signal).catch((error) => {
      // The server may have moved, or have another certificate: read all anew.
      this.#kubeConfig = undefined;
      throw error;
    });
    const { statusCode: status = 0 } = response;
    if (status === 200) {
      return response;
    }
    if (status === 401) {
      // A token that was replaced before its time, or a file that has changed: read all anew.
      this.#kubeConfig = undefined;
    }
    const timer = this.#context.clock.startTimer(headTimeoutMs, () => response.destroy());
    const body = await readBody(response, maxErrorBytes).catch(() => '');
    timer.cancel();
    throw new ApiFailure(readStatusMessage(body, status), status, readRetryAfter(response));
  }

  async #send(path: string, signal: AbortSignal): Promise<http.IncomingMessage> {
    const { server, options } = await this.#prepareInTime(signal);
    signal.throwIfAborted();
    const url = new URL(`${server}${path}`);
    const send = url.protocol === 'http:' ? http.request : https.request;
    return await new Promise((resolve, reject) => {
      const request = send(url, { ...options, signal });
      const timer = this.#context.clock.startTimer(headTimeoutMs, () =>
        request.destroy(new ApiFailure(`no answer within ${headTimeoutMs / 1000} s`)),
      );
      request.on('socket', (socket: Socket) => {
        socket.unref();
        socket.setKeepAlive(true, keepAliveMs);
      });
      request.on('response', (response) => {
        timer.cancel();
        resolve(response);
      });
      // Also after the response: an error then comes to whoever reads that, too.
      request.on('error', (error) => {
        timer.cancel();
        reject(error);
      });
      // What has ended without either, such as by an answer that switches protocols.
      request.on('close', () => {
        timer.cancel();
        reject(new ApiFailure('the connection was closed before an answer'));
      });
      request.end();
    });
  }

  /** Credentials may come from a program, or from another server, and those may never answer. */
  async #prepareInTime(signal: AbortSignal): Promise<PreparedAccess> {
    let end = (): void => {};
    const limit = new Promise<never>((_resolve, reject) => {
      const timer = this.#context.clock.startTimer(headTimeoutMs, () =>
        reject(new ApiFailure(`no credentials within ${headTimeoutMs / 1000} s`)),
      );
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener('abort', onAbort);
      end = () => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
      };
    });
    // Whoever comes while it lasts waits for the same: programs that hang must not add up.
    this.#preparing ??= this.#prepare().finally(() => {
      this.#preparing = undefined;
    });
    try {
      return await Promise.race([this.#preparing, limit]);
    } finally {
      end();
    }
  }

  async #prepare(): Promise<PreparedAccess> {
    this.#kubeConfig ??= this.#context.loadKubeConfig();
    try {
      const kubeConfig = await this.#kubeConfig;
      const headers = { accept: 'application/json', 'user-agent': this.#userAgent };
      const options: https.RequestOptions = { headers };
      await kubeConfig.applyToHTTPSOptions(options);
      const server = kubeConfig.getCurrentCluster()?.server ?? '';
      return { server: server.replace(/\/+$/, ''), options };
    } catch (error) {
      this.#kubeConfig = undefined;
      throw error;
    }
  }
}

async function readBody(response: http.IncomingMessage, maxBytes: number): Promise<string> {
  const body = new GatheredBytes();
  for await (const piece of response) {
    // Without an encoding the pieces are buffers.
    const bytes = piece as Buffer;
    if (body.length + bytes.length > maxBytes) {
      throw new ApiFailure(`the answer is longer than ${maxBytes} bytes`);
    }
    body.add(bytes);
  }
  return body.takeText();
}

/** The API server explains itself in an object of kind `Status`. */
function readStatusMessage(body: string, status: number): string {
  try {
    const value: unknown = JSON.parse(body);
    if (isJsonObject(value) && typeof value['message'] === 'string') {
      return `status ${status}: ${value['message']}`;
    }
  } catch {
    // Something between here and there has answered.
  }
  return `status ${status}`;
}

function readRetryAfter({ headers }: http.IncomingMessage): number {
  const seconds = Number(headers['retry-after'] ?? 0);
  return seconds > 0 ? Math.min(seconds * 1000, maxRetryAfterMs) : 0;
}
