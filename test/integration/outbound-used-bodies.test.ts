import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { BodyInput } from '../../lib/egress/request-options.js';
import type { UpstreamHandler } from '../support/fake-upstream.js';
import { OutboundFixture } from '../support/outbound-fixture.js';

const url = 'http://app/';

/** Answers with the length of what was received. */
const measure: UpstreamHandler = async (request, response) => {
  response.end(String((await text(request)).length));
};

async function usedStream(): Promise<Readable> {
  const stream = Readable.from([Buffer.from('hello')]);
  await text(stream);
  return stream;
}

async function usedWebStream(): Promise<ReadableStream> {
  const body = new Response('hello').body ?? assert.fail('there is a body');
  for await (const _chunk of body.values({ preventCancel: true })) {
    // Read to its end, and unlocked again.
  }
  return body;
}

const doors: Readonly<
  Record<string, (fixture: OutboundFixture, body: BodyInput) => Promise<unknown>>
> = {
  request: ({ sidecar }, body) => sidecar.request(url, { method: 'POST', body }),
  dispatcher: ({ sidecar }, body) =>
    new Promise((resolve, reject) => {
      sidecar.dispatcher.dispatch(
        // As undici hands it on, whose types are its own.
        { origin: 'http://app', path: '/', method: 'POST', body: body as Readable },
        {
          onRequestStart: () => {},
          onResponseStart: () => {},
          onResponseData: () => {},
          onResponseEnd: resolve,
          onResponseError: (_controller: unknown, error: Error) => reject(error),
        },
      );
    }),
};

for (const [door, send] of Object.entries(doors)) {
  for (const [what, create] of [
    ['a stream of Node.js', usedStream],
    ['a web stream', usedWebStream],
  ] as const) {
    test(`${door} refuses ${what} that has been read already, and says so`, async (t) => {
      const fixture = await OutboundFixture.start(t, measure);
      await assert.rejects(send(fixture, await create()), {
        code: 'SIDECAR_REQUEST_INVALID',
        message: /has been read to its end already, as body parsers do/,
      });
    });
  }
}

for (const [what, create] of [
  ['a stream of Node.js', usedStream],
  ['a web stream', usedWebStream],
] as const) {
  test(`fetch refuses ${what} that has been read already, as the standard, and says so`, async (t) => {
    const { sidecar } = await OutboundFixture.start(t, measure);
    // The types of the standard know no streams of Node.js, and no `duplex`.
    const init = { method: 'POST', body: await create(), duplex: 'half' } as RequestInit;
    await assert.rejects(sidecar.fetch(url, init), (error: Error) => {
      assert.ok(error instanceof TypeError);
      const { code, message } = error.cause as { code: string; message: string };
      assert.equal(code, 'SIDECAR_REQUEST_INVALID');
      assert.match(message, /has been read to its end already, as body parsers do/);
      return true;
    });
  });
}

test('a body of which nothing is lost is sent: one that was empty, one that is half read', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, measure);
  const send = async (body: BodyInput): Promise<string> => {
    return (await sidecar.request(url, { method: 'POST', body })).body.text();
  };
  const empty = Readable.from([]);
  await text(empty);
  assert.equal(await send(empty), '0');
  const half = Readable.from([Buffer.from('hello'), Buffer.from('world')]);
  const first: unknown = await half[Symbol.asyncIterator]().next();
  assert.ok(first !== undefined);
  assert.equal(await send(half), '5');
});

/** Starts a server that is asked once; `answer` sends the request on. */
async function ask(answer: (request: IncomingMessage) => Promise<string>): Promise<string> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    answer(request).then(
      (reply) => response.end(reply),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const response = await fetch(`http://127.0.0.1:${address.port}/`, {
    method: 'POST',
    body: 'hello',
    headers: { connection: 'close' },
  });
  const reply = await response.text();
  await new Promise((resolve) => server.close(resolve));
  return reply;
}

test('a request that is sent on says what is wrong when a parser has been at it', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, measure);
  const sendOn = async (request: IncomingMessage): Promise<string> => {
    const response = await sidecar.request(url, { method: 'POST', body: request });
    return await response.body.text();
  };
  assert.equal(await ask(sendOn), '5');
  const behindParser = async (request: IncomingMessage): Promise<string> => {
    await text(request);
    return await sendOn(request);
  };
  assert.match(await ask(behindParser), /read to its end already, as body parsers do/);
});
