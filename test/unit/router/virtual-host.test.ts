import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultRuntime } from '../../../lib/base/runtime.js';
import type { HeaderToAddConfig } from '../../../lib/config/header-format.js';
import type { PathMatchConfig, RouteMatchConfig } from '../../../lib/config/route-match-config.js';
import type { SslRequirement, VirtualHostConfig } from '../../../lib/config/route-table-config.js';
import { sslRedirect } from '../../../lib/router/redirect.js';
import { VirtualHost } from '../../../lib/router/virtual-host.js';
import { clusterRoute, routedRequest, virtualHostConfig } from '../../support/route-fixture.js';

function create(
  parts: Partial<VirtualHostConfig>,
  tableAdditions: readonly HeaderToAddConfig[] = [],
): VirtualHost {
  return new VirtualHost(virtualHostConfig(parts), tableAdditions, defaultRuntime);
}

function isRedirected(requireSsl: SslRequirement | undefined, ...headers: string[]): boolean {
  const redirect = create({ requireSsl }).sslRedirectFor(routedRequest({ headers }));
  assert.ok(redirect === undefined || redirect === sslRedirect);
  return redirect !== undefined;
}

test('without require_ssl no request is redirected', () => {
  assert.equal(isRedirected(undefined), false);
  assert.equal(isRedirected(undefined, 'x-forwarded-proto', 'http'), false);
});

describe('require_ssl "all"', () => {
  test('redirects whatever did not come over https', () => {
    assert.equal(isRedirected('all'), true);
    assert.equal(isRedirected('all', 'x-forwarded-proto', 'http'), true);
    assert.equal(isRedirected('all', 'x-envoy-internal', 'true'), true);
  });

  test('lets https through, and nothing that is only like it', () => {
    assert.equal(isRedirected('all', 'x-forwarded-proto', 'https'), false);
    for (const proto of ['HTTPS', 'https ', 'https,http', 'wss', '']) {
      assert.equal(isRedirected('all', 'x-forwarded-proto', proto), true, proto);
    }
  });
});

describe('require_ssl "external_only"', () => {
  test('redirects what came from outside over plain text', () => {
    assert.equal(isRedirected('external_only'), true);
    assert.equal(isRedirected('external_only', 'x-forwarded-proto', 'http'), true);
    assert.equal(isRedirected('external_only', 'x-forwarded-proto', 'https'), false);
  });

  test('lets requests from inside through, whatever the value of their mark', () => {
    for (const value of ['true', 'false', '']) {
      assert.equal(isRedirected('external_only', 'x-envoy-internal', value), false, value);
    }
  });
});

test('a route adds its headers first, then those of the virtual host and of the table', () => {
  const header = (value: string): HeaderToAddConfig => ({
    name: 'x-a',
    parts: [{ kind: 'text', text: value }],
  });
  const route = { ...clusterRoute('app'), requestHeadersToAdd: [header('route')] };
  const virtualHost = create({ routes: [route], requestHeadersToAdd: [header('host')] }, [
    header('table'),
  ]);
  const { requestHead } = routedRequest();
  const variables = { clientAddress: '', localAddress: '', protocol: 'HTTP/1.1' };
  virtualHost.routes[0]?.rewriter?.apply(requestHead, variables);
  assert.deepEqual(requestHead.headers, ['x-a', 'route', 'x-a', 'host', 'x-a', 'table']);
});

describe('the first route', () => {
  const clusterOf = (match: Partial<RouteMatchConfig>): string | undefined => {
    const host = create({ routes: [clusterRoute('first', match), clusterRoute('second')] });
    const request = routedRequest({ path: '/a' });
    return host.match(request)?.clusterFor(request);
  };

  test('takes all requests if it asks for nothing', () => {
    for (const prefix of ['/', '']) {
      assert.equal(clusterOf({ path: { kind: 'prefix', prefix, caseSensitive: true } }), 'first');
    }
  });

  test('takes only what it asks for', () => {
    const header = { name: 'x-a', kind: 'present' } as const;
    assert.equal(clusterOf({ headers: [header] }), 'second');
    const paths: readonly PathMatchConfig[] = [
      { kind: 'prefix', prefix: '/b', caseSensitive: true },
      { kind: 'path', path: '/', caseSensitive: true },
      { kind: 'regex', pattern: '/' },
    ];
    for (const path of paths) {
      assert.equal(clusterOf({ path }), 'second', path.kind);
    }
  });
});
