import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestProxy } from './proxy.js';

/** Numbers of RFC 9113, 6. */
export const frameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = { endStream: 1, ack: 1, endHeaders: 4 } as const;

/** One frame of HTTP/2. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export const preface: string = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Longer than anything takes on a machine under load; only a failing test waits that long. */
const patienceMs = 20_000;

/** Cuts what is read into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Returns the frames that are complete now. */
  read(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let rest = Buffer.concat([this.#rest, chunk]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      frames.push({
        type: rest.readUInt8(3),
        flags: rest.readUInt8(4),
        streamId: rest.readUInt32BE(5) & 0x7fffffff,
        payload: rest.subarray(9, end),
      });
      rest = rest.subarray(end);
    }
    this.#rest = rest;
    return frames;
  }
}

/** A client that writes and reads frames of HTTP/2, and answers nothing by itself. */
export class FrameClient {
  readonly socket: Socket;
  /** All frames so far. */
  readonly frames: Frame[] = [];
  hasEnded = false;
  readonly #reader = new FrameReader();
  #wake: (() => void) | undefined = undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.hasEnded = true;
        this.#wake?.();
      });
    }
  }

  /** Connects, and sends the preface and empty settings unless `greets` is false. */
  static async connect(proxy: TestProxy, greets = true): Promise<FrameClient> {
    const socket = connect({ port: proxy.port, host: '127.0.0.1' });
    proxy.closesWith(socket);
    await once(socket, 'connect');
    const client = new FrameClient(socket);
    if (greets) {
      client.greet();
    }
    return client;
  }

  greet(): void {
    this.socket.write(preface);
    this.send(frameType.settings, 0, 0);
  }

  /** Writes a frame. */
  send(type: number, flags: number, streamId: number, payload: Uint8Array | string = ''): void {
    this.socket.write(encodeFrame(type, flags, streamId, payload));
  }

  /** Writes the head of a request. `headers` come behind the four that every request has. */
  request(streamId: number, headers: readonly (readonly [string, string])[] = [], flags = 5): void {
    this.send(frameType.headers, flags, streamId, encodeHeaders([...requestHeaders, ...headers]));
  }

  /** Writes a head of exactly these headers. */
  head(streamId: number, headers: readonly (readonly [string, string])[], flags = 5): void {
    this.send(frameType.headers, flags, streamId, encodeHeaders(headers));
  }

  /** Returns the frames of a type that have come. */
  received(type: number, streamId?: number): Frame[] {
    return this.frames.filter(
      (frame) => frame.type === type && (streamId ?? frame.streamId) === frame.streamId,
    );
  }

  /** Resolves with the first such frame; rejects if the connection ends before. */
  async until(type: number, streamId?: number, count = 1): Promise<Frame> {
    await this.#wait(() => this.received(type, streamId).length >= count || this.hasEnded);
    const frame = this.received(type, streamId)[count - 1];
    if (frame === undefined) {
      throw new Error(`the connection ended after the frames ${describe(this.frames)}`);
    }
    return frame;
  }

  /** Resolves when the peer has closed. */
  async untilClosed(): Promise<void> {
    await this.#wait(() => this.hasEnded);
  }

  #wait(isDone: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`the client waited in vain; it has read ${describe(this.frames)}`));
      }, patienceMs);
      this.#wake = () => {
        if (isDone()) {
          this.#wake = undefined;
          clearTimeout(timer);
          resolve();
        }
      };
      this.#wake();
    });
  }

  #onData(chunk: Buffer): void {
    this.frames.push(...this.#reader.read(chunk));
    this.#wake?.();
  }
}

/** What every request needs. */
export const requestHeaders = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'foo.com'],
] as const;

/** Returns a frame as bytes. */
export function encodeFrame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array | string = '',
): Buffer {
  const body = Buffer.from(payload);
  const frame = Buffer.alloc(9 + body.length);
  frame.writeUIntBE(body.length, 0, 3);
  frame.writeUInt8(type, 3);
  frame.writeUInt8(flags, 4);
  frame.writeUInt32BE(streamId, 5);
  body.copy(frame, 9);
  return frame;
}

/** Returns a header block without compression, so that anything can stand in it. */
export function encodeHeaders(headers: readonly (readonly [string, string])[]): Buffer {
  const parts: Buffer[] = [];
  for (const pair of headers) {
    parts.push(Buffer.from([0]));
    for (const text of pair) {
      const bytes = Buffer.from(text, 'latin1');
      parts.push(encodeLength(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

/** An integer with a prefix of seven bits: RFC 7541, 5.1. */
function encodeLength(length: number): Buffer {
  if (length < 127) {
    return Buffer.from([length]);
  }
  const bytes = [127];
  let rest = length - 127;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

function describe(frames: readonly Frame[]): string {
  return JSON.stringify(
    frames.map(({ type, flags, streamId, payload }) => [type, flags, streamId, payload.length]),
  );
}
