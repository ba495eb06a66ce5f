import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ForwardActionConfig } from '../../../lib/config/route-action-config.js';
import type { PathMatchConfig } from '../../../lib/config/route-match-config.js';
import type { RequestHead } from '../../../lib/http/message.js';
import { HeaderAdditions } from '../../../lib/router/header-additions.js';
import { RequestRewriter } from '../../../lib/router/request-rewriter.js';
import { asBytes, forwardAction } from '../../support/route-fixture.js';

const variables = { clientAddress: '10.0.0.1', localAddress: '', protocol: 'HTTP/1.1' };
const anyPath: PathMatchConfig = { kind: 'prefix', prefix: '/', caseSensitive: true };

const prefix = (text: string, caseSensitive = true): PathMatchConfig => ({
  kind: 'prefix',
  prefix: text,
  caseSensitive,
});

function create(
  action: Partial<ForwardActionConfig>,
  match: PathMatchConfig = anyPath,
  additions: HeaderAdditions = new HeaderAdditions(),
): RequestRewriter | undefined {
  return RequestRewriter.create(match, forwardAction(action), additions);
}

/** A request after it has been rewritten. */
function rewrite(
  rewriter: RequestRewriter | undefined,
  parts: Partial<RequestHead> = {},
): RequestHead {
  const head = { method: 'GET', path: '/', authority: 'foo.com', headers: [], ...parts };
  rewriter?.apply(head, variables);
  return head;
}

function rewritePath(match: PathMatchConfig, prefixRewrite: string, path: string): string {
  return rewrite(create({ prefixRewrite }, match), { path }).path;
}

describe('nothing is made for a route that', () => {
  test('changes nothing', () => {
    assert.equal(create({}), undefined);
  });

  test('rewrites to an empty text, which Envoy takes for none', () => {
    assert.equal(create({ hostRewrite: '', prefixRewrite: '' }, prefix('/a')), undefined);
  });
});

describe('prefix_rewrite', () => {
  test('takes the place of the prefix and keeps the rest, query string included', () => {
    assert.equal(rewritePath(prefix('/a'), '/b', '/a'), '/b');
    assert.equal(rewritePath(prefix('/a'), '/b', '/a/c?d=/a'), '/b/c?d=/a');
    assert.equal(rewritePath(prefix('/a'), '/b', '/ax'), '/bx');
    assert.equal(rewritePath(prefix('/a/'), '/', '/a/c'), '/c');
    assert.equal(rewritePath(prefix('/'), '/b/', '/c?d'), '/b/c?d');
  });

  test('may reach into the query string with its prefix', () => {
    assert.equal(rewritePath(prefix('/a?x='), '/b?y=', '/a?x=1'), '/b?y=1');
  });

  test('takes the place of the prefix whatever its case', () => {
    assert.equal(rewritePath(prefix('/Abc', false), '/b', '/aBC/Def?G'), '/b/Def?G');
  });

  test('takes the place of a path, and keeps the query string', () => {
    const match: PathMatchConfig = { kind: 'path', path: '/a', caseSensitive: true };
    assert.equal(rewritePath(match, '/b/c', '/a'), '/b/c');
    assert.equal(rewritePath(match, '/b/c', '/a?d=1'), '/b/c?d=1');
  });

  test('takes the place of all that a pattern matches, and keeps the query string', () => {
    const match: PathMatchConfig = { kind: 'regex', pattern: '/a.*' };
    assert.equal(rewritePath(match, '/b', '/a/c/d'), '/b');
    assert.equal(rewritePath(match, '/b', '/a/c?d?e'), '/b?d?e');
  });

  test('takes the place of a prefix by its bytes', () => {
    assert.equal(rewritePath(prefix('/é'), '/ü', asBytes('/éa?é')), asBytes('/üa?é'));
  });

  test('tells the host of the path before, once', () => {
    const rewriter = create({ prefixRewrite: '/b' }, prefix('/a'));
    const headers = ['x-envoy-original-path', '/forged', 'x-a', '1', 'x-envoy-original-path', '/'];
    assert.deepEqual(rewrite(rewriter, { path: '/a?c', headers }).headers, [
      ...['x-envoy-original-path', '/a?c', 'x-a', '1'],
    ]);
  });

  test('tells of the path even if that stays the same', () => {
    const { path, headers } = rewrite(create({ prefixRewrite: '/a' }, prefix('/a')), {
      path: '/a/b',
    });
    assert.equal(path, '/a/b');
    assert.deepEqual(headers, ['x-envoy-original-path', '/a/b']);
  });

  test('takes its text as it stands', () => {
    assert.equal(rewritePath(prefix('/a'), '/$&$1\\1', '/a/b'), '/$&$1\\1/b');
  });
});

describe('host_rewrite', () => {
  test('takes the place of the host, and leaves the path', () => {
    const head = rewrite(create({ hostRewrite: 'bar.com:80' }), { path: '/a' });
    assert.equal(head.authority, 'bar.com:80');
    assert.equal(head.path, '/a');
    assert.deepEqual(head.headers, []);
  });

  test('is sent in UTF-8', () => {
    assert.equal(rewrite(create({ hostRewrite: 'é.com' })).authority, asBytes('é.com'));
  });
});

test('headers are added before the path is rewritten, so that the rewriting wins', () => {
  const additions = new HeaderAdditions([
    { name: 'x-envoy-original-path', parts: [{ kind: 'text', text: '/added' }] },
    { name: 'x-client', parts: [{ kind: 'variable', variable: 'CLIENT_IP' }] },
  ]);
  const rewriter = create({ prefixRewrite: '/b', hostRewrite: 'bar.com' }, prefix('/a'), additions);
  assert.deepEqual(rewrite(rewriter, { path: '/a/c' }), {
    method: 'GET',
    path: '/b/c',
    authority: 'bar.com',
    headers: ['x-envoy-original-path', '/a/c', 'x-client', '10.0.0.1'],
  });
});

test('headers are added where nothing is rewritten', () => {
  const additions = new HeaderAdditions([{ name: 'x-a', parts: [{ kind: 'text', text: '1' }] }]);
  const head = rewrite(create({}, anyPath, additions), { headers: ['x-a', '0'] });
  assert.deepEqual(head.headers, ['x-a', '0', 'x-a', '1']);
  assert.equal(head.authority, 'foo.com');
});
