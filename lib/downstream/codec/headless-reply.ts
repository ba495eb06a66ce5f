import { STATUS_CODES } from 'node:http';
import type { ResponseHead } from '../../http/message.js';
import type { ResponseEncoder } from '../../http/stream.js';

/** Takes the bytes of an answer, after which the connection ends. */
export type WriteLast = (text: string) => void;

/**
 * The response half of a request whose head could not be read. `node:http` has no response object
 * for it, so that the answer, which has no body, is written by us.
 */
export class HeadlessReply implements ResponseEncoder {
  readonly nativeExchange: undefined = undefined;
  readonly #writeLast: WriteLast;

  constructor(writeLast: WriteLast) {
    this.#writeLast = writeLast;
  }

  encodeHead({ status, headers }: ResponseHead): void {
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
    for (let i = 0; i < headers.length; i += 2) {
      text += `${headers[i]}: ${headers[i + 1]}\r\n`;
    }
    this.#writeLast(`${text}content-length: 0\r\nconnection: close\r\n\r\n`);
  }

  encodeData(): boolean {
    return true;
  }

  encodeEnd(): void {
    // The answer has no body.
  }

  reset(): void {
    // The connection ends anyway.
  }

  setRequestPaused(): void {
    // Nothing of the request is handed on.
  }
}
