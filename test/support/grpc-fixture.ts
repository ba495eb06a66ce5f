import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FakeUpstream } from './fake-upstream.js';

/** Returns a message as gRPC has it in a body. */
export function frame(message: string | Uint8Array, flags = 0): Buffer {
  const bytes = Buffer.from(message);
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Returns the frames of a body, which must have nothing else in it. */
export function readFrames(body: Buffer): { flags: number; message: string }[] {
  const frames: { flags: number; message: string }[] = [];
  let rest = body;
  while (rest.length > 0) {
    assert.ok(rest.length >= 5, 'a head of a frame is cut off');
    const end = 5 + rest.readUInt32BE(1);
    assert.ok(rest.length >= end, 'a message is cut off');
    frames.push({ flags: rest[0] ?? -1, message: rest.toString('utf8', 5, end) });
    rest = rest.subarray(end);
  }
  return frames;
}

/** What a gRPC host answers. */
export interface GrpcAnswer {
  readonly headers?: Record<string, string>;
  /** The body, in the pieces in which it is sent. */
  readonly pieces?: readonly Uint8Array[];
  /** Default: `grpc-status: 0`. */
  readonly trailers?: Record<string, string>;
}

/** A call as a gRPC host has got it. */
export interface GrpcRequest {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

/** A host that answers gRPC calls over HTTP/1.1: in chunks, with the result in the trailers. */
export class GrpcUpstream {
  readonly calls: GrpcRequest[] = [];
  readonly host: FakeUpstream;

  private constructor(host: FakeUpstream) {
    this.host = host;
  }

  static async start(answer: (body: Buffer) => GrpcAnswer): Promise<GrpcUpstream> {
    const upstream = new GrpcUpstream(await FakeUpstream.start());
    upstream.host.handler = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        upstream.calls.push({ request, body });
        sendGrpc(response, answer(body));
      });
    };
    return upstream;
  }
}

/** Sends a whole gRPC response. */
export function sendGrpc(response: ServerResponse, answer: GrpcAnswer): void {
  response.writeHead(200, { 'content-type': 'application/grpc', ...answer.headers });
  for (const piece of answer.pieces ?? []) {
    response.write(piece);
  }
  response.flushHeaders();
  response.addTrailers(answer.trailers ?? { 'grpc-status': '0' });
  response.end();
}
