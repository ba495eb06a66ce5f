import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJsonSource } from '../../../lib/config/json-source.js';
import {
  parseRegistrations,
  type Registrations,
  type RegistrationsResult,
} from '../../../lib/sds-server/registrations-file.js';

const clusterDomain = 'svc.cluster.local';
const orders = 'orders.shop.svc.cluster.local';

/** Reads a document that is given as a value, or as text. */
function parse(document: unknown, domain: string = clusterDomain): RegistrationsResult {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const source = readJsonSource(text);
  assert.ok(source.document !== undefined, source.problem);
  return parseRegistrations(source.document, domain);
}

function parsed(document: unknown): Registrations {
  const result = parse(document);
  assert.ok('registrations' in result, JSON.stringify(result));
  return result.registrations;
}

/** Returns the problems of a document as lines, without the places in the text. */
function problemsOf(document: unknown, domain?: string): string[] {
  const result = parse(document, domain);
  assert.ok('problems' in result, 'the document should be refused');
  return result.problems.map(
    ({ path, message }) => `${path}: ${message.replace(/ \(line \d+, column \d+\)$/, '')}`,
  );
}

test('keeps hosts as they are written', () => {
  const hosts = [
    { ip_address: '10.0.0.1', port: 80 },
    {
      ip_address: '2001:db8::1',
      port: 65535,
      tags: { az: 'eu-1a', canary: true, load_balancing_weight: 100 },
    },
  ];
  const registrations = parsed({ registrations: { [orders]: hosts } });
  assert.deepEqual(registrations.hosts({ service: 'orders', namespace: 'shop' }), hosts);
});

test('keeps the ports of a service apart', () => {
  const first = [{ ip_address: '10.0.0.1', port: 80 }];
  const admin = [{ ip_address: '10.0.0.1', port: 8001 }];
  const registrations = parsed({
    registrations: { [orders]: first, [`_admin._tcp.${orders}`]: admin },
  });
  const service = { service: 'orders', namespace: 'shop' };
  assert.deepEqual(registrations.hosts(service), first);
  assert.deepEqual(registrations.hosts({ ...service, port: 'admin' }), admin);
  assert.deepEqual(registrations.hosts({ ...service, port: 'http' }), []);
});

test('has no hosts for a service that is not named', () => {
  const registrations = parsed({ registrations: {} });
  assert.deepEqual(registrations.hosts({ service: 'orders', namespace: 'shop' }), []);
});

test('says how much there is', () => {
  assert.equal(parsed({ registrations: {} }).summarize(), '0 services, 0 hosts');
  const one = [{ ip_address: '10.0.0.1', port: 80 }];
  assert.equal(parsed({ registrations: { [orders]: one } }).summarize(), '1 service, 1 host');
});

test('names every problem with its path', () => {
  const document = {
    registration: {},
    registrations: {
      orders: [],
      [orders]: [
        { ip_address: 'localhost', port: 0 },
        { ip_address: '10.0.0.1', port: '80', weight: 3 },
        { ip_address: '10.0.0.1', port: 80, tags: { az: 1, canary: 'yes', weight: 3 } },
        { ip_address: '10.0.0.1', port: 80, tags: { load_balancing_weight: 101 } },
        'host',
        {},
      ],
      'users.shop.svc.cluster.local': { ip_address: '10.0.0.1', port: 80 },
    },
  };
  const path = 'registrations["orders.shop.svc.cluster.local"]';
  assert.deepEqual(problemsOf(document), [
    'registration: unknown key',
    'registrations.orders: expected a name of the form <service>.<namespace>.svc.cluster.local',
    `${path}[0].ip_address: expected an IP address, found "localhost"`,
    `${path}[0].port: expected an integer from 1 to 65535, found 0`,
    `${path}[1].weight: unknown key`,
    `${path}[1].port: expected an integer from 1 to 65535, found "80"`,
    `${path}[2].tags.weight: unknown key`,
    `${path}[2].tags.az: expected a string, found 1`,
    `${path}[2].tags.canary: expected true or false, found "yes"`,
    `${path}[3].tags.load_balancing_weight: expected an integer from 1 to 100, found 101`,
    `${path}[4]: expected an object, found "host"`,
    `${path}[5].ip_address: expected an IP address, found nothing`,
    `${path}[5].port: expected an integer from 1 to 65535, found nothing`,
    'registrations["users.shop.svc.cluster.local"]: expected an array of hosts, found an object',
  ]);
});

test('refuses a document that is no object', () => {
  assert.deepEqual(problemsOf([]), [': expected an object, found an empty array']);
  assert.deepEqual(problemsOf(null), [': expected an object, found null']);
  assert.deepEqual(problemsOf({}), ['registrations: expected an object, found nothing']);
});

test('refuses a service that is written in two ways', () => {
  const registrations = { 'a.b.svc.cluster.local': [], 'a.b.cluster.local': [] };
  assert.deepEqual(problemsOf({ registrations }, 'cluster.local'), [
    'registrations["a.b.cluster.local"]: the same service stands above',
  ]);
});

test('refuses a service that stands twice', () => {
  const [problem = ''] = problemsOf(`{"registrations": {"${orders}": [], "${orders}": []}}`);
  assert.match(problem, /^registrations\["orders.shop.svc.cluster.local"\]: .* stands twice/);
});

test('says at which line and column a problem is', () => {
  const result = parse(`{\n  "registrations": {\n    "orders": []\n  }\n}`);
  assert.ok('problems' in result);
  assert.match(result.problems[0]?.message ?? '', / \(line 3, column 5\)$/);
});

test('is not confused by the names of inherited properties', () => {
  const [problem = ''] = problemsOf('{"registrations": {"__proto__": []}}');
  assert.match(problem, /^registrations\.__proto__: /);
  assert.deepEqual(problemsOf('{"registrations": {"toString": []}}'), [
    'registrations.toString: expected a name of the form <service>.<namespace>.svc.cluster.local',
  ]);
});
