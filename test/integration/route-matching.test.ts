import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RoutingFixture } from '../support/routing-fixture.js';

/** What no other route takes. */
const rest = { prefix: '/', cluster: 'c' };

/** Patterns that take an engine that backtracks longer than anybody can wait. */
const explosive = ['(a+)+', '(a|aa)+'];

describe('prefix', () => {
  test('matches what begins with it', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/users', cluster: 'a' }, rest],
    });
    const answers = await fixture.askAll('/users', '/users/1', '/usersx?y', '/user', '/x/users');
    assert.deepEqual(answers, ['a', 'a', 'a', 'c', 'c']);
    assert.equal(await fixture.ask('/USERS'), 'c');
  });

  test('is compared with the whole path, query string included', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/users?id=', cluster: 'a' }, rest],
    });
    const answers = await fixture.askAll('/users?id=1', '/users?name=x', '/users/?id=1');
    assert.deepEqual(answers, ['a', 'c', 'c']);
  });

  test('that is empty matches everything', async (t) => {
    const fixture = await RoutingFixture.start(t, { routes: [{ prefix: '', cluster: 'a' }] });
    assert.deepEqual(await fixture.askAll('/', '/x?y'), ['a', 'a']);
  });

  test('matches in any case with case_sensitive false', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/Users', case_sensitive: false, cluster: 'a' }, rest],
    });
    const answers = await fixture.askAll('/Users', '/users/1', '/USERS?x', '/use');
    assert.deepEqual(answers, ['a', 'a', 'a', 'c']);
  });
});

describe('path', () => {
  test('is all of the path, without its query string', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ path: '/users', cluster: 'a' }, rest],
    });
    const answers = await fixture.askAll('/users', '/users?', '/users?id=1', '/users/', '/Users');
    assert.deepEqual(answers, ['a', 'a', 'a', 'c', 'c']);
  });

  test('matches in any case with case_sensitive false', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ path: '/Users', case_sensitive: false, cluster: 'a' }, rest],
    });
    const answers = await fixture.askAll('/users', '/USERS?id=1', '/users/');
    assert.deepEqual(answers, ['a', 'a', 'c']);
  });
});

describe('regex', () => {
  test('must match the whole path, without its query string', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ regex: '/users/[0-9]+', cluster: 'a' }, rest],
    });
    const matching = ['/users/1', '/users/12?x', '/users/12?/users/x'];
    assert.deepEqual(await fixture.askAll(...matching), ['a', 'a', 'a']);
    const others = ['/users/', '/users/1/', '/x/users/1', '/?/users/1', '/USERS/1'];
    assert.deepEqual(await fixture.askAll(...others), ['c', 'c', 'c', 'c', 'c']);
  });

  test('matches the whole path by every one of its choices', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ regex: '/a|/b', cluster: 'a' }, rest],
    });
    assert.deepEqual(await fixture.askAll('/a', '/b', '/ax', '/x/b'), ['a', 'a', 'c', 'c']);
  });

  for (const pattern of explosive) {
    test(`${pattern} answers a path of 50,000 characters`, async (t) => {
      const fixture = await RoutingFixture.start(t, {
        routes: [
          { regex: `^/${pattern}$`, path_redirect: '/matched' },
          { prefix: '/', path_redirect: '/not-matched' },
        ],
      });
      const long = `/${'a'.repeat(50_000)}`;
      const matching = await fixture.send({ path: long });
      assert.equal(matching.headers.location, 'http://foo.com/matched');
      const other = await fixture.send({ path: `${long}!` });
      assert.equal(other.headers.location, 'http://foo.com/not-matched');
      assert.equal(await fixture.askOutbound(`${long}!`), '301');
    });
  }
});

describe('headers', () => {
  test('must equal their value', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', headers: [{ name: 'X-Shard', value: 'One' }], cluster: 'a' }, rest],
    });
    assert.equal(await fixture.ask('/', { headers: { 'x-shard': 'One' } }), 'a');
    assert.equal(await fixture.ask('/', { headers: { 'x-shard': 'one' } }), 'c');
    assert.equal(await fixture.ask('/', { headers: { 'x-shard': 'One, Two' } }), 'c');
    assert.equal(await fixture.ask('/'), 'c');
  });

  test('must be there if no value is given', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [
        { prefix: '/without', headers: [{ name: 'x-shard' }], cluster: 'a' },
        { prefix: '/empty', headers: [{ name: 'x-shard', value: '' }], cluster: 'b' },
        rest,
      ],
    });
    const headers = { 'x-shard': 'any' };
    assert.equal(await fixture.ask('/without', { headers }), 'a');
    assert.equal(await fixture.ask('/empty', { headers }), 'b');
    assert.deepEqual(await fixture.askAll('/without', '/empty'), ['c', 'c']);
  });

  test('are matched whole with regex', async (t) => {
    const matcher = { name: 'x-shard', value: '[0-9]+', regex: true };
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', headers: [matcher], cluster: 'a' }, rest],
    });
    assert.equal(await fixture.ask('/', { headers: { 'x-shard': '12' } }), 'a');
    assert.equal(await fixture.ask('/', { headers: { 'x-shard': '12a' } }), 'c');
    assert.equal(await fixture.ask('/'), 'c');
  });

  test('are numbers from start up to, not including, end with range_match', async (t) => {
    const matcher = { name: 'x-shard', range_match: { start: -1, end: 10 } };
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', headers: [matcher], cluster: 'a' }, rest],
    });
    for (const value of ['-1', '0', '9']) {
      assert.equal(await fixture.ask('/', { headers: { 'x-shard': value } }), 'a', value);
    }
    for (const value of ['-2', '10', '9.5', '5x', '0x5', '', ' ']) {
      assert.equal(await fixture.ask('/', { headers: { 'x-shard': value } }), 'c', value);
    }
    assert.equal(await fixture.ask('/'), 'c');
  });

  test('may be the method, the authority and the path', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [
        { prefix: '/', headers: [{ name: ':method', value: 'DELETE' }], cluster: 'a' },
        { prefix: '/authority', headers: [{ name: ':authority', value: 'foo.com' }], cluster: 'b' },
        { prefix: '/host', headers: [{ name: 'Host', value: 'foo.com' }], cluster: 'b' },
        { prefix: '/path', headers: [{ name: ':path', value: '/path?x' }], cluster: 'b' },
        rest,
      ],
    });
    assert.equal(await fixture.ask('/', { method: 'DELETE' }), 'a');
    assert.equal(await fixture.ask('/', { method: 'PUT' }), 'c');
    assert.deepEqual(await fixture.askAll('/authority', '/host'), ['b', 'b']);
    assert.deepEqual(await fixture.askAll('/path?x', '/path?y'), ['b', 'c']);
  });

  test('must all match, as must the path', async (t) => {
    const headers = [{ name: 'x-one', value: '1' }, { name: 'x-two' }];
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/both', headers, cluster: 'a' }, rest],
    });
    const both = { 'x-one': '1', 'x-two': '2' };
    assert.equal(await fixture.ask('/both', { headers: both }), 'a');
    assert.equal(await fixture.ask('/both', { headers: { 'x-one': '1' } }), 'c');
    assert.equal(await fixture.ask('/both', { headers: { 'x-two': '2' } }), 'c');
    assert.equal(await fixture.ask('/', { headers: both }), 'c');
  });

  for (const pattern of explosive) {
    test(`with the regex ${pattern} answer a value of 50,000 characters`, async (t) => {
      const matcher = { name: 'x-long', value: `^${pattern}$`, regex: true };
      const fixture = await RoutingFixture.start(t, {
        routes: [
          { prefix: '/', headers: [matcher], path_redirect: '/matched' },
          { prefix: '/', path_redirect: '/not-matched' },
        ],
      });
      const long = 'a'.repeat(50_000);
      const matching = await fixture.send({ headers: { 'x-long': long } });
      assert.equal(matching.headers.location, 'http://foo.com/matched');
      const other = await fixture.send({ headers: { 'x-long': `${long}!` } });
      assert.equal(other.headers.location, 'http://foo.com/not-matched');
    });
  }
});

describe('query_parameters', () => {
  test('must equal their value; of several with one name the first counts', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', query_parameters: [{ name: 'id', value: '1' }], cluster: 'a' }, rest],
    });
    const matching = ['/?id=1', '/x?a=b&id=1', '/?id=1&id=2'];
    assert.deepEqual(await fixture.askAll(...matching), ['a', 'a', 'a']);
    const others = ['/', '/?id', '/?id=', '/?id=12', '/?id=2&id=1', '/?xid=1', '/?idx=1', '/id=1'];
    assert.deepEqual(
      await fixture.askAll(...others),
      others.map(() => 'c'),
    );
  });

  test('must be there if no value is given', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', query_parameters: [{ name: 'debug' }], cluster: 'a' }, rest],
    });
    const matching = ['/?debug', '/?debug=', '/?debug=x', '/?a&debug'];
    assert.deepEqual(
      await fixture.askAll(...matching),
      matching.map(() => 'a'),
    );
    assert.deepEqual(await fixture.askAll('/', '/debug', '/?a=debug'), ['c', 'c', 'c']);
  });

  test('are matched whole with regex', async (t) => {
    const parameter = { name: 'id', value: '[0-9]+', regex: true };
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', query_parameters: [parameter], cluster: 'a' }, rest],
    });
    const answers = await fixture.askAll('/?id=12', '/?id=12a', '/?id=', '/?id');
    assert.deepEqual(answers, ['a', 'c', 'c', 'c']);
  });

  test('must all match', async (t) => {
    const parameters = [{ name: 'one', value: '1' }, { name: 'two' }];
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', query_parameters: parameters, cluster: 'a' }, rest],
    });
    assert.deepEqual(await fixture.askAll('/?two&one=1', '/?one=1', '/?two'), ['a', 'c', 'c']);
  });
});

describe('runtime', () => {
  /** What requests draw. */
  const numbers = [0, 1, 49, 50, 99, 100, 149, 150, 2 ** 32 - 1];

  for (const [percent, taken] of [
    [0, ''],
    [1, '0 100'],
    [50, '0 1 49 100 149'],
    [100, numbers.join(' ')],
    [101, numbers.join(' ')],
  ] as const) {
    test(`with the default ${percent} takes so many percent of the requests`, async (t) => {
      const fixture = await RoutingFixture.start(t, {
        routes: [
          { prefix: '/', runtime: { key: 'routing.new', default: percent }, cluster: 'a' },
          rest,
        ],
      });
      const found: number[] = [];
      for (const number of numbers) {
        fixture.random.value = number;
        if ((await fixture.ask('/')) === 'a') {
          found.push(number);
        }
      }
      assert.equal(found.join(' '), taken);
    });
  }

  test('takes as many as its key says, from the next request on', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/', runtime: { key: 'routing.new', default: 50 }, cluster: 'a' }, rest],
    });
    fixture.random.value = 49;
    const answers: string[] = [];
    for (const value of [undefined, 49, 50, 0, 100, 1000, 'most', undefined]) {
      fixture.proxy.sidecar.runtime.set('routing.new', value);
      answers.push(await fixture.ask('/'));
    }
    assert.equal(answers.join(''), 'acacaaaa');
  });

  test('draws once for a request, however many routes ask', async (t) => {
    const route = { prefix: '/', cluster: 'a' };
    const fixture = await RoutingFixture.start(t, {
      routes: [
        { ...route, runtime: { key: 'one', default: 10 } },
        { ...route, runtime: { key: 'two', default: 20 } },
        rest,
      ],
    });
    fixture.random.value = 99;
    // The first request draws where the cluster begins, too.
    assert.equal(await fixture.askOutbound('/'), 'c');
    const before = fixture.random.drawCount;
    assert.equal(await fixture.askOutbound('/'), 'c');
    assert.equal(fixture.random.drawCount, before + 1);
  });

  test('does not make a route match whose path does not', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [{ prefix: '/new', runtime: { key: 'new', default: 100 }, cluster: 'a' }, rest],
    });
    assert.deepEqual(await fixture.askAll('/new', '/old'), ['a', 'c']);
  });
});

describe('routes', () => {
  test('are tried in their order, and the first match wins', async (t) => {
    const fixture = await RoutingFixture.start(t, {
      routes: [
        { prefix: '/users', cluster: 'a' },
        { path: '/users/me', cluster: 'b' },
        { regex: '/.*', cluster: 'b' },
        rest,
      ],
    });
    assert.deepEqual(await fixture.askAll('/users/me', '/other'), ['a', 'b']);
  });

  test('of which none matches are answered 404, with the flag NR', async (t) => {
    const fixture = await RoutingFixture.start(t, { routes: [{ path: '/only', cluster: 'a' }] });
    const response = await fixture.send({ path: '/else' });
    assert.equal(response.status, 404);
    assert.equal(response.text, '');
    assert.equal(await fixture.proxy.loggedResult(), '404 NR');
    assert.equal(await fixture.proxy.stat('no_route'), 1);
    assert.equal(await fixture.askOutbound('/else'), '404');
    assert.equal(await fixture.proxy.stat('no_route'), 2);
    assert.equal(fixture.requestCount('a'), 0);
  });
});
