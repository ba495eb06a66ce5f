import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ResponseWriter } from '../../../../lib/egress/agent/response-writer.js';
import type { HeaderList } from '../../../../lib/http/headers.js';

/** Writes a response with these headers, whose body comes in these pieces. */
function write(method: string, headers: HeaderList, ...pieces: readonly string[]): string {
  const writer = new ResponseWriter(method);
  const written = [...writer.head(200, headers, false, false)];
  for (const piece of pieces) {
    written.push(...(writer.data(Buffer.from(piece)) ?? []));
  }
  written.push(...(writer.end(undefined) ?? []));
  return Buffer.concat(written).toString('latin1');
}

describe('a content-length that a filter has set', () => {
  const chunks = '2\r\nab\r\n1\r\nc\r\n0\r\n\r\n';

  for (const value of ['abc', '', '-1', '1e3', '3.5', '0x3', ' 3', 'NaN', '9'.repeat(16)]) {
    test(`"${value}" is no number of bytes, so the body is sent in chunks`, () => {
      assert.equal(
        write('GET', ['content-length', value, 'x-a', '1'], 'ab', 'c'),
        `HTTP/1.1 200 OK\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`,
      );
    });
  }

  test('is left out of a response without a body if it is no number', () => {
    assert.equal(
      write('HEAD', ['content-length', 'abc', 'x-a', '1']),
      'HTTP/1.1 200 OK\r\nx-a: 1\r\n\r\n',
    );
  });

  test('beside another one is left out', () => {
    const headers = ['content-length', 'abc', 'content-length', '3', 'content-length', '4'];
    assert.equal(
      write('GET', headers, 'ab', 'c'),
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc',
    );
  });
});
