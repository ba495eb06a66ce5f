import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type JsonObject,
  managerDocument,
  minimalDocument,
  problemsOf,
  warningsOf,
} from '../support/config-documents.js';
import { tablePath as table } from '../support/route-documents.js';

function domainsDocument(...domains: string[][]): JsonObject {
  return managerDocument({
    route_config: {
      virtual_hosts: domains.map((names, index) => ({
        name: `host ${index}`,
        domains: names,
        routes: [],
      })),
    },
  });
}

test('a domain stands once in a table, whatever its case, and so does *', () => {
  assert.deepEqual(problemsOf(domainsDocument(['foo.com', '*'], ['bar.com', 'FOO.com'], ['*'])), [
    `${table}.virtual_hosts[1].domains[1]: "FOO.com" already stands at ` +
      `${table}.virtual_hosts[0].domains[0]; a domain belongs to one virtual host, whatever its case`,
    `${table}.virtual_hosts[2].domains[0]: "*" already stands at ` +
      `${table}.virtual_hosts[0].domains[1]; a domain belongs to one virtual host, whatever its case`,
  ]);
});

test('the same domain may stand in two tables', () => {
  const listener = domainsDocument(['foo.com'])['listeners'];
  const [first] = Array.isArray(listener) ? listener : [];
  // The first listener of a document that was made here, above, as an object.
  const second = { ...(first as JsonObject), address: 'tcp://127.0.0.1:81' };
  assert.deepEqual(problemsOf(minimalDocument({ listeners: [first, second] })), []);
});

test('domains that Envoy loads and never uses are warned of', () => {
  assert.deepEqual(warningsOf(domainsDocument(['*.foo.com'], ['*.Foo.com', 'foo.*']), 'error'), [
    `${table}.virtual_hosts[1].domains[0]: "*.Foo.com" already stands before, and the first ` +
      'virtual host that has it is used',
    `${table}.virtual_hosts[1].domains[1]: "foo.*" never matches: a * stands alone or as the ` +
      'first character',
  ]);
});

test('the same suffix twice in one virtual host is warned of too', () => {
  assert.deepEqual(warningsOf(domainsDocument(['*-a.com', '*-A.com']), 'error'), [
    `${table}.virtual_hosts[0].domains[1]: "*-A.com" already stands before, and the first virtual ` +
      'host that has it is used',
  ]);
});

test('a port is a part of a domain', () => {
  const document = domainsDocument(['foo.com', 'foo.com:80'], ['foo.com:8080']);
  assert.deepEqual(problemsOf(document), []);
  assert.deepEqual(warningsOf(document, 'error'), []);
});

test('domains are strings', () => {
  const virtual_hosts = [{ name: 'v', domains: [5, null, ['a.com']], routes: [] }];
  assert.deepEqual(problemsOf(managerDocument({ route_config: { virtual_hosts } })), [
    `${table}.virtual_hosts[0].domains[0]: expected a string, found 5; write it in quotes: "5"`,
    `${table}.virtual_hosts[0].domains[1]: expected a string, found null; give it a value`,
    `${table}.virtual_hosts[0].domains[2]: expected a string, found an array`,
  ]);
});
