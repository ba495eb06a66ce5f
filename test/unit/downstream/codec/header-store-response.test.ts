import assert from 'node:assert/strict';
import { type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import {
  type ResponseScript,
  resultOf,
  runOnOurResponse,
  runOnPlainResponse,
} from '../../../support/response-pair.js';

/** What a response tells of its headers. */
function describeHeaders(response: ServerResponse): unknown {
  const names = response.getHeaderNames();
  return {
    names,
    headers: response.getHeaders(),
    hasPrototype: Object.getPrototypeOf(response.getHeaders()) !== null,
    one: names.map((name) => response.getHeader(name.toUpperCase())),
    has: names.map((name) => response.hasHeader(name.toUpperCase())),
    // Undeclared, but there.
    spellings: (response as { getRawHeaderNames?(): string[] }).getRawHeaderNames?.(),
    isSent: response.headersSent,
    status: response.statusCode,
  };
}

/** Does something, and then tells of the headers. */
function after(change: (response: ServerResponse) => unknown): ResponseScript {
  return (response) => {
    const result = resultOf(() => change(response));
    return [result === response ? 'itself' : result, describeHeaders(response)];
  };
}

/** Values that the declarations forbid, and JavaScript does not. */
function wrong<T>(value: unknown): T {
  return value as T;
}

const scripts: Readonly<Record<string, ResponseScript>> = {
  'setHeader with a string': after((r) => r.setHeader('X-A', '1')),
  'setHeader with a number': after((r) => r.setHeader('X-A', 1)),
  'setHeader with a list': after((r) => r.setHeader('X-A', ['1', '2'])),
  'setHeader with an empty list': after((r) => r.setHeader('X-A', [])),
  'setHeader twice, spelled in two ways': after((r) => {
    r.setHeader('X-A', '1').setHeader('X-B', '2').setHeader('x-a', '3');
  }),
  'setHeader of __proto__': after((r) => r.setHeader('__proto__', '1')),
  'setHeader with a name that is none': after((r) => r.setHeader('a b', '1')),
  'setHeader with an empty name': after((r) => r.setHeader('', '1')),
  'setHeader with a number as name': after((r) => r.setHeader(wrong(5), '1')),
  'setHeader with a line break': after((r) => r.setHeader('a', 'x\r\ny: z')),
  'setHeader with a line break in a list': after((r) => r.setHeader('a', ['x', 'y\n'])),
  'setHeader with a character beyond latin1': after((r) => r.setHeader('a', '\u20ac')),
  'setHeader with undefined': after((r) => r.setHeader('a', wrong(undefined))),
  'setHeader with undefined in a list': after((r) => r.setHeader('a', wrong(['x', undefined]))),
  'setHeader with null': after((r) => r.setHeader('a', wrong(null))),
  'setHeader with a boolean': after((r) => r.setHeader('a', wrong(true))),
  'setHeader with an object': after((r) => r.setHeader('a', wrong({}))),
  'appendHeader to none': after((r) => r.appendHeader('X-A', '1')),
  'appendHeader of a list to none': after((r) => r.appendHeader('X-A', ['1', '2'])),
  'appendHeader to a string': after((r) => r.setHeader('X-A', '1').appendHeader('x-a', '2')),
  'appendHeader to a number': after((r) => r.setHeader('X-A', 1).appendHeader('x-a', ['2', '3'])),
  'appendHeader to a list': after((r) => r.setHeader('X-A', ['1', '2']).appendHeader('x-a', '3')),
  'appendHeader of a name that is none': after((r) => r.appendHeader('a b', '1')),
  'appendHeader of a line break': after((r) => r.setHeader('a', '1').appendHeader('a', '\n')),
  'appendHeader of undefined': after((r) => r.appendHeader('a', wrong(undefined))),
  'appendHeader of undefined to a string': after((r) =>
    r.setHeader('a', '1').appendHeader('a', wrong(undefined)),
  ),
  'setHeaders with Headers': after((r) => {
    const headers = new Headers({ a: '1' });
    headers.append('x', '1');
    headers.append('x', '2');
    return r.setHeaders(headers);
  }),
  'setHeaders with cookies': after((r) => {
    const headers = new Headers();
    headers.append('set-cookie', 'a=1');
    headers.append('set-cookie', 'b=2');
    return r.setHeader('set-cookie', 'c=3').setHeaders(headers);
  }),
  'setHeaders with a Map': after((r) =>
    r.setHeaders(new Map<string, string | string[]>(Object.entries({ A: '1', b: ['2', '3'] }))),
  ),
  'setHeaders with an object': after((r) => r.setHeaders(wrong({ a: '1' }))),
  removeHeader: after((r) => r.setHeader('A', '1').setHeader('b', '2').removeHeader('a')),
  'removeHeader and setHeader': after((r) => {
    r.setHeader('A', '1').setHeader('b', '2').removeHeader('a');
    r.setHeader('a', '3');
  }),
  'removeHeader of none': after((r) => r.removeHeader('a')),
  'removeHeader of a framing header': after((r) => r.removeHeader('content-length')),
  'getHeader of a name that every object has': (r) => [
    r.getHeader('constructor'),
    r.getHeader('__proto__'),
    r.hasHeader('toString'),
  ],
  'getHeaders, changed by its owner': after((r) => {
    r.setHeader('a', '1');
    r.getHeaders()['b'] = '2';
  }),
  ...Object.fromEntries(
    ['getHeader', 'hasHeader', 'removeHeader'].flatMap((method) =>
      [5, undefined].map((name) => [
        `${method} of ${name}`,
        // The methods take one argument each.
        after((r) => (r as unknown as Record<string, (name: unknown) => void>)[method]?.(name)),
      ]),
    ),
  ),
  'writeHead with a status': after((r) => r.writeHead(404)),
  'writeHead with a status in a string': after((r) => r.writeHead(wrong('201'))),
  'writeHead with a fraction': after((r) => r.writeHead(200.7)),
  ...Object.fromEntries(
    [99, 1000, Number.NaN, 'abc', undefined].map((status) => [
      `writeHead with the status ${status}`,
      after((r) => r.writeHead(wrong(status))),
    ]),
  ),
  'writeHead with a reason': after((r) => r.writeHead(200, 'Fine')),
  'writeHead with a reason and headers': after((r) => r.writeHead(200, 'Fine', { 'X-A': '1' })),
  'writeHead with a reason that has a line break': after((r) => r.writeHead(200, 'a\nb')),
  'writeHead with a reason beyond latin1': after((r) => r.writeHead(200, '\u20ac')),
  'writeHead with undefined and headers': after((r) =>
    r.writeHead(200, wrong(undefined), { 'X-A': '1' }),
  ),
  'statusMessage and writeHead': after((r) => {
    r.statusMessage = 'Fine';
    r.writeHead(200);
  }),
  'writeHead twice': after((r) => r.writeHead(200).writeHead(200)),
  'writeHead that fails, and another': after((r) => {
    const first = resultOf(() => r.writeHead(200, { 'a b': '1' }));
    return [first, r.headersSent, resultOf(() => r.writeHead(500, 'Oops').statusCode)];
  }),
  ...headersOfWriteHead('', () => {}),
  ...headersOfWriteHead(' after setHeader', (r) => r.setHeader('X-S', 's').setHeader('X-A', '0')),
  'setHeader after the head': after((r) => r.writeHead(200).setHeader('a', '1')),
  'appendHeader after the head': after((r) => r.writeHead(200).appendHeader('a', '1')),
  'removeHeader after the head': after((r) => r.writeHead(200).removeHeader('a')),
  'setHeaders after the head': after((r) => r.writeHead(200).setHeaders(new Map([['a', '1']]))),
  'getHeader after the head': after((r) => r.setHeader('a', '1').writeHead(200)),
  'flushHeaders twice': after((r) => {
    r.setHeader('a', '1').flushHeaders();
    r.flushHeaders();
  }),
  'an implicit head by end': after((r) => {
    r.statusCode = 404;
    r.setHeader('X-A', '1').end('x');
  }),
  'an implicit head by write': after((r) => r.setHeader('X-A', '1').write('x')),
  'an implicit head with a bad status': after((r) => {
    r.statusCode = 99;
    const result = resultOf(() => r.end('x'));
    r.statusCode = 200;
    return result;
  }),
  'a body of a given length': after((r) => r.setHeader('Content-Length', 1).end('x')),
  'no body': after((r) => r.end()),
  'a status without a body': after((r) => r.writeHead(204).end()),
  'a status without a body, but with a length': after((r) => {
    r.writeHead(304, { 'content-length': 5 }).end();
  }),
  'a connection that is to be closed': after((r) => {
    r.setHeader('Connection', 'close').end('x');
    return r.shouldKeepAlive;
  }),
  trailers: after((r) => {
    r.setHeader('trailer', 'x-t').write('a');
    r.addTrailers({ 'x-t': '1' });
    r.end();
  }),
  'early hints': after((r) => r.writeEarlyHints({ link: '</a>; rel=preload' })),
  'a provisional response': after((r) => {
    r.writeContinue();
    r.writeProcessing();
  }),
  'write after the end': after((r) => {
    r.end('x');
    return r.write('y');
  }),
  'end twice': after((r) => r.end('x').end('y')),
  'write of what is no chunk': after((r) => [null, 5, {}].map((x) => resultOf(() => r.write(x)))),
  encodings: after((r) => {
    r.write('6162', 'hex');
    r.end('Y2Q=', 'base64');
  }),
};

/** Every form of `writeHead`, on responses that something has been done to. */
function headersOfWriteHead(
  when: string,
  prepare: (response: ServerResponse) => void,
): Record<string, ResponseScript> {
  const given: Record<string, unknown> = {
    'an object': { 'X-A': '1', 'x-b': ['2', '3'], 'content-length': 4 },
    'an object that inherits': Object.create({ inherited: '1' }),
    'an object with undefined': { a: undefined },
    'an object with null': { a: null },
    'an object with a bad name': { 'a b': '1' },
    'an object with an empty name': { '': '1' },
    'an object with a bad value': { a: 'x\ny' },
    'a flat list': ['X-A', '1', 'X-B', '2'],
    'a flat list of odd length': ['X-A', '1', 'X-B'],
    'an empty list': [],
    'Headers, which have no keys': new Headers({ a: '1' }),
  };
  return Object.fromEntries(
    Object.entries(given).map(([what, headers]) => [
      `writeHead with ${what}${when}`,
      after((response) => {
        prepare(response);
        return response.writeHead(200, headers as OutgoingHttpHeaders);
      }),
    ]),
  );
}

describe('HeaderStoreResponse', () => {
  for (const [name, script] of Object.entries(scripts)) {
    it(`does what node:http does: ${name}`, () => {
      assert.deepEqual(runOnOurResponse(script), runOnPlainResponse(script));
    });
  }

  it('sends no body to HEAD, as node:http', () => {
    const script: ResponseScript = (response) => response.setHeader('a', '1').end('body');
    assert.deepEqual(runOnOurResponse(script, 'HEAD'), runOnPlainResponse(script, 'HEAD'));
  });

  it('leaves a list that it was given as it is', () => {
    const given = ['1'];
    runOnOurResponse((response) => response.setHeader('a', given).appendHeader('a', '2'));
    assert.deepEqual(given, ['1']);
  });

  // Of these node:http keeps the last, or refuses them, depending on its version.
  for (const [what, headers] of Object.entries({
    'a flat list': ['X-A', '1', 'X-B', '2', 'x-a', '3'],
    pairs: [
      ['X-A', '1'],
      ['X-B', '2'],
      ['x-a', '3'],
    ],
  })) {
    it(`keeps several headers of one name in ${what} after setHeader`, () => {
      const { bytes } = runOnOurResponse((response) => {
        response.setHeader('x-a', '0').setHeader('x-s', 's');
        response.writeHead(200, headers as string[]).end();
      });
      const lines = bytes.split('\r\n').filter((line) => line.startsWith('x-'));
      assert.deepEqual(lines, ['x-s: s', 'x-a: 1', 'x-a: 3', 'x-b: 2']);
    });
  }

  it('keeps its ways when a framework gives it another prototype', () => {
    const { result, bytes } = runOnOurResponse((response) => {
      response.setHeader('X-Before', '1');
      Object.setPrototypeOf(response, Object.create(ServerResponse.prototype));
      response.setHeader('X-After', '2');
      return [response.getHeader('x-before'), response.getHeaderNames()];
    });
    assert.deepEqual(result, ['1', ['x-before', 'x-after']]);
    assert.match(bytes, /^x-before: 1\r\nx-after: 2\r\n/m);
  });
});
