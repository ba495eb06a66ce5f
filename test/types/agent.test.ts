import assert from 'node:assert/strict';
import type http from 'node:http';
import type https from 'node:https';
import { test } from 'node:test';
import type { Sidecar } from '../../lib/sidecar.js';
import { OutboundFixture } from '../support/outbound-fixture.js';

/** As the options of got are: what is for `https:` has to be an agent of `node:https` there. */
function agentsOf(sidecar: Sidecar): { http: http.Agent; https: https.Agent } {
  return { http: sidecar.agent, https: sidecar.agent };
}

test('the agent has the types, and what they promise, of those for http: and https:', async (t) => {
  const { sidecar } = await OutboundFixture.start(t);
  const agents = agentsOf(sidecar);
  assert.equal(agents.http, agents.https);
  assert.equal(typeof agents.https.options, 'object');
  assert.equal(typeof agents.https.getName({ host: 'orders' }), 'string');
});
