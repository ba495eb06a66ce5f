import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RequestReader } from '../../../../lib/egress/agent/request-reader.js';
import type { HeaderList } from '../../../../lib/http/headers.js';
import type { RequestHead } from '../../../../lib/http/message.js';

/** What a reader has read. */
interface ReadRequest {
  readonly head: RequestHead;
  readonly hasBody: boolean;
  body: string;
  trailers?: HeaderList | undefined;
  isDone: boolean;
}

/** Reads `text` in pieces of at most `size` bytes. */
function read(
  text: string,
  size: number,
): { requests: ReadRequest[]; reader: RequestReader; rest: () => string } {
  const requests: ReadRequest[] = [];
  let rest = '';
  const reader = new RequestReader({
    onRequestHead(head, hasBody) {
      requests.push({ head, hasBody, body: '', isDone: false });
      if (head.path === '/release') {
        reader.release();
      }
    },
    onRequestBody(chunk) {
      (requests.at(-1) as ReadRequest).body += chunk.toString('latin1');
    },
    onRequestEnd(trailers) {
      Object.assign(requests.at(-1) as ReadRequest, { trailers, isDone: true });
      if (requests.at(-1)?.head.path !== '/unanswered') {
        reader.next();
      }
    },
    onBytes(chunk) {
      rest += chunk.toString('latin1');
    },
  });
  const bytes = Buffer.from(text, 'latin1');
  for (let i = 0; i < bytes.length; i += size) {
    reader.read(bytes.subarray(i, i + size));
  }
  return { requests, reader, rest: () => rest };
}

test('what is written after the reader let go is handed on as it is', () => {
  for (const size of [1, 5, 1000]) {
    const { requests, reader, rest } = read(
      'GET /release HTTP/1.1\r\nHost: a\r\n\r\nGET \0\r\n',
      size,
    );
    assert.equal(requests.length, 1);
    assert.ok(requests[0]?.isDone);
    assert.equal(rest(), 'GET \0\r\n');
    assert.deepEqual([reader.error, reader.isInRequest], [undefined, false]);
  }
});

test('blanks around a value go, and bytes stay that only a text would take for blanks', () => {
  const { requests } = read(
    'GET / HTTP/1.1\r\nx-a:\t \xa0\xc3\xa0 \t\r\nx-b: \t\r\nx-c:\r\n\r\n',
    1000,
  );
  assert.deepEqual(requests[0]?.head.headers, ['x-a', '\xa0\xc3\xa0', 'x-b', '', 'x-c', '']);
});

test('a head of any size is found the end of', () => {
  for (const length of [4000, 4096, 5000, 20_000]) {
    const value = 'v'.repeat(length);
    const { requests } = read(`POST / HTTP/1.1\r\ncontent-length: 2\r\nx: ${value}\r\n\r\nab`, 1e6);
    assert.deepEqual([requests[0]?.body, requests[0]?.head.headers.at(-1)], ['ab', value]);
  }
});

describe('a request', () => {
  const three =
    'GET /a?b HTTP/1.1\r\nHost: app\r\nX-A: 1 \r\nx-a: \xe4\r\n\r\n' +
    'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello' +
    'PUT /c HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nx-t: 1\r\n\r\n' +
    'PUT /d HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n';
  for (const size of [1, 2, 3, 7, 1000]) {
    test(`is read the same in pieces of ${size} bytes`, () => {
      const { requests, reader } = read(three, size);
      assert.equal(reader.error, undefined);
      assert.equal(reader.isInRequest, false);
      assert.ok(requests.every(({ isDone }) => isDone));
      assert.deepEqual(
        requests.map(({ head, body }) => `${head.method} ${head.path} ${body}`),
        ['GET /a?b ', 'POST / hello', 'PUT /c hello', 'PUT /d !'],
      );
      assert.equal(requests[0]?.head.authority, 'app');
      assert.deepEqual(requests[0]?.head.headers, ['x-a', '1', 'x-a', '\xe4']);
      assert.deepEqual(requests[2]?.trailers, ['x-t', '1']);
      assert.equal(requests[3]?.trailers, undefined);
    });
  }

  test('that is not answered yet has nothing of another behind it', () => {
    const request = 'POST /unanswered HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc';
    const surplus = 'GET /secret HTTP/1.1\r\n\r\n';
    for (const size of [1, 1000]) {
      const { requests, reader } = read(request + surplus, size);
      assert.deepEqual([requests.length, requests[0]?.body], [1, 'abc']);
      assert.deepEqual([reader.hasSurplus, reader.isInRequest], [true, false]);
      assert.equal(read(request, size).reader.hasSurplus, false);
    }
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['that is no HTTP', 'hello\r\n\r\n'],
    ['of another version', 'GET / HTTP/1.0\r\n\r\n'],
    ['with a space in its path', 'GET /a b HTTP/1.1\r\n\r\n'],
    ['with a bare line feed', 'GET / HTTP/1.1\r\nx: 1\ny: 2\r\n\r\n'],
    ['with a header without a name', 'GET / HTTP/1.1\r\n: 1\r\n\r\n'],
    ['with two lengths', 'POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\n'],
    ['with a length that is none', 'POST / HTTP/1.1\r\ncontent-length: +5\r\n\r\n'],
    [
      'with a length and chunks',
      'POST / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n',
    ],
    ['of an unknown coding', 'POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n'],
    ['without an end of its head', `GET / HTTP/1.1\r\nx: ${'x'.repeat(300_000)}`],
  ];
  for (const [what, text] of wrong) {
    test(`${what} is refused, and nothing behind it is read`, () => {
      const { requests, reader } = read(`${text}GET /next HTTP/1.1\r\n\r\n`, 1000);
      assert.match(reader.error ?? '', /^the request cannot be sent: /);
      assert.deepEqual(requests, []);
    });
  }

  test('with a malformed chunk is refused within its body', () => {
    const head = 'POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n';
    const { requests, reader } = read(`${head}zz\r\n\r\n`, 1000);
    assert.match(reader.error ?? '', /malformed chunk/);
    assert.equal(requests[0]?.isDone, false);
  });
});
