import type { Socket } from 'node:net';
import { RawUpstream } from './fake-upstream.js';
import {
  encodeFrame,
  encodeHeaders,
  type Frame,
  FrameReader,
  flag,
  frameType,
  preface,
} from './frame-client.js';
import { until } from './until.js';

/** A connection to a host, of which the host answers nothing by itself. */
export class FrameConnection {
  readonly socket: Socket;
  /** All frames so far. */
  readonly frames: Frame[] = [];
  hasEnded = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader();
    let skip = preface.length;
    socket.on('data', (chunk: Buffer) => {
      const rest = chunk.subarray(skip);
      skip -= chunk.length - rest.length;
      this.frames.push(...reader.read(rest));
    });
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.hasEnded = true;
      });
    }
  }

  /** Writes a frame. */
  send(type: number, flags: number, streamId: number, payload: Uint8Array | string = ''): void {
    this.socket.write(encodeFrame(type, flags, streamId, payload));
  }

  /** Writes several frames at once. */
  sendAll(...frames: readonly Parameters<typeof encodeFrame>[]): void {
    this.socket.write(Buffer.concat(frames.map((frame) => encodeFrame(...frame))));
  }

  /** Writes settings: numbers and values, as in RFC 9113, 6.5.2. */
  settings(values: Readonly<Record<number, number>> = {}): void {
    const pairs = Object.entries(values).map(([id, value]) => {
      const pair = Buffer.alloc(6);
      pair.writeUInt16BE(Number(id), 0);
      pair.writeUInt32BE(value, 2);
      return pair;
    });
    this.send(frameType.settings, 0, 0, Buffer.concat(pairs));
  }

  /** Writes the head of a response. */
  respond(
    streamId: number,
    endStream: boolean,
    headers: readonly (readonly [string, string])[] = [],
  ): void {
    const flags = flag.endHeaders | (endStream ? flag.endStream : 0);
    this.send(frameType.headers, flags, streamId, encodeHeaders([[':status', '200'], ...headers]));
  }

  data(streamId: number, payload: Uint8Array | string, endStream = false): void {
    this.send(frameType.data, endStream ? flag.endStream : 0, streamId, payload);
  }

  reset(streamId: number, code: number): void {
    this.send(frameType.rstStream, 0, streamId, uint32(code));
  }

  goaway(lastStreamId: number, code = 0): void {
    this.send(frameType.goaway, 0, 0, Buffer.concat([uint32(lastStreamId), uint32(code)]));
  }

  /** Returns the frames of a type that have come. */
  received(type: number, streamId?: number): Frame[] {
    return this.frames.filter(
      (frame) => frame.type === type && (streamId ?? frame.streamId) === frame.streamId,
    );
  }

  /** Resolves with the first such frame. */
  async until(type: number, streamId?: number): Promise<Frame> {
    await until(() => this.received(type, streamId).length > 0, `frame ${type} of ${streamId}`);
    return this.received(type, streamId)[0] as Frame;
  }

  /** Resolves when the peer has closed. */
  async untilClosed(): Promise<void> {
    await until(() => this.hasEnded, 'the connection is closed');
  }
}

/** A host on loopback that speaks HTTP/2 frame by frame, as the test says. */
export class FrameHost {
  readonly raw: RawUpstream;
  /** All connections so far. */
  readonly connections: FrameConnection[] = [];

  private constructor(raw: RawUpstream) {
    this.raw = raw;
  }

  /** Starts a host that greets each connection with these settings; with `null` it says nothing. */
  static async start(settings: Readonly<Record<number, number>> | null = {}): Promise<FrameHost> {
    const raw = await RawUpstream.start((socket) => {
      const connection = new FrameConnection(socket);
      host.connections.push(connection);
      if (settings !== null) {
        connection.settings(settings);
      }
    });
    const host = new FrameHost(raw);
    return host;
  }

  /** Resolves with a connection, counted from 0. */
  async connection(index = 0): Promise<FrameConnection> {
    await until(() => this.connections.length > index, `connection ${index} is open`);
    return this.connections[index] as FrameConnection;
  }
}

/** Four bytes. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
