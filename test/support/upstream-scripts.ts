import type { Socket } from 'node:net';
import type { RawHandler } from './fake-upstream.js';

/** Answers each request head that comes with `respond`, which may return bytes to write. */
export function onRequest(
  respond: (socket: Socket, head: string) => string | undefined,
): RawHandler {
  return (socket) => {
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end);
        received = received.slice(end + 4);
        const answer = respond(socket, head);
        if (answer !== undefined && !socket.destroyed) {
          socket.write(answer, 'latin1');
        }
      }
    });
    // As a server that speaks HTTP: who has closed wants no more.
    socket.on('end', () => socket.end());
  };
}

/** Answers every request with the same bytes. */
export function always(answer: string): RawHandler {
  return onRequest(() => answer);
}

/** Answers a request with bytes, and closes behind them. */
export function answerAndEnd(answer: string): RawHandler {
  return onRequest((socket) => {
    socket.end(answer, 'latin1');
    return undefined;
  });
}

/** Resets the connection when a request has come. */
export const resetOnRequest: RawHandler = onRequest((socket) => {
  socket.resetAndDestroy();
  return undefined;
});

/** A complete response with this body. */
export function ok(body = 'hello'): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}
