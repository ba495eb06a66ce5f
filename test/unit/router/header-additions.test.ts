import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type HeaderToAddConfig,
  type HeaderVariable,
  parseHeaderFormat,
} from '../../../lib/config/header-format.js';
import { HeaderAdditions, type HeaderVariables } from '../../../lib/router/header-additions.js';
import { asBytes } from '../../support/route-fixture.js';

const variables: HeaderVariables = {
  clientAddress: '10.0.0.1',
  localAddress: '10.0.0.2:80',
  protocol: 'HTTP/1.1',
};

function header(name: string, value: string): HeaderToAddConfig {
  const parts = parseHeaderFormat(value);
  assert.ok(typeof parts !== 'string', `${value} is right`);
  return { name, parts };
}

/** What a value becomes when it is added. */
function textOf(value: string, more: Partial<HeaderVariables> = {}): string | undefined {
  const headers: string[] = [];
  new HeaderAdditions([header('x-a', value)]).addTo(headers, { ...variables, ...more });
  return headers[1];
}

test('headers of several lists are added in the order of the lists', () => {
  const additions = new HeaderAdditions(
    [header('x-a', 'route'), header('x-b', 'route')],
    [header('x-a', 'virtual host')],
    [header('x-a', 'table')],
  );
  const headers = ['x-a', 'client', 'x-c', '1'];
  additions.addTo(headers, variables);
  assert.deepEqual(headers, [
    ...['x-a', 'client', 'x-c', '1'],
    ...['x-a', 'route', 'x-b', 'route', 'x-a', 'virtual host', 'x-a', 'table'],
  ]);
});

test('additions without headers are empty', () => {
  assert.equal(new HeaderAdditions().isEmpty, true);
  assert.equal(new HeaderAdditions([], []).isEmpty, true);
  assert.equal(new HeaderAdditions([], [header('x-a', '')]).isEmpty, false);
});

test('every variable is replaced by its value', () => {
  const values: Readonly<Record<HeaderVariable, string>> = {
    CLIENT_IP: '10.0.0.1',
    DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: '10.0.0.1',
    DOWNSTREAM_LOCAL_ADDRESS: '10.0.0.2:80',
    DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: '10.0.0.2',
    PROTOCOL: 'HTTP/1.1',
  };
  for (const [variable, value] of Object.entries(values)) {
    assert.equal(textOf(`%${variable}%`), value, variable);
  }
});

test('an IPv6 address stands without its brackets where it stands without its port', () => {
  const more = { localAddress: '[::1]:80' };
  assert.equal(textOf('%DOWNSTREAM_LOCAL_ADDRESS%', more), '[::1]:80');
  assert.equal(textOf('%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%', more), '::1');
});

test('an address that nobody knows is empty', () => {
  assert.equal(textOf('<%DOWNSTREAM_LOCAL_ADDRESS%>', { localAddress: '' }), '<>');
  assert.equal(textOf('<%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%>', { localAddress: '' }), '<>');
});

test('text and variables are put together', () => {
  assert.equal(textOf('a %CLIENT_IP%%PROTOCOL% b'), 'a 10.0.0.1HTTP/1.1 b');
  assert.equal(textOf('100%% of %CLIENT_IP%'), '100% of 10.0.0.1');
  assert.equal(textOf('%%CLIENT_IP%%'), '%CLIENT_IP%');
  assert.equal(textOf('%%%CLIENT_IP%%%'), '%10.0.0.1%');
});

test('an empty value is added as an empty header', () => {
  assert.equal(textOf(''), '');
});

test('what a variable stands for is not looked at again', () => {
  assert.equal(textOf('%CLIENT_IP%', { clientAddress: '%PROTOCOL%' }), '%PROTOCOL%');
});

test('text that is not ASCII is sent in UTF-8', () => {
  assert.equal(textOf('é %PROTOCOL%'), `${asBytes('é')} HTTP/1.1`);
});
