import type { AsyncResource } from 'node:async_hooks';
import type { HeaderList } from '../../http/headers.js';
import type { RequestHead } from '../../http/message.js';
import type { ExchangeObserver, ExchangeRequest, OutboundExchange } from '../outbound-exchange.js';
import { OutboundUpgrade } from '../outbound-upgrade.js';
import { invalid, type Target } from '../request-options.js';
import { agentTarget } from './agent-target.js';
import { AgentTunnel, type TunnelReader } from './agent-tunnel.js';
import { AnsweringSocket } from './answering-socket.js';
import { RequestReader, type RequestSink } from './request-reader.js';
import { ResponseWriter } from './response-writer.js';

/** Begins a request on the data path; `undefined` if no route claims its target any more. */
export type OpenExchange = (
  request: ExchangeRequest,
  observer: ExchangeObserver,
) => OutboundExchange | undefined;

const surplusError =
  'the request cannot be sent: it goes on behind the end that its headers announce';
const continueHead: Buffer = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/**
 * What a client of `node:http` has in the place of a socket: it writes requests and reads responses
 * as HTTP/1.1, one after the other, and each takes the data path by itself, to whatever host that
 * finds. There is nothing behind it that could be connected, encrypted or kept alive. A WebSocket
 * handshake is the last request; what is written behind it is for the tunnel, if it becomes one.
 */
export class AgentConnection
  extends AnsweringSocket
  implements RequestSink, ExchangeObserver, TunnelReader
{
  /** The asynchronous context of whoever makes the request that it carries. Set with each of them. */
  caller: AsyncResource | undefined = undefined;
  readonly #origin: Target;
  readonly #open: OpenExchange;
  readonly #reader: RequestReader = new RequestReader(this);
  #exchange: OutboundExchange | undefined = undefined;
  #response: ResponseWriter | undefined = undefined;
  /** Set by a handshake. */
  #tunnel: AgentTunnel | undefined = undefined;
  /** Something of the response has been written. */
  #hasAnswered = false;
  /** Lets the client go on writing. */
  #onWritten: (() => void) | undefined = undefined;
  #mustWait = false;

  /** `origin` is where every request goes, with a path of its own. */
  constructor(origin: Target, open: OpenExchange) {
    super();
    this.#origin = origin;
    this.#open = open;
    // Said by the client that has its response, before any other request gets the connection.
    this.on('free', () => this.#onFree());
  }

  // The stream.

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.noteWritten(chunk.length);
    if (this.#tunnel !== undefined) {
      this.#tunnel.write(chunk, callback);
      return;
    }
    this.holdAnswers();
    this.#mustWait = false;
    this.#reader.read(chunk);
    const { error, hasSurplus } = this.#reader;
    if (error !== undefined || (hasSurplus && !this.#hasAnswered)) {
      this.#exchange?.cancel();
      this.#exchange = undefined;
      this.destroy(invalid(error ?? surplusError));
    }
    this.planRelease();
    if (this.#mustWait && this.#exchange !== undefined && !this.destroyed) {
      this.#onWritten = callback;
    } else {
      callback();
    }
  }

  /** Another request may come, unless something of this one is left that could be taken for it. */
  #onFree(): void {
    this.caller = undefined;
    if (this.#reader.isInRequest || this.#reader.hasSurplus) {
      this.destroy();
    } else {
      this.#reader.next();
    }
  }

  override _final(callback: () => void): void {
    if (this.#tunnel?.isOpen === true) {
      this.#tunnel.finish(callback);
      return;
    }
    if (this.#reader.isInRequest || (this.#tunnel !== undefined && !this.#hasAnswered)) {
      // Whoever closes while waiting for the answer to a handshake does not want it any more.
      this.destroy();
    } else if (this.#response === undefined) {
      this.endAnswers();
    }
    callback();
  }

  override _read(): void {
    if (this.isAnswerPaused) {
      this.isAnswerPaused = false;
      if (this.#tunnel?.isOpen === true) {
        this.#tunnel.resume();
      } else {
        this.#exchange?.resume();
      }
    }
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.stopTimer();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#onWritten = undefined;
    if (!(this.#tunnel?.isOpen === true && this.readableEnded && this.writableFinished)) {
      exchange?.cancel();
    } // Else the tunnel ends by itself, behind what is still on its way to the host.
    callback(error);
  }

  // The request, as it is written.

  onRequestHead(head: RequestHead, hasBody: boolean): void {
    const { method, headers } = head;
    if (this.#response !== undefined) {
      this.#breakOff(invalid('the request cannot be sent: it comes too soon'));
      return;
    }
    if (method === 'CONNECT') {
      this.#breakOff(
        invalid('CONNECT opens a tunnel, which is not for a host of the configuration'),
      );
      return;
    }
    const rawConnection = OutboundUpgrade.forRequest(method, headers);
    if (rawConnection !== undefined) {
      this.#tunnel = new AgentTunnel(rawConnection);
      this.#reader.release();
    }
    this.#response = new ResponseWriter(method);
    this.#hasAnswered = false;
    const target = agentTarget(this.#origin, head);
    this.#begin({ target, method, headers, endStream: !hasBody, rawConnection });
  }

  onRequestBody(chunk: Buffer): void {
    if (this.#exchange?.write(chunk) === false) {
      this.#mustWait = true;
    }
  }

  onRequestEnd(trailers: HeaderList | undefined): void {
    this.#exchange?.end(trailers);
    // There is nothing more that would have to wait for what is still on its way.
    this.#mustWait = false;
  }

  onBytes(chunk: Buffer): void {
    this.#tunnel?.write(chunk, () => {});
  }

  #begin(request: ExchangeRequest): void {
    try {
      const exchange =
        this.caller === undefined
          ? this.#open(request, this)
          : this.caller.runInAsyncScope(this.#open, undefined, request, this);
      if (exchange === undefined) {
        this.#breakOff(invalid('the configuration does not know this host any more'));
      } else if (this.destroyed) {
        // The answer, already at hand, was none that can be written.
        exchange.cancel();
      } else if (!exchange.isDone) {
        this.#exchange = exchange;
      }
    } catch (error) {
      this.#breakOff(error);
    }
  }

  // The response.

  onContinue(): void {
    this.answer(continueHead);
  }

  onUpgrade(): void {
    // As of a socket: whoever hears that the peer has ended ends, too.
    this.allowHalfOpen = false;
    this.#tunnel?.open(this);
  }

  onTunnelData(chunk: Buffer): boolean {
    return this.answer(chunk);
  }

  onTunnelEnd(): void {
    this.endAnswers();
  }

  onTunnelCut(): void {
    this.destroy();
  }

  onHead(status: number, headers: HeaderList, endStream: boolean): void {
    if (this.#response !== undefined) {
      this.#hasAnswered = true;
      if (!endStream) {
        this.holdHead();
      }
      const isLast = this.#tunnel !== undefined;
      for (const piece of this.#response.head(status, headers, endStream, isLast)) {
        this.answer(piece);
      }
      this.planRelease();
    }
  }

  onData(chunk: Buffer): boolean {
    const pieces = this.#response?.data(chunk);
    if (pieces === undefined) {
      this.#breakOff(undefined);
      return true;
    }
    let canGoOn = true;
    for (const piece of pieces) {
      canGoOn = this.answer(piece);
    }
    return canGoOn;
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#exchange = undefined;
    if (this.#tunnel?.isOpen === true) {
      return;
    }
    const pieces = this.#response?.end(trailers);
    if (pieces === undefined) {
      this.#breakOff(undefined);
      return;
    }
    for (const piece of pieces) {
      this.answer(piece);
    }
    this.releaseHead();
    this.#response = undefined;
    this.onDrain();
    if (this.writableFinished || this.#tunnel !== undefined) {
      this.endAnswers();
    } else if (this.#reader.isInRequest) {
      setImmediate(() => this.#endEarly());
    }
  }

  onFailure(error: unknown): void {
    this.#exchange = undefined;
    // Behind a head the client is to find the response cut off, as by any host.
    this.#breakOff(this.#hasAnswered ? undefined : error);
  }

  onDrain(): void {
    this.#mustWait = false;
    const onWritten = this.#onWritten;
    this.#onWritten = undefined;
    try {
      onWritten?.();
    } catch (error) {
      this.onListenerFailed(error);
    }
  }

  #breakOff(error: unknown): void {
    this.releaseAnswers();
    this.destroy(error instanceof Error ? error : undefined);
  }

  /**
   * The response is complete, and the request is not. A client of `node:http` that had to stop writing
   * does not hear any more that it may go on; so it finds the connection closed, as by a proxy.
   */
  #endEarly(): void {
    if (this.#reader.isInRequest && this.#response === undefined && !this.destroyed) {
      this.once('end', () => this.destroy());
      this.endAnswers();
      this.resume();
    }
  }
}
