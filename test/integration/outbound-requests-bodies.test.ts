import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { describe, type TestContext, test } from 'node:test';
import type { BodyInput } from '../../lib/egress/request-options.js';
import type { UpstreamHandler } from '../support/fake-upstream.js';
import { OutboundFixture } from '../support/outbound-fixture.js';
import { until } from '../support/until.js';

const url = 'http://app/';

interface Received {
  readonly type: string | undefined;
  readonly length: string | undefined;
  readonly encoding: string | undefined;
  readonly body: string;
}

/** Answers with what was received. */
const mirror: UpstreamHandler = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { headers } = request;
    response.end(
      JSON.stringify({
        type: headers['content-type'],
        length: headers['content-length'],
        encoding: headers['transfer-encoding'],
        body: Buffer.concat(chunks).toString('latin1'),
      }),
    );
  });
};

async function post(
  t: TestContext,
  body: BodyInput,
  headers: Record<string, string> = {},
): Promise<Received> {
  const { sidecar } = await OutboundFixture.start(t, mirror);
  const response = await sidecar.request(url, { method: 'POST', body, headers });
  return response.body.json<Received>();
}

describe('a body brings its type and length, as fetch sends them:', () => {
  const bytes = new TextEncoder().encode('hello');
  const cases: readonly (readonly [string, () => BodyInput, string | undefined])[] = [
    ['a string', () => 'hello', 'text/plain;charset=UTF-8'],
    ['an ArrayBuffer', () => bytes.buffer, undefined],
    ['a DataView', () => new DataView(bytes.buffer), undefined],
    ['a Uint8Array', () => bytes, undefined],
    ['a Blob', () => new Blob(['hello'], { type: 'image/x' }), 'image/x'],
    ['a Blob of no type', () => new Blob(['hel', 'lo']), undefined],
  ];
  for (const [what, body, type] of cases) {
    test(what, async (t) => {
      const received = await post(t, body());
      assert.deepEqual(received, {
        ...(type === undefined ? {} : { type }),
        length: '5',
        body: 'hello',
      });
    });
  }

  test('URLSearchParams', async (t) => {
    const received = await post(t, new URLSearchParams({ a: 'ä b', c: '&' }));
    assert.deepEqual(received, {
      type: 'application/x-www-form-urlencoded;charset=UTF-8',
      length: '16',
      body: 'a=%C3%A4+b&c=%26',
    });
  });

  test('an empty Blob', async (t) => {
    assert.deepEqual(await post(t, new Blob([])), { length: '0', body: '' });
  });

  test('a web stream, of which neither is known', async (t) => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    assert.deepEqual(await post(t, stream), { encoding: 'chunked', body: 'hello' });
  });

  test('but a type of the caller’s own stands', async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t, mirror);
    const headers = { 'Content-Type': 'application/json' };
    for (const body of ['{}', new Blob(['{}'], { type: 'image/x' })]) {
      await (await sidecar.request(url, { method: 'POST', body, headers })).body.text();
    }
    for (const { rawHeaders } of upstream.requests) {
      assert.equal(rawHeaders.filter((text) => text === 'content-type').length, 1);
      assert.ok(rawHeaders.includes('application/json'));
    }
  });
});

describe('a form', () => {
  /** Has the standard parser read what has arrived. */
  function parse({ type, body }: Received): Promise<FormData> {
    const headers = { 'content-type': type ?? '' };
    return new Response(Buffer.from(body, 'latin1'), { headers }).formData();
  }

  test('of fields arrives with its length, names and values kept', async (t) => {
    const form = new FormData();
    form.append('a', '1');
    form.append('a', 'ä\n2');
    form.append('quoted "name"', '--');
    const received = await post(t, form);
    assert.equal(received.length, String(received.body.length));
    assert.equal(received.encoding, undefined);
    assert.deepEqual((await parse(received)).getAll('a'), ['1', 'ä\r\n2']);
    assert.match(received.body, /name="quoted %22name%22"/);
  });

  test('with files arrives with its length, each file with its name, type and bytes', async (t) => {
    const large = 'x'.repeat(300_000);
    const form = new FormData();
    form.append('title', 'two files');
    form.append('first', new File([large], 'a.txt', { type: 'text/x' }));
    form.append('second', new Blob([Buffer.from([0, 13, 10, 255])]), 'b "c"\r\nx-evil: 1');
    const received = await post(t, form);
    assert.equal(received.length, String(received.body.length));
    assert.ok(!/^x-evil/m.test(received.body));
    const parsed = await parse(received);
    assert.equal(parsed.get('title'), 'two files');
    const first = parsed.get('first') as File;
    assert.equal(first.name, 'a.txt');
    assert.equal(first.type, 'text/x');
    assert.equal(await first.text(), large);
    const second = parsed.get('second') as File;
    assert.equal(second.type, 'application/octet-stream');
    assert.deepEqual(Buffer.from(await second.arrayBuffer()), Buffer.from([0, 13, 10, 255]));
  });

  test('of no field is an empty one', async (t) => {
    const received = await post(t, new FormData());
    assert.match(received.body, /^------pillion-[0-9a-f-]+--\r\n$/);
    assert.equal(received.length, String(received.body.length));
  });
});

test('blobs of other classes cannot smuggle headers, or lie about their size', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t, mirror);
  const foreign = (parts: object): Blob =>
    ({ [Symbol.toStringTag]: 'Blob', size: 1, type: '', stream: () => [], ...parts }) as never;
  for (const body of [foreign({ type: 'a\r\nx-evil: 1' }), foreign({ size: Number.NaN })]) {
    await assert.rejects(sidecar.request(url, { method: 'POST', body }), {
      code: 'SIDECAR_REQUEST_INVALID',
    });
  }
  // As the package form-data has it, which is no FormData.
  await assert.rejects(
    sidecar.request(url, { method: 'POST', body: { [Symbol.toStringTag]: 'FormData' } as never }),
    { code: 'SIDECAR_REQUEST_INVALID', message: /the body is none of: string/ },
  );
  const short = new Blob(['hello']);
  await assert.rejects(
    sidecar.request(url, { method: 'POST', body: short, headers: { 'content-length': '4' } }),
    { code: 'SIDECAR_REQUEST_INVALID', message: /content-length is 4/ },
  );
  assert.equal(upstream.requests.length, 0);
});

describe('a body that is not wanted is released:', () => {
  /** A web stream that has nothing yet, and whether it has been cancelled. */
  function silent(): { stream: ReadableStream<Uint8Array>; isCancelled: () => boolean } {
    let isCancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      cancel() {
        isCancelled = true;
      },
    });
    return { stream, isCancelled: () => isCancelled };
  }

  test('when the call is refused', async (t) => {
    const { sidecar } = await OutboundFixture.start(t);
    const readable = new Readable({ read() {} });
    const { stream, isCancelled } = silent();
    for (const body of [readable, stream]) {
      await assert.rejects(sidecar.request('nonsense', { method: 'POST', body }));
    }
    await until(() => readable.destroyed && isCancelled(), 'both are released');
  });

  test('when the signal aborts while a web stream waits for data', async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t, () => {});
    const { stream, isCancelled } = silent();
    const controller = new AbortController();
    const call = sidecar.request(url, {
      method: 'POST',
      body: stream,
      signal: controller.signal,
    });
    const rejected = assert.rejects(call, { name: 'AbortError' });
    await until(() => upstream.requests.length === 1, 'the request is there');
    controller.abort();
    await rejected;
    await until(isCancelled, 'the stream is cancelled');
  });

  test('when the response ends first, and a stream that fails then harms nobody', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (_request, response) => response.end());
    let isDestroyed = false;
    const body = new Readable({
      read() {},
      destroy(_error, callback) {
        isDestroyed = true;
        callback(new Error('the disk is gone'));
      },
    });
    const response = await sidecar.request(url, { method: 'POST', body });
    assert.equal(await response.body.text(), '');
    await until(() => isDestroyed, 'the stream is destroyed');
  });
});

test('a file that cannot be opened rejects the call, and nobody else hears of it', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, mirror);
  const missing = (): Readable => createReadStream('/nonexistent/file');
  await assert.rejects(sidecar.request(url, { method: 'POST', body: missing() }), {
    code: 'ENOENT',
  });
  await assert.rejects(sidecar.request('nonsense', { method: 'POST', body: missing() }), {
    code: 'SIDECAR_REQUEST_INVALID',
  });
});
