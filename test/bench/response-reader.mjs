/**
 * Reads the responses of one connection, one at a time; just strict enough that a wrong answer
 * cannot be counted as a fast one.
 */
export class ResponseReader {
  #expectedBody;
  #received = '';

  constructor(expectedBody) {
    this.#expectedBody = expectedBody;
  }

  /**
   * Takes what one read brought, as latin1. Returns whether the response is complete; throws unless
   * it is a 200 with exactly the expected body, on a connection that stays open.
   */
  push(text) {
    const received = this.#received + text;
    const headEnd = received.indexOf('\r\n\r\n');
    const body = headEnd === -1 ? undefined : readBody(received, headEnd);
    if (body === undefined) {
      this.#received = received;
      return false;
    }
    if (body !== this.#expectedBody) throw new Error(`unexpected body ${JSON.stringify(body)}`);
    this.#received = '';
    return true;
  }
}

/** Returns the body, or `undefined` if it is not complete yet. */
function readBody(received, headEnd) {
  const head = received.slice(0, headEnd + 2);
  if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(head.slice(0, head.indexOf('\r\n')));
  if (/\r\nconnection: *close/i.test(head)) throw new Error('the connection was not kept alive');
  const body = received.slice(headEnd + 4);
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1];
  if (length !== undefined) return body.length < Number(length) ? undefined : body;
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) throw new Error('a body without length');
  return body.endsWith('0\r\n\r\n') ? joinChunks(body) : undefined;
}

function joinChunks(body) {
  let joined = '';
  let start = 0;
  for (;;) {
    const lineEnd = body.indexOf('\r\n', start);
    const size = Number.parseInt(body.slice(start, lineEnd), 16);
    if (!(size > 0)) return joined;
    joined += body.slice(lineEnd + 2, lineEnd + 2 + size);
    start = lineEnd + 2 + size + 2;
  }
}
