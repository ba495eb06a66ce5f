import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { FakeUpstream } from '../support/fake-upstream.js';
import type { ClientResponse } from '../support/http-client.js';
import { readBody, startMounted } from '../support/mounted-proxy.js';
import { TestProxy } from '../support/proxy.js';

const manager = {
  filters: [
    { name: 'http_dynamo_filter', config: {} },
    { name: 'router', config: {} },
  ],
};
const scope = 'http.ingress_http.dynamodb.';

/** What the host answers. */
interface Answer {
  readonly status?: number;
  /** Sent as it is if it is text, else as JSON. */
  readonly body?: unknown;
}

/** A proxy with the filter in front of a table service. */
class DynamoProxy {
  answer: Answer = {};
  readonly received: string[] = [];
  readonly proxy: TestProxy;

  private constructor(proxy: TestProxy) {
    this.proxy = proxy;
  }

  static async start(t: TestContext, listener = {}): Promise<DynamoProxy> {
    const upstream = await FakeUpstream.start();
    const config = { listener };
    const dynamo = new DynamoProxy(await TestProxy.start(t, { upstream, manager, config }));
    upstream.handler = (request, response) => void dynamo.#serve(request, response);
    return dynamo;
  }

  send(operation: string | undefined, body: unknown): Promise<ClientResponse> {
    const target =
      operation === undefined ? {} : { 'x-amz-target': `DynamoDB_20120810.${operation}` };
    return this.proxy.send({ method: 'POST', headers: target, body: textOf(body) });
  }

  /** Returns the statistics of the filter that are not 0. */
  async counts(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const [name, value] of await this.proxy.stats()) {
      if (name.startsWith(scope) && value !== 0) {
        counts[name.slice(scope.length)] = value;
      }
    }
    return counts;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.received.push(await readBody(request));
    response.statusCode = this.answer.status ?? 200;
    response.end(textOf(this.answer.body ?? {}));
  }
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** The counters of one operation or table with one response. */
function once(entity: string, status: number): Record<string, number> {
  return {
    [`${entity}.upstream_rq_total`]: 1,
    [`${entity}.upstream_rq_total_${status}`]: 1,
    [`${entity}.upstream_rq_total_${Math.trunc(status / 100)}xx`]: 1,
  };
}

describe('requests', () => {
  test('are counted by operation and table, and pass unchanged', async (t) => {
    const dynamo = await DynamoProxy.start(t);
    dynamo.answer = { body: '{ "Item": {}\n}' };
    const body = '{"TableName" : "locations",\n"Key":{}}';
    const response = await dynamo.send('GetItem', body);
    assert.equal(response.text, '{ "Item": {}\n}');
    assert.deepEqual(dynamo.received, [body]);
    assert.deepEqual(await dynamo.counts(), {
      ...once('operation.GetItem', 200),
      ...once('table.locations', 200),
    });
  });

  test('of a batch are counted by table if there is one only', async (t) => {
    const dynamo = await DynamoProxy.start(t);
    await dynamo.send('BatchGetItem', { RequestItems: { one: {} } });
    assert.deepEqual(await dynamo.counts(), {
      ...once('operation.BatchGetItem', 200),
      ...once('table.one', 200),
    });
    await dynamo.send('BatchWriteItem', { RequestItems: { one: {}, two: {} } });
    assert.deepEqual(await dynamo.counts(), {
      ...once('operation.BatchGetItem', 200),
      ...once('operation.BatchWriteItem', 200),
      ...once('table.one', 200),
      multiple_tables: 1,
    });
  });

  test('without operation or table are counted as such', async (t) => {
    const dynamo = await DynamoProxy.start(t);
    await dynamo.send(undefined, {});
    await dynamo.send('ListTables', {});
    await dynamo.send('PutItem', {});
    assert.deepEqual(await dynamo.counts(), {
      ...once('operation.ListTables', 200),
      ...once('operation.PutItem', 200),
      operation_missing: 1,
      table_missing: 3,
    });
  });

  for (const body of ['{"TableName":', '[]', '"text"', 'null', '{"TableName":7}', '\u0000']) {
    test(`with the body ${JSON.stringify(body)} pass unchanged`, async (t) => {
      const dynamo = await DynamoProxy.start(t);
      assert.equal((await dynamo.send('GetItem', body)).text, '{}');
      assert.deepEqual(dynamo.received, [body]);
      assert.deepEqual(await dynamo.counts(), {
        ...once('operation.GetItem', 200),
        invalid_req_body: 1,
        table_missing: 1,
      });
    });
  }

  test('larger than the buffer limit pass unchanged, and are not looked at', async (t) => {
    const dynamo = await DynamoProxy.start(t, { per_connection_buffer_limit_bytes: 1000 });
    const body = JSON.stringify({ TableName: 'locations', Item: 'x'.repeat(5000) });
    dynamo.answer = { status: 400, body: { __type: 'ValidationException', x: 'y'.repeat(5000) } };
    assert.equal((await dynamo.send('PutItem', body)).text, textOf(dynamo.answer.body));
    assert.deepEqual(dynamo.received, [body]);
    assert.deepEqual(await dynamo.counts(), {
      ...once('operation.PutItem', 400),
      table_missing: 1,
    });
  });

  test('that nobody answers are counted with the reply of the sidecar', async (t) => {
    const upstream = await FakeUpstream.start();
    const proxy = await TestProxy.start(t, { upstream, manager });
    await upstream.close();
    const headers = { 'x-amz-target': 'v.GetItem' };
    await proxy.send({ method: 'POST', headers, body: '{"TableName":"a"}' });
    assert.equal(await proxy.stat('dynamodb.table.a.upstream_rq_total_503'), 1);
    // The body of that reply is text.
    assert.equal(await proxy.stat('dynamodb.invalid_resp_body'), 1);
  });

  test('of a mounted application are counted too', async (t) => {
    const application = async (request: IncomingMessage, response: ServerResponse) => {
      response.end(await readBody(request));
    };
    const proxy = await startMounted(t, application, { manager });
    const headers = { 'x-amz-target': 'v.GetItem' };
    const body = '{"TableName":"a"}';
    assert.equal((await proxy.send({ method: 'POST', headers, body })).text, body);
    assert.equal(await proxy.stat('dynamodb.table.a.upstream_rq_total_2xx'), 1);
  });
});

describe('responses', () => {
  test('with an error are counted by table and kind', async (t) => {
    const dynamo = await DynamoProxy.start(t);
    const __type = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException';
    dynamo.answer = { status: 400, body: { __type } };
    await dynamo.send('PutItem', { TableName: 'a' });
    await dynamo.send('ListTables', {});
    dynamo.answer = { status: 400, body: { __type: 'SomethingElse' } };
    await dynamo.send('PutItem', { TableName: 'a' });
    const counts = await dynamo.counts();
    assert.equal(counts['error.a.ConditionalCheckFailedException'], 1);
    assert.equal(counts['error.no_table.ConditionalCheckFailedException'], 1);
    assert.equal(counts['empty_response_body'], 1);
    assert.equal(counts['table.a.upstream_rq_total_4xx'], 2);
  });

  test('say of a batch which tables it was not done for', async (t) => {
    const dynamo = await DynamoProxy.start(t);
    // The capacities of a batch are in an array.
    dynamo.answer = { body: { UnprocessedKeys: { a: {}, b: {} }, ConsumedCapacity: [{}] } };
    await dynamo.send('BatchGetItem', { RequestItems: { a: {}, b: {} } });
    const counts = await dynamo.counts();
    assert.equal(counts['error.a.BatchFailureUnprocessedKeys'], 1);
    assert.equal(counts['error.b.BatchFailureUnprocessedKeys'], 1);
    assert.equal(counts['invalid_resp_body'], undefined);
  });

  test('say what each partition has spent, in whole units', async (t) => {
    const dynamo = await DynamoProxy.start(t);
    const Partitions = { 'abcdef-0123456789': 0.5, short: 3, bad: 'x', huge: 1e300 };
    dynamo.answer = { body: { ConsumedCapacity: { Partitions } } };
    await dynamo.send('GetItem', { TableName: 'a' });
    await dynamo.send('GetItem', { TableName: 'a' });
    const counts = await dynamo.counts();
    const capacities = Object.entries(counts).filter(([name]) => name.includes('.capacity.'));
    assert.deepEqual(Object.fromEntries(capacities), {
      'table.a.capacity.GetItem.__partition_id=3456789': 2,
      'table.a.capacity.GetItem.__partition_id=short': 6,
    });
  });

  for (const [body, operation] of [
    ['{"a":', 'GetItem'],
    ['<html>', 'GetItem'],
    ['{"__type":1}', 'GetItem'],
    ['{"UnprocessedKeys":1}', 'BatchGetItem'],
  ] as const) {
    test(`with the body ${body} pass unchanged`, async (t) => {
      const dynamo = await DynamoProxy.start(t);
      dynamo.answer = { status: operation === 'GetItem' ? 400 : 200, body };
      assert.equal((await dynamo.send(operation, {})).text, body);
      assert.equal((await dynamo.counts())['invalid_resp_body'], 1);
    });
  }
});

test('a table cannot have a name that begins another line of statistics', async (t) => {
  const dynamo = await DynamoProxy.start(t);
  await dynamo.send('GetItem', { TableName: 'a\nserver.live: 7 \u00e9' });
  const counts = await dynamo.counts();
  assert.equal(counts['table.a_server.live__7__.upstream_rq_total'], 1);
});

test('dynamodb.filter_enabled switches the filter off', async (t) => {
  const dynamo = await DynamoProxy.start(t);
  dynamo.proxy.sidecar.runtime.set('dynamodb.filter_enabled', '0');
  assert.equal((await dynamo.send('GetItem', { TableName: 'a' })).status, 200);
  assert.deepEqual(await dynamo.counts(), {});
  dynamo.proxy.sidecar.runtime.set('dynamodb.filter_enabled', '100');
  await dynamo.send('GetItem', { TableName: 'a' });
  assert.equal((await dynamo.counts())['table.a.upstream_rq_total'], 1);
});
