/**
 * What a host may do instead of answering. `onAccept` has the connection for itself; `onRequest` is
 * called with each request, and with a function that answers it well. Where it `isHttp` it does the
 * same in HTTP/2; else `breakStream` takes its place there.
 */

import { randomBytes } from 'node:crypto';

/** Closes what nobody else will close, long after every time-out has passed. */
const silenceMs = 15_000;
/** Connections that will never be spoken on. */
const silent = new WeakSet();

/** Whether the peer waits in vain, however well the host is by now. */
export function isSilent(socket) {
  return silent.has(socket);
}

function later(response, ms, action) {
  const timer = setTimeout(action, ms);
  response.on('close', () => clearTimeout(timer));
}

/** Reads what comes and says nothing, until the peer has gone or it takes too long. */
function ignore(socket) {
  silent.add(socket);
  const timer = setTimeout(() => socket.destroy(), silenceMs);
  socket.on('close', () => clearTimeout(timer));
  socket.on('end', () => socket.end());
  socket.resume();
}

function writeRaw({ socket }, bytes) {
  if (socket !== null && !socket.destroyed) socket.write(bytes);
}

/** The head of a response that is written by hand. */
function rawHead(response, lines) {
  const own = ['x-soak-host', 'x-soak-id'].map((name) => `${name}: ${response.getHeader(name)}`);
  return ['HTTP/1.1 200 OK', ...own, ...lines, '', ''].join('\r\n');
}

export const misbehaviors = {
  /** Answers late, now and then later than the time-out of the route. */
  slow: {
    isHttp: true,
    onRequest(_request, response, random, answer) {
      later(response, random.integer(10, random.chance(0.1) ? 3000 : 500), answer);
    },
  },
  /** Answers 500 or 503, half of the time. */
  errors: {
    isHttp: true,
    onRequest(request, response, random, answer) {
      if (random.chance(0.5)) return answer();
      request.resume();
      response.statusCode = random.pick([500, 502, 503]);
      response.end('out of order');
    },
  },
  /** Answers before it has read the request, and never reads it. */
  early: {
    isHttp: true,
    onRequest(_request, response) {
      response.statusCode = 413;
      if (response.stream === undefined) response.setHeader('connection', 'close');
      response.end('too much');
    },
  },
  resetOnAccept: { onAccept: (socket) => socket.resetAndDestroy() },
  closeOnAccept: { onAccept: (socket) => socket.end(() => socket.destroy()) },
  /** Accepts and never speaks. */
  silent: { onAccept: ignore },
  /** Closes its half at once, and keeps the other one open. */
  halfClose: {
    onAccept(socket) {
      socket.end();
      ignore(socket);
    },
  },
  resetOnRequest: { onRequest: (_request, response) => response.socket?.resetAndDestroy() },
  /** Breaks off in the middle of the body. */
  resetInBody: {
    onRequest(_request, response) {
      writeRaw(response, `${rawHead(response, ['content-length: 1000'])}half of`);
      later(response, 5, () => response.socket?.resetAndDestroy());
    },
  },
  /** Says that more is to come than comes. */
  truncated: {
    onRequest(_request, response) {
      writeRaw(response, `${rawHead(response, ['content-length: 1000'])}half of`);
      response.socket?.end();
    },
  },
  /** Answers with something that is no HTTP. */
  garbage: {
    onRequest(_request, response, random) {
      writeRaw(response, randomBytes(random.integer(1, 4000)));
      later(response, 50, () => response.socket?.destroy());
    },
  },
  /** Answers well, but for one thing that must not be believed. */
  wrongFraming: {
    onRequest(_request, response, random) {
      const lines = random.pick([
        ['content-length: 5', 'content-length: 6'],
        ['content-length: 5', 'transfer-encoding: chunked'],
        ['transfer-encoding: chunked, identity'],
        ['content-length: -1'],
        ['content-length: 5', ' folded'],
      ]);
      writeRaw(response, `${rawHead(response, lines)}hello`);
      later(response, 50, () => response.socket?.destroy());
    },
  },
  hugeHead: {
    onRequest(_request, response) {
      writeRaw(
        response,
        rawHead(response, [`x-long: ${'x'.repeat(300_000)}`, 'content-length: 0']),
      );
      later(response, 50, () => response.socket?.destroy());
    },
  },
  /** Says many times that it goes on. */
  informational: {
    onRequest(_request, response, random, answer) {
      for (let i = random.integer(1, 50); i > 0; i -= 1) {
        writeRaw(response, 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n');
      }
      answer();
    },
  },
  /** Sends its response byte by byte. */
  trickle: {
    onRequest(_request, response) {
      const body = `hello ${response.getHeader('x-soak-id')}`;
      const bytes = Buffer.from(rawHead(response, [`content-length: ${body.length}`]) + body);
      let sent = 0;
      const timer = setInterval(() => {
        const { socket } = response;
        if (sent === bytes.length || socket === null || socket.destroyed) {
          clearInterval(timer);
          socket?.destroy();
        } else {
          socket.write(bytes.subarray(sent, sent + 1));
          sent += 1;
        }
      }, 1);
    },
  },
  /** Answers well and then closes, though nothing has announced it. */
  rude: {
    onRequest(_request, response, _random, answer) {
      response.on('finish', () => response.socket?.end());
      answer();
    },
  },
  /** Sends more than one response to a request. */
  tooMuch: {
    onRequest(_request, response, _random, answer) {
      response.on('finish', () => {
        writeRaw(response, 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong');
        response.socket?.end();
      });
      answer();
    },
  },
  /** Does not read the body of the request for a while. */
  lazy: {
    isHttp: true,
    onRequest(_request, response, random, answer) {
      later(response, random.integer(100, 1000), answer);
    },
  },
};

/** Of streams; of 7 it is known that the request has not been looked at. */
const errorCodes = [0, 1, 2, 5, 8, 11];

/**
 * Goes wrong in one of the ways that only HTTP/2 has. `act` is called if the host has done what the
 * request asked for.
 */
export function breakStream(response, random, act, answer) {
  const { stream } = response;
  const { session } = stream;
  const ways = {
    resetStream() {
      act();
      stream.close(random.pick(errorCodes));
    },
    resetInBody() {
      act();
      response.write('half of');
      later(response, 5, () => stream.close(random.pick(errorCodes)));
    },
    refuseStream: () => stream.close(7),
    /** Says that it leaves, and that it has not looked at this request or any later one. */
    refuse() {
      // Of the first it cannot be said: 0 means all that there are.
      if (stream.id > 2) session?.goaway(0, stream.id - 2);
      else stream.close(7);
    },
    /** Says that it leaves, and answers what is under way. */
    leave() {
      act();
      session?.close();
      answer();
    },
    breakConnection() {
      act();
      session?.destroy(undefined, random.pick(errorCodes));
    },
  };
  // Not in the middle of a read, which some releases of Node.js do not survive.
  const way = random.pick(Object.keys(ways));
  setImmediate(() => {
    if (session?.destroyed === false) ways[way]();
  });
}
