import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveAbsoluteForm } from '../../../lib/downstream/request-target.js';

test('splits a target with scheme and host', () => {
  for (const [target, authority, path] of [
    ['http://a', 'a', '/'],
    ['http://a/', 'a', '/'],
    ['HTTPS://A:1/b?c', 'A:1', '/b?c'],
    ['http://a?b/c', 'a', '/?b/c'],
    ['http://a//b', 'a', '//b'],
  ] as const) {
    const head = { method: 'GET', path: target, authority: 'z', headers: [] };
    assert.equal(resolveAbsoluteForm(head), true, target);
    assert.deepEqual([head.authority, head.path], [authority, path]);
  }
});

test('leaves a target alone that it cannot split', () => {
  for (const target of [
    '',
    '*',
    '/a',
    'a:80',
    'ftp://a/',
    'http:a',
    'http:/a',
    'http://',
    'http:///',
  ]) {
    const head = { method: 'GET', path: target, authority: 'z', headers: [] };
    assert.equal(resolveAbsoluteForm(head), false, target);
    assert.deepEqual([head.authority, head.path], ['z', target]);
  }
});
