import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  checkRequestOptions,
  checkSignal,
  type HeadersInput,
  parseHeaders,
  parseMethod,
  parseTarget,
  type RequestOptions,
} from '../../../lib/egress/request-options.js';

function refused(message: RegExp): { code: string; message: RegExp } {
  return { code: 'SIDECAR_REQUEST_INVALID', message };
}

describe('the URL', () => {
  test('gives authority and path; the port of the scheme is no part of the authority', () => {
    assert.deepEqual(parseTarget('http://Orders:80/list?a=b#c'), {
      url: 'http://Orders:80/list?a=b#c',
      protocol: 'http:',
      authority: 'orders',
      path: '/list?a=b',
    });
    assert.equal(parseTarget('http://orders:8080').authority, 'orders:8080');
    assert.equal(parseTarget('http://orders:8080').path, '/');
    assert.equal(parseTarget('https://orders:443/').authority, 'orders');
    assert.equal(parseTarget('http://[::1]:81/').authority, '[::1]:81');
  });

  test('may be a URL object', () => {
    assert.equal(parseTarget(new URL('http://orders/x')).path, '/x');
  });

  test('is read again when it has been changed in place', () => {
    const url = new URL('http://orders/x');
    parseTarget(url);
    url.pathname = '/y';
    assert.equal(parseTarget(url).path, '/y');
  });

  test('cannot smuggle a line into the request', () => {
    const { path } = parseTarget('http://orders/a\r\nx-evil: 1\r\n\r\nGET /b');
    assert.ok(!/[\r\n ]/.test(path), path);
  });

  test('is refused if it is none, or not of HTTP, or holds credentials', () => {
    assert.throws(() => parseTarget('/list'), refused(/"\/list" is not a URL; write it in full/));
    assert.throws(() => parseTarget(''), refused(/is not a URL/));
    assert.throws(() => parseTarget('ftp://orders/'), refused(/not a URL of http: or https:/));
    assert.throws(
      () => parseTarget('http://me:secret@orders/'),
      (error: Error) => {
        assert.match(error.message, /user name or password/);
        assert.ok(!error.message.includes('secret'));
        return true;
      },
    );
    for (const [wrong, message] of [
      [undefined, /the URL is nothing, expected a string or a URL, as in request\("http:/],
      [null, /the URL is null, expected/],
      [5, /the URL is 5, expected/],
      [{ origin: 'http://orders' }, /the URL is an object, expected/],
      [Promise.resolve('http://orders'), /the URL is an instance of a class, .*; await it first/],
      [new Request('http://orders'), /the URL is a Request; give it to sidecar\.fetch\(\)/],
    ] as const) {
      // A caller without types may do so.
      assert.throws(() => parseTarget(wrong as unknown as string), refused(message));
    }
  });
});

describe('the method', () => {
  test('is GET by default, and as it is given otherwise', () => {
    assert.equal(parseMethod(undefined), 'GET');
    assert.equal(parseMethod('PROPFIND'), 'PROPFIND');
    assert.equal(parseMethod('M-SEARCH'), 'M-SEARCH');
  });

  test('is refused if it could break the request line', () => {
    for (const method of ['', 'GET /', 'GET\r\nx: y', 'G\0T', 'GÉT']) {
      assert.throws(() => parseMethod(method), refused(/is not an HTTP method/));
    }
    assert.throws(() => parseMethod(5 as unknown as string), refused(/5 is not an HTTP method/));
    assert.throws(() => parseMethod('CONNECT'), refused(/opens a tunnel/));
  });
});

describe('the headers', () => {
  test('may be an object, pairs, a Map or Headers; names come out in lower case', () => {
    const expected = ['x-a', '1', 'x-b', '2'];
    const inputs: HeadersInput[] = [
      { 'X-A': '1', 'x-b': '2' },
      [
        ['X-A', '1'],
        ['x-b', '2'],
      ],
      new Map([
        ['X-A', '1'],
        ['x-b', '2'],
      ]),
      new Headers({ 'X-A': '1', 'x-b': '2' }),
    ];
    for (const input of inputs) {
      assert.deepEqual(parseHeaders(input), expected);
    }
    assert.deepEqual(parseHeaders(undefined), []);
  });

  test('may have several values of one name, and none', () => {
    assert.deepEqual(parseHeaders({ 'x-a': ['1', '2'], 'x-b': undefined }), [
      'x-a',
      '1',
      'x-a',
      '2',
    ]);
    assert.deepEqual(
      parseHeaders([
        ['x-a', '1'],
        ['X-A', '2'],
      ]),
      ['x-a', '1', 'x-a', '2'],
    );
  });

  test('take numbers, which are wanted often', () => {
    assert.deepEqual(parseHeaders({ 'x-n': 5 as unknown as string }), ['x-n', '5']);
  });

  test('cannot break out of their line', () => {
    for (const evil of ['a\r\nx-evil: 1', 'a\nb', 'a\rb', 'a\0b', 'a\x7fb', '\u010a']) {
      assert.throws(() => parseHeaders({ 'x-a': evil }), refused(/header "x-a" cannot be sent/));
      assert.throws(() => parseHeaders({ 'x-a': ['fine', evil] }), refused(/cannot be sent/));
      assert.throws(() => parseHeaders([[evil, '1']]), refused(/cannot be sent/));
      assert.throws(() => parseHeaders({ host: evil }), refused(/cannot be sent/));
    }
    for (const name of ['', 'x a', 'x:a', 'x-a:', ' x']) {
      assert.throws(() => parseHeaders([[name, '1']]), refused(/cannot be sent/));
    }
  });

  test('of the connection go no further', () => {
    const headers = { connection: 'close', 'keep-alive': '5', 'proxy-connection': 'close', a: 'b' };
    assert.deepEqual(parseHeaders(headers), ['a', 'b']);
  });

  test('that would change how the request is sent are refused', () => {
    for (const name of ['Transfer-Encoding', 'Upgrade', 'Expect']) {
      assert.throws(() => parseHeaders({ [name]: 'x' }), refused(/leave it out/));
    }
  });

  test('name one host and one length, which is a number', () => {
    for (const name of ['host', 'content-length']) {
      assert.throws(() => parseHeaders({ [name]: ['5', '5'] }), refused(/cannot be sent twice/));
    }
    for (const length of ['', '-1', '+5', '5, 5', '0x5', '5.0', ' 5', '1e3', '9'.repeat(16)]) {
      assert.throws(() => parseHeaders({ 'content-length': length }), refused(/not a number of/));
    }
  });

  test('are refused if they are of no known kind', () => {
    for (const wrong of [
      null,
      'x-a: 1',
      5,
      ['x-a', '1'],
      [['x-a']],
      [['x-a', '1', '2']],
      { 'x-a': null },
      { 'x-a': {} },
      { 'x-a': Number.NaN },
      [[5, 'a']],
      Promise.resolve({ 'x-a': '1' }),
      new Date(0),
    ]) {
      // A caller without types may do so.
      assert.throws(() => parseHeaders(wrong as unknown as HeadersInput), refused(/header/));
    }
  });
});

describe('the signal', () => {
  test('is thrown with its own reason if it is aborted', () => {
    const reason = new Error('mine');
    assert.throws(() => checkSignal(AbortSignal.abort(reason)), reason);
    assert.throws(() => checkSignal(AbortSignal.abort()), { name: 'AbortError' });
    checkSignal(new AbortController().signal);
    checkSignal(undefined);
  });

  test('is refused if it is none', () => {
    for (const wrong of [
      null,
      'x',
      {},
      new EventTarget(),
      { aborted: false, addEventListener() {} },
    ]) {
      assert.throws(() => checkSignal(wrong as unknown as AbortSignal), refused(/AbortSignal/));
    }
    assert.throws(
      () => checkSignal(new AbortController() as unknown as AbortSignal),
      refused(/expected an AbortSignal; give its signal$/),
    );
  });
});

describe('the options', () => {
  // Callers without types may give anything.
  const check = (options: unknown) => () => checkRequestOptions(options as RequestOptions);

  test('may be left out, given without a value, inherited, or of a class of the caller', () => {
    class Options {
      readonly method = 'POST';
    }
    for (const options of [
      {},
      Object.create(null),
      { method: 'POST', headers: {}, body: null, signal: undefined },
      { query: undefined, timeout: undefined },
      Object.create({ method: 'POST' }),
      new Options(),
    ]) {
      check(options)();
    }
  });

  test('may have what somebody has given all objects', (t) => {
    Object.assign(Object.prototype, { polluted: 1 });
    t.after(() => Reflect.deleteProperty(Object.prototype, 'polluted'));
    check({ method: 'POST' })();
  });

  test('that do not exist are refused, with the one that may be meant', () => {
    assert.throws(
      check({ metod: 'POST' }),
      refused(
        /^unknown option "metod"; there are: method, headers, body, signal; did you mean "method"\?$/,
      ),
    );
    assert.throws(check({ method: 'GET', x: 1 }), refused(/^unknown option "x"; .*, signal$/));
    assert.throws(check(Object.create({ header: {} })), refused(/did you mean "headers"\?$/));
  });

  test('of other clients are refused, with what to use instead', () => {
    for (const [name, message] of [
      ['query', /write the query into the URL/],
      ['headersTimeout', /x-envoy-upstream-rq-timeout-ms, or give signal: AbortSignal\.timeout/],
      ['timeout', /time-outs are those of the route/],
      ['maxRedirections', /sidecar\.fetch\(\) does/],
      ['dispatcher', /leave it out, or give sidecar\.dispatcher .* to another client/],
      ['retry', /x-envoy-retry-on/],
      ['json', /body: JSON\.stringify\(value\)/],
      ['origin', /part of the URL/],
      ['auth', /header authorization/],
      ['throwOnError', /statusCode/],
      ['duplex', /leave it out/],
    ] as const) {
      assert.throws(check({ [name]: 1 }), refused(message), name);
    }
  });

  test('are refused if they are none', () => {
    for (const wrong of [5, 'POST', true, () => {}, [], new Map(), Promise.resolve({})]) {
      assert.throws(check(wrong), refused(/^the options are .*, expected an object$/));
    }
    assert.throws(check(new Request('http://orders')), refused(/give it to sidecar\.fetch\(\)$/));
  });
});
