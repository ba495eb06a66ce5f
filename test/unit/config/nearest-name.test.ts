import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findNearestName } from '../../../lib/config/nearest-name.js';

const names = ['name', 'type', 'lb_type', 'connect_timeout_ms', 'hosts', 'sds', 'cds', 'http1'];

test('finds slips of the finger, other styles and names cut short', () => {
  const cases: [written: string, name: string][] = [
    ['nmae', 'name'],
    ['host', 'hosts'],
    ['lbtype', 'lb_type'],
    ['lbType', 'lb_type'],
    ['LB-TYPE', 'lb_type'],
    ['conect_timout_ms', 'connect_timeout_ms'],
    ['connect_timeout', 'connect_timeout_ms'],
    ['connectTimeoutMs', 'connect_timeout_ms'],
    ['envoy.http1', 'http1'],
    ['SDS', 'sds'],
  ];
  for (const [written, name] of cases) {
    assert.equal(findNearestName(written, names), name, written);
  }
});

test('finds nothing where nothing is close', () => {
  for (const written of ['', 'x', 'lds', 'retry_policy', 'timeout', 'n'.repeat(65), '???']) {
    assert.equal(findNearestName(written, names), undefined, written);
  }
});

test('the closest name wins over one that only begins alike', () => {
  assert.equal(
    findNearestName('http_filtr', ['http_filters_of_all', 'http_filter']),
    'http_filter',
  );
});

test('finds nothing for signs alone', () => {
  for (const written of ['<', '=>', '==']) {
    assert.equal(findNearestName(written, ['>=', '=']), undefined, written);
  }
});
