import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Returns the request as the standard has it, or `undefined` if it cannot be one. Its body is read
 * no faster than the application reads, and no longer than until `response` is complete; its signal
 * is `signal`.
 */
export function requestFromMessage(
  message: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Request | undefined {
  const { method = 'GET', url = '/', headers } = message;
  // Not resolved against a base: a path that begins with two slashes would become another host.
  const target = `${schemeOf(message)}://${headers.host ?? 'localhost'}${url}`;
  // The standard knows no body of these, though a client may send one.
  const hasBody = method !== 'GET' && method !== 'HEAD' && mayHaveBody(message);
  try {
    return new Request(target, {
      method,
      headers: pairsOf(message.rawHeaders),
      signal,
      ...(hasBody ? { body: bodyOf(message, response), duplex: 'half' as const } : {}),
    });
  } catch {
    return undefined;
  }
}

/** What the client has used, as the connection manager has found out. */
function schemeOf({ headers }: IncomingMessage): 'http' | 'https' {
  return headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
}

function mayHaveBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function pairsOf(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    pairs.push([rawHeaders[i] as string, rawHeaders[i + 1] as string]);
  }
  return pairs;
}

/**
 * The body as a stream of the standard. `Readable.toWeb` is not it: a handler that cancels what it
 * does not want would destroy the connection that its response is to go out on.
 */
function bodyOf(message: IncomingMessage, response: ServerResponse): ReadableStream<Uint8Array> {
  let isOver = false;
  const whenOver = (finish: () => void) => {
    if (!isOver) {
      isOver = true;
      finish();
    }
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        message.on('data', (chunk: Buffer) => {
          if (!isOver) {
            message.pause();
            controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
          }
        });
        message.pause();
        const fail = () => whenOver(() => controller.error(new Error('the client has left')));
        message.on('end', () => whenOver(() => controller.close()));
        message.on('error', fail).on('close', fail);
        // What nobody has read by then would block the connection.
        response.on('finish', () => {
          whenOver(() => controller.error(new Error('the response is complete')));
          message.resume();
        });
      },
      pull() {
        message.resume();
      },
      cancel() {
        isOver = true;
        message.resume();
      },
    },
    // Nothing is read before the application reads.
    { highWaterMark: 0 },
  );
}
