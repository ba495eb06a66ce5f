import type { TestContext } from 'node:test';
import type { Json } from './config-builder.js';
import { type ProxyParts, TestProxy } from './proxy.js';

/** The keys of a connection manager with one script in front of the router. */
export function luaFilters(script: string, ...more: Json[]): Json {
  const lua = { name: 'lua', config: { inline_code: script } };
  return { filters: [lua, ...more, { name: 'router', config: {} }] };
}

/** Starts a proxy whose requests and responses pass a script. */
export function startLua(
  t: TestContext,
  script: string,
  parts: ProxyParts = {},
): Promise<TestProxy> {
  return TestProxy.start(t, { ...parts, manager: { ...luaFilters(script), ...parts.manager } });
}

/** Wraps lines into `envoy_on_request`. */
export function onRequest(lines: string): string {
  return `function envoy_on_request(request_handle)\n${lines}\nend`;
}

/** Wraps lines into `envoy_on_response`. */
export function onResponse(lines: string): string {
  return `function envoy_on_response(response_handle)\n${lines}\nend`;
}
