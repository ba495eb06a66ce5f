import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonValue } from '../support/config-documents.js';
import {
  managerProblems,
  parseManager,
  parseRoute,
  routeProblems,
} from '../support/route-documents.js';

const variables =
  'there are %CLIENT_IP%, %PROTOCOL%, %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%, ' +
  '%DOWNSTREAM_LOCAL_ADDRESS%, %DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%, and "%%" for a percent sign';

function additionProblems(...headers: JsonValue[]): string[] {
  return routeProblems({ prefix: '/', cluster: 'a', request_headers_to_add: headers });
}

/** What is wrong with the value of an added header. */
function valueProblems(value: string): string[] {
  return additionProblems({ key: 'x-a', value }).map((line) =>
    line.replace('.request_headers_to_add[0].value: ', ''),
  );
}

function partsOf(value: string): unknown {
  const request_headers_to_add = [{ key: 'X-A', value }];
  const { requestHeadersToAdd } = parseRoute({ prefix: '/', cluster: 'a', request_headers_to_add });
  assert.equal(requestHeadersToAdd[0]?.name, 'x-a');
  return requestHeadersToAdd[0].parts;
}

const text = (value: string): object => ({ kind: 'text', text: value });
const variable = (name: string): object => ({ kind: 'variable', variable: name });

test('the value of an added header is taken apart into texts and variables', () => {
  assert.deepEqual(partsOf(''), []);
  assert.deepEqual(partsOf('edge'), [text('edge')]);
  assert.deepEqual(partsOf('%CLIENT_IP%'), [variable('CLIENT_IP')]);
  assert.deepEqual(partsOf('<%CLIENT_IP%%PROTOCOL%>'), [
    text('<'),
    variable('CLIENT_IP'),
    variable('PROTOCOL'),
    text('>'),
  ]);
});

test('two percent signs are one', () => {
  assert.deepEqual(partsOf('%%'), [text('%')]);
  assert.deepEqual(partsOf('100%% of%% %PROTOCOL%'), [text('100% of% '), variable('PROTOCOL')]);
  assert.deepEqual(partsOf('%%CLIENT_IP%%'), [text('%CLIENT_IP%')]);
  assert.deepEqual(partsOf('%%%%'), [text('%%')]);
});

test('an unknown variable is refused, and its case counts', () => {
  for (const name of ['%START_TIME%', '%client_ip%', '% CLIENT_IP%', '%UPSTREAM_METADATA(a)%']) {
    assert.deepEqual(valueProblems(`a ${name} b`), [`"${name}" is not a variable; ${variables}`]);
  }
});

test('a variable that is not closed is refused', () => {
  const rest = 'lacks its closing "%"; a percent sign is written "%%"';
  assert.deepEqual(valueProblems('100%'), [`the variable "%" ${rest}`]);
  assert.deepEqual(valueProblems('%PROTOCOL% %CLIENT_IP'), [`the variable "%CLIENT_IP" ${rest}`]);
  assert.deepEqual(valueProblems('%%%'), [`the variable "%" ${rest}`]);
});

test('names and values that no message can carry are refused', () => {
  assert.deepEqual(
    additionProblems(
      { key: 'x a', value: '1' },
      { key: '', value: '1' },
      { key: 'x-a\r\nx-b', value: '1' },
      { key: ':path', value: '/' },
      { key: 'x-a', value: '1\r\nx-b: 2' },
      { key: 'x-a', value: '\u0000' },
    ),
    [
      '.request_headers_to_add[0].key: "x a" is not the name of a header',
      '.request_headers_to_add[1].key: "" is not the name of a header',
      '.request_headers_to_add[2].key: "x-a\\r\\nx-b" is not the name of a header',
      '.request_headers_to_add[3].key: ":path" is not the name of a header',
      '.request_headers_to_add[4].value: "1\\r\\nx-b: 2" cannot be the value of a header; ' +
        'remove the control characters',
      '.request_headers_to_add[5].value: "\\u0000" cannot be the value of a header; ' +
        'remove the control characters',
    ],
  );
});

test('headers that say how a message is sent are not added', () => {
  const names = [
    'Connection',
    'Content-Length',
    'Keep-Alive',
    'TE',
    'Transfer-Encoding',
    'Upgrade',
  ];
  assert.deepEqual(
    additionProblems(...names.map((key) => ({ key, value: '1' }))),
    names.map(
      (name, index) =>
        `.request_headers_to_add[${index}].key: "${name.toLowerCase()}" says how a message is ` +
        'sent, which only the sender knows; remove it',
    ),
  );
  assert.deepEqual(additionProblems({ key: 'Host', value: 'a.com' }), [
    '.request_headers_to_add[0].key: a second "host" makes a request invalid; use "host_rewrite" ' +
      'of a route',
  ]);
});

describe('the list of added headers', () => {
  test('has its keys', () => {
    assert.deepEqual(additionProblems({ key: 'x-a' }, { name: 'x-a', value: '1' }), [
      '.request_headers_to_add[0]: the key "value" is missing; add it, for example ' +
        '"value": "edge"',
      '.request_headers_to_add[1]: the key "key" is missing; add it, for example ' +
        '"key": "x-served-by"',
      '.request_headers_to_add[1].name: unknown key; a header to add takes key, value',
    ]);
    assert.deepEqual(additionProblems(), [
      '.request_headers_to_add: expected at least one entry, found 0',
    ]);
  });

  test('may hold a header twice with two values, and not with one', () => {
    const header = { key: 'x-a', value: '1' };
    assert.deepEqual(additionProblems(header, { ...header, value: '2' }), []);
    // The order of the keys does not tell them apart.
    for (const same of [header, { value: '1', key: 'x-a' }]) {
      assert.deepEqual(additionProblems(header, same), [
        '.request_headers_to_add[1]: the same stands at .request_headers_to_add[0]; ' +
          'remove one of them',
      ]);
    }
  });

  test('stands in a route table and a virtual host too', () => {
    const bad = [{ key: 'x-a', value: '%' }];
    const problem = 'the variable "%" lacks its closing "%"; a percent sign is written "%%"';
    const virtualHost = { name: 'v', domains: ['*'], routes: [], request_headers_to_add: bad };
    const route_config = {
      virtual_hosts: [virtualHost],
      request_headers_to_add: bad,
      response_headers_to_add: bad,
    };
    assert.deepEqual(managerProblems({ route_config }), [
      `.route_config.virtual_hosts[0].request_headers_to_add[0].value: ${problem}`,
      `.route_config.request_headers_to_add[0].value: ${problem}`,
      `.route_config.response_headers_to_add[0].value: ${problem}`,
    ]);
  });
});

test('names of headers to remove are read in lower case, and must be names', () => {
  const routeConfig = parseManager({
    route_config: {
      virtual_hosts: [],
      internal_only_headers: ['X-Internal'],
      response_headers_to_remove: ['X-Powered-By'],
    },
  }).routeConfig;
  assert.deepEqual(routeConfig.internalOnlyHeaders, ['x-internal']);
  assert.deepEqual(routeConfig.responseHeadersToRemove, ['x-powered-by']);
  const route_config = {
    virtual_hosts: [],
    internal_only_headers: [':path'],
    response_headers_to_remove: [':status', 'a b', '', 'é'],
  };
  assert.deepEqual(managerProblems({ route_config }), [
    '.route_config.internal_only_headers[0]: ":path" is not the name of a header',
    '.route_config.response_headers_to_remove[0]: ":status" is not the name of a header',
    '.route_config.response_headers_to_remove[1]: "a b" is not the name of a header',
    '.route_config.response_headers_to_remove[2]: "" is not the name of a header',
    '.route_config.response_headers_to_remove[3]: "é" is not the name of a header',
  ]);
});

test('rewrites and redirects are fit for where they are sent', () => {
  const rest = 'cannot be the value of a header; remove the control characters';
  assert.deepEqual(routeProblems({ prefix: '/', host_redirect: 'a\nb', path_redirect: '/\r' }), [
    `.host_redirect: "a\\nb" ${rest}`,
    `.path_redirect: "/\\r" ${rest}`,
  ]);
  const rewrites = { host_rewrite: 'a\u0007', prefix_rewrite: '/a b' };
  assert.deepEqual(routeProblems({ prefix: '/', cluster: 'a', ...rewrites }), [
    `.host_rewrite: "a\\u0007" ${rest}`,
    '.prefix_rewrite: "/a b" cannot stand in the path of a request; remove blanks and control characters',
  ]);
});
