import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertUnambiguous, exchangeRaw, type RawExchange } from '../support/raw-exchange.js';

/** What comes behind a request on the same connection. */
const behind = 'GET /behind HTTP/1.1\r\nhost: a\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nhost: a\r\n';
const chunkedPost = `${post}transfer-encoding: chunked\r\n\r\n`;
const chunks = '5\r\nhello\r\n0\r\n\r\n';

/** A name and the bytes that a client sends. */
type Case = readonly [name: string, text: string];

/** A request without a body, with more header lines. */
function get(lines: string): string {
  return `GET / HTTP/1.1\r\nhost: a\r\n${lines}\r\n\r\n`;
}

/** Fails unless the client got one 400, the connection was closed, and the host got nothing. */
function assertRefused(exchange: RawExchange): void {
  assertUnambiguous(exchange);
  assert.deepEqual(exchange.statuses, [400]);
  assert.equal(exchange.isClosed, true);
  assert.deepEqual(exchange.requests, []);
}

/** Fails unless the host got exactly these requests, each was answered, and nothing else was. */
function assertPassed(exchange: RawExchange, requests: readonly (readonly string[])[]): void {
  assertUnambiguous(exchange);
  assert.deepEqual(
    exchange.requests.map(({ method, target, body }) => [`${method} ${target}`, body]),
    requests,
  );
  assert.deepEqual(
    exchange.statuses,
    requests.map(() => 200),
  );
}

const lengths = ['+5', '-5', '5 5', '5, 5', '5,6', '0x5', '5.0', '5e0', '5;', '', '٥', '5\x0b'];
const hugeLengths = ['99999999999999999999', '18446744073709551621', '9'.repeat(500)];
const codings = [
  'xchunked',
  'chunkedx',
  'identity',
  'gzip',
  'chunked, identity',
  'gzip, chunked',
  'chunked, chunked',
  ',chunked',
  'chunked,',
  'chunked;q=1',
  '"chunked"',
  '\x0bchunked',
  '',
];

const refusedFraming: readonly Case[] = [
  [
    'content-length and transfer-encoding',
    `${post}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`,
  ],
  [
    'transfer-encoding and content-length',
    `${post}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n${chunks}`,
  ],
  ['two lengths', `${post}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`],
  ['two equal lengths', `${post}content-length: 5\r\ncontent-length: 5\r\n\r\nhello`],
  ...[...lengths, ...hugeLengths].map(
    (value): Case => [
      `the length ${JSON.stringify(value.slice(0, 30))}`,
      `${post}content-length: ${value}\r\n\r\nhello`,
    ],
  ),
  ...codings.map(
    (value): Case => [
      `the transfer coding ${JSON.stringify(value)}`,
      `${post}transfer-encoding: ${value}\r\n\r\n${chunks}`,
    ],
  ),
  ...['identity', 'gzip', 'xchunked', 'chunked'].map(
    (value): Case => [
      `chunked behind another line that says ${value}`,
      `${post}transfer-encoding: ${value}\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`,
    ],
  ),
];

const chunkSizes = [
  '',
  '+5',
  '-5',
  '0x5',
  '_5',
  '5_',
  'g',
  '5 ',
  '5\t',
  ' 5',
  '5,5',
  '5\n',
  '5\rX',
];
const hugeSizes = ['f'.repeat(17), '10000000000000005', 'f'.repeat(1000)];

const refusedChunks: readonly Case[] = [
  ...[...chunkSizes, ...hugeSizes].map(
    (size): Case => [
      `the chunk size ${JSON.stringify(size)}`,
      `${chunkedPost}${size}\r\nhello\r\n0\r\n\r\n${behind}`,
    ],
  ),
  ['a bare LF in a chunk extension', `${chunkedPost}5;a\nb\r\nhello\r\n0\r\n\r\n${behind}`],
  ['a chunk extension without end', `${chunkedPost}5;${'x'.repeat(40_000)}`],
  ['a chunk that is longer than it says', `${chunkedPost}5\r\nhello!\r\n0\r\n\r\n${behind}`],
  ['a chunk that is shorter than it says', `${chunkedPost}6\r\nhello\r\n0\r\n\r\n${behind}`],
  ['bare LFs around a chunk', `${chunkedPost}5\nhello\n0\n\n${behind}`],
  ['a bare LF behind a chunk', `${chunkedPost}5\r\nhello\n0\r\n\r\n${behind}`],
  ['something else where the body should end', `${chunkedPost}5\r\nhello\r\n0\r\nXX${behind}`],
  ['a trailer with a space in its name', `${chunkedPost}0\r\nx y: z\r\n\r\n${behind}`],
  ['a trailer with a NUL', `${chunkedPost}0\r\nx-y: \0\r\n\r\n${behind}`],
];

const names = [
  '',
  'x[]',
  'x y',
  '(x)',
  'x"',
  'x/',
  'x@',
  'x{',
  'x\\',
  'x\x80',
  'x\0',
  'x\x7f',
  '\x0bx',
];

const refusedHeads: readonly Case[] = [
  ['lines that end with LF', 'GET / HTTP/1.1\nhost: a\n\n'],
  ['one line that ends with LF', 'GET / HTTP/1.1\r\nhost: a\nx-a: b\r\n\r\n'],
  ['a head that ends with LF', 'GET / HTTP/1.1\r\nhost: a\r\n\n'],
  ['a bare CR in a value', get('x-a: b\rx-b: c')],
  ['a bare CR at the end of a line', 'GET / HTTP/1.1\r\nhost: a\r\rx-a: b\r\n\r\n'],
  ['a NUL in a value', get('x-a: b\0c')],
  ['a control character in a value', get('x-a: b\x01c')],
  ['a DEL in a value', get('x-a: b\x7fc')],
  ['a folded line', get('x-a: b\r\n c')],
  ['a line folded with a tab', get('x-a: b\r\n\tc')],
  ['a folded length', `${post}content-length: 5\r\n 0\r\n\r\nhello`],
  ['a folded transfer coding', `${post}transfer-encoding:\r\n chunked\r\n\r\n${chunks}`],
  ['a folded host', 'GET / HTTP/1.1\r\nhost: a\r\n b\r\n\r\n'],
  ['a first line that is folded', 'GET / HTTP/1.1\r\n x-a: b\r\nhost: a\r\n\r\n'],
  ['a space before a colon', get('x-a : b')],
  ['a tab before a colon', get('x-a\t: b')],
  ['a space before the colon of a length', `${post}content-length : 5\r\n\r\nhello`],
  ['a space before the colon of a coding', `${post}transfer-encoding : chunked\r\n\r\n${chunks}`],
  ['a line without a colon', get('x-a')],
  ...names.map((name): Case => [`the name ${JSON.stringify(name)}`, get(`${name}: b`)]),
  ['a method in lower case', 'get / HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['a method with odd characters', 'GE(T / HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['a space before the method', ' GET / HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['a space in the target', 'GET /a b HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['a tab in the request line', 'GET\t/\tHTTP/1.1\r\nhost: a\r\n\r\n'],
  ['a NUL in the target', 'GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['a DEL in the target', 'GET /\x7f HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['a bare LF in the request line', 'GET /\nx HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['a version of three numbers', 'GET / HTTP/1.10\r\nhost: a\r\n\r\n'],
  ['a version in lower case', 'GET / http/1.1\r\nhost: a\r\n\r\n'],
];

for (const [what, cases] of [
  ['framing', refusedFraming],
  ['chunks', refusedChunks],
  ['head', refusedHeads],
] as const) {
  describe(`refuses a request for its ${what}:`, () => {
    for (const [name, text] of cases) {
      test(name, async (t) => {
        assertRefused(await exchangeRaw(t, text));
      });
    }
  });
}

const accepted: readonly Case[] = [
  ['a length with blanks around it', `${post}content-length:  5 \r\n\r\nhello`],
  ['a length without a blank', `${post}content-length:5\r\n\r\nhello`],
  ['a length with leading zeros', `${post}content-length: 005\r\n\r\nhello`],
  ['a coding behind a tab', `${post}transfer-encoding:\tchunked\r\n\r\n${chunks}`],
  ['a coding without a blank', `${post}transfer-encoding:chunked\r\n\r\n${chunks}`],
  ['a coding in upper case', `${post}Transfer-Encoding: CHUNKED\r\n\r\n${chunks}`],
  [
    'a header that is only like a coding',
    `${post}transfer_encoding: chunked\r\ncontent-length: 5\r\n\r\nhello`,
  ],
  ['a chunk extension', `${chunkedPost}5;a=b\r\nhello\r\n0\r\n\r\n`],
  ['a quoted chunk extension', `${chunkedPost}5;a="b;c"\r\nhello\r\n0;d\r\n\r\n`],
  ['a chunk size with leading zeros', `${chunkedPost}${'0'.repeat(100)}5\r\nhello\r\n00\r\n\r\n`],
];

const upgrade = 'connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMA';

describe('hands one request on for', () => {
  for (const [name, text] of accepted) {
    test(name, async (t) => {
      const exchange = await exchangeRaw(t, text + behind);
      assertPassed(exchange, [
        ['POST /', 'hello'],
        ['GET /behind', ''],
      ]);
    });
  }

  for (const [framing, head, body] of [
    ['a length', `content-length: ${behind.length}`, behind],
    [
      'chunks',
      'transfer-encoding: chunked',
      `${behind.length.toString(16)}\r\n${behind}\r\n0\r\n\r\n`,
    ],
  ]) {
    test(`a body with ${framing} that looks like a request`, async (t) => {
      const exchange = await exchangeRaw(t, `GET / HTTP/1.1\r\nhost: a\r\n${head}\r\n\r\n${body}`);
      assertPassed(exchange, [['GET /', behind]]);
    });
  }

  test('a connection header that names the framing', async (t) => {
    const head = `${post}connection: content-length\r\ncontent-length: 5\r\n\r\n`;
    assertPassed(await exchangeRaw(t, `${head}hello`), [['POST /', 'hello']]);
  });

  test('an upgrade to a protocol that would change the framing', async (t) => {
    assertPassed(await exchangeRaw(t, get(upgrade)), [['GET /', '']]);
  });

  // `node:http` drops what it has read behind such a request, which may be half of the next one.
  test('nothing that comes behind a request for an upgrade', async (t) => {
    const exchange = await exchangeRaw(t, get(upgrade) + behind);
    assertPassed(exchange, [['GET /', '']]);
    assert.equal(exchange.isClosed, true);
  });
});

describe('a trailer', () => {
  for (const line of ['host: evil', 'x-forwarded-for: 10.0.0.1', 'x-envoy-internal: true']) {
    test(`never becomes a header: ${line}`, async (t) => {
      const exchange = await exchangeRaw(t, `${chunkedPost}0\r\n${line}\r\n\r\n${behind}`);
      assertPassed(exchange, [
        ['POST /', ''],
        ['GET /behind', ''],
      ]);
      const [name = '', value = ''] = line.split(': ');
      for (const { headers, trailers } of exchange.requests) {
        assert.equal(
          headers.some((header) => header[0] === name && header[1] === value),
          false,
        );
        assert.deepEqual(trailers, []);
      }
    });
  }

  for (const line of ['content-length: 5', 'transfer-encoding: chunked', 'connection: close']) {
    test(`never frames what follows: ${line}`, async (t) => {
      const exchange = await exchangeRaw(t, `${chunkedPost}0\r\n${line}\r\n\r\n${behind}`);
      assertUnambiguous(exchange);
      assert.ok(exchange.requests.every(({ body }) => body === ''));
    });
  }
});

describe('a host', () => {
  test('given twice is refused', async (t) => {
    const exchange = await exchangeRaw(t, 'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n');
    assertUnambiguous(exchange);
    assert.deepEqual(exchange.statuses, [400]);
    assert.deepEqual(exchange.requests, []);
  });

  for (const value of ['a b', 'a\tb', 'a,b', 'a/b', 'b@a', 'a?b', 'a#b', 'a:80:90']) {
    test(`of ${JSON.stringify(value)} is refused, or handed on as it is`, async (t) => {
      const exchange = await exchangeRaw(t, `GET / HTTP/1.1\r\nhost: ${value}\r\n\r\n`);
      assertUnambiguous(exchange);
      for (const { headers } of exchange.requests) {
        assert.deepEqual(
          headers.filter(([name]) => name === 'host').map(([, host]) => host),
          [value],
        );
      }
    });
  }

  for (const target of ['http://a/', 'http://b/', 'https://a:80/', '//b/', '*', 'a/']) {
    test(`is not taken from the target ${target}`, async (t) => {
      const exchange = await exchangeRaw(t, `GET ${target} HTTP/1.1\r\nhost: a\r\n\r\n${behind}`);
      assertUnambiguous(exchange);
      for (const { target: passed } of exchange.requests) {
        assert.ok(passed === target || passed === '/behind', passed);
      }
      assert.equal(exchange.statuses[0] === 200, target === '//b/');
    });
  }
});
