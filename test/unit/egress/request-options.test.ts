import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  checkSignal,
  type HeadersInput,
  parseHeaders,
  parseMethod,
  parseTarget,
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
    for (const wrong of [undefined, null, 5, {}]) {
      // A caller without types may do so.
      assert.throws(() => parseTarget(wrong as unknown as string), refused(/neither a string/));
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
      { 'x-a': null },
      { 'x-a': {} },
      [[5, 'a']],
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
    for (const wrong of [null, 'x', {}, new AbortController()]) {
      assert.throws(() => checkSignal(wrong as unknown as AbortSignal), refused(/AbortSignal/));
    }
  });
});
