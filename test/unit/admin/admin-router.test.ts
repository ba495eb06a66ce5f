import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminFixture } from '../../support/admin-fixture.js';

const paths = `admin commands are:
  /certs: print certs on machine
  /clusters: upstream cluster status
  /healthcheck/fail: cause the server to fail health checks
  /healthcheck/ok: cause the server to pass health checks
  /listeners: print listener addresses
  /reset_counters: reset all counters to zero
  /routes: print the route tables that were loaded by rds
  /runtime: print runtime values
  /server_info: print server version/status information
  /stats: print server stats; format=json for JSON, filter=<text> for names that contain the text
`;

test('/ lists the paths', async (t) => {
  const fixture = await AdminFixture.start(t);
  const { status, headers, body } = await fixture.ask('/');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/plain; charset=UTF-8');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['content-length'], String(paths.length));
  assert.equal(body, paths);
});

test('an unknown path is 404 with the list of paths', async (t) => {
  const fixture = await AdminFixture.start(t);
  for (const path of ['/nonsense', '/stats/', '//', '/%', '/constructor', '*']) {
    const { status, body } = await fixture.ask(path);
    assert.equal(status, 404, path);
    assert.equal(body, `invalid path. ${paths}`, path);
  }
});

test('GET and POST both change things', async (t) => {
  const fixture = await AdminFixture.start(t);
  for (const method of ['GET', 'POST']) {
    assert.equal((await fixture.ask('/healthcheck/fail', { method })).body, 'OK\n');
    assert.equal(fixture.serverState.healthcheckFailed, true);
    assert.equal((await fixture.ask('/healthcheck/ok', { method })).body, 'OK\n');
    assert.equal(fixture.serverState.healthcheckFailed, false);
  }
});

test('HEAD shows what GET would send, and never changes anything', async (t) => {
  const fixture = await AdminFixture.start(t);
  const { status, headers, body } = await fixture.ask('/', { method: 'HEAD' });
  assert.equal(status, 200);
  assert.equal(headers['content-length'], String(paths.length));
  assert.equal(body, '');
  assert.equal((await fixture.ask('/healthcheck/fail', { method: 'HEAD' })).status, 405);
  assert.equal(fixture.serverState.healthcheckFailed, false);
});

test('other methods are refused', async (t) => {
  const fixture = await AdminFixture.start(t);
  for (const method of ['PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
    const { status, headers } = await fixture.ask('/healthcheck/fail', { method });
    assert.equal(status, 405, method);
    assert.equal(headers.allow, 'GET, POST', method);
  }
  assert.equal(fixture.serverState.healthcheckFailed, false);
});

test('pages of other sites can change nothing', async (t) => {
  const fixture = await AdminFixture.start(t);
  for (const site of ['cross-site', 'same-site']) {
    const headers = { 'sec-fetch-site': site };
    assert.equal((await fixture.ask('/healthcheck/fail', { headers })).status, 403);
    assert.equal((await fixture.ask('/stats', { headers })).status, 200);
  }
  assert.equal(fixture.serverState.healthcheckFailed, false);
  for (const site of ['none', 'same-origin']) {
    const headers = { 'sec-fetch-site': site };
    assert.equal((await fixture.ask('/healthcheck/fail', { headers })).status, 200);
  }
});
