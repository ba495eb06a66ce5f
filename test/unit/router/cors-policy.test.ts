import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CorsConfig } from '../../../lib/config/cors-config.js';
import { mergeCorsPolicies } from '../../../lib/router/cors-policy.js';

const nothing: CorsConfig = {
  enabled: undefined,
  allowOrigin: [],
  allowMethods: undefined,
  allowHeaders: undefined,
  exposeHeaders: undefined,
  maxAge: undefined,
  allowCredentials: undefined,
};

const host: CorsConfig = {
  enabled: undefined,
  allowOrigin: ['https://host.com'],
  allowMethods: 'GET',
  allowHeaders: 'x-host',
  exposeHeaders: 'x-host-exposed',
  maxAge: '1',
  allowCredentials: true,
};

const route: CorsConfig = {
  enabled: false,
  allowOrigin: ['https://route.com'],
  allowMethods: 'PUT',
  allowHeaders: 'x-route',
  exposeHeaders: 'x-route-exposed',
  maxAge: '2',
  allowCredentials: false,
};

test('there is none if neither the route nor the virtual host has one', () => {
  assert.equal(mergeCorsPolicies(undefined, undefined), undefined);
});

test('one alone counts as it is, and is on unless it says otherwise', () => {
  assert.deepEqual(mergeCorsPolicies(undefined, host), { ...host, enabled: true });
  assert.deepEqual(mergeCorsPolicies(route, undefined), route);
  assert.deepEqual(mergeCorsPolicies(nothing, undefined), { ...nothing, enabled: true });
});

test('the values of the route come first', () => {
  assert.deepEqual(mergeCorsPolicies(route, host), route);
});

test('what the route leaves out, or says with nothing, is the virtual host’s', () => {
  const empty = { ...nothing, allowMethods: '', allowHeaders: '', exposeHeaders: '', maxAge: '' };
  for (const silent of [nothing, empty]) {
    assert.deepEqual(mergeCorsPolicies(silent, host), { ...host, enabled: true });
  }
});
