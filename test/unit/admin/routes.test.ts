import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdminRouteTable } from '../../../lib/admin/admin-context.js';
import { AdminFixture } from '../../support/admin-fixture.js';

function table(routeConfigName: string): AdminRouteTable {
  const answer = Buffer.from('{"virtual_hosts": []}');
  return { routeConfigName, clusterName: 'rds', version: 255, answer };
}

test('/routes shows what the discovery service has said, and for which table', async (t) => {
  const fixture = await AdminFixture.start(t);
  fixture.shownRouteTables = [table('one'), table('two')];
  const { status, headers, body } = await fixture.ask('/routes');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/json');
  const one = {
    version_info: 'ff',
    route_config_name: 'one',
    cluster_name: 'rds',
    route_table_dump: { virtual_hosts: [] },
  };
  assert.deepEqual(JSON.parse(body), [one, { ...one, route_config_name: 'two' }]);
});

test('route_config_name chooses one', async (t) => {
  const fixture = await AdminFixture.start(t);
  fixture.shownRouteTables = [table('one'), table('two')];
  const { body } = await fixture.ask('/routes?route_config_name=two');
  assert.match(body, /"route_config_name":"two"/);
  assert.doesNotMatch(body, /"one"/);
});

test('without discovered tables there are none', async (t) => {
  const fixture = await AdminFixture.start(t);
  assert.deepEqual(JSON.parse((await fixture.ask('/routes')).body), []);
});
