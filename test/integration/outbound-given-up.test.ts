import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { describe, test } from 'node:test';
import type { Sidecar } from '../../lib/sidecar.js';
import { ControllerRecorder, dispatchAndRecord } from '../support/dispatch-recorder.js';
import { FakeUpstream, type UpstreamHandler } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';

/** Whole responses: what a client gives up at is the last that comes. */
const answerWhole: UpstreamHandler = (request, response) => {
  if (request.url === '/204') {
    response.statusCode = 204;
    response.end();
  } else {
    response.end('hello');
  }
};

async function abortAt(event: string, sidecar: Sidecar, path: string): Promise<void> {
  const recorder = new ControllerRecorder();
  recorder.onEvent = () => {
    if (recorder.events.at(-1) === event) {
      recorder.abort(new Error('enough'));
    }
  };
  await assert.rejects(
    dispatchAndRecord(sidecar.dispatcher, { origin: 'http://app', path, method: 'GET' }, recorder),
    /enough/,
  );
}

async function destroyAt(event: string, sidecar: Sidecar, path: string): Promise<void> {
  const request = get(`http://app${path}`, { agent: sidecar.agent }, (response) => {
    if (event === 'head') {
      request.destroy();
    } else {
      response.on('data', () => request.destroy());
    }
  });
  await once(request, 'close');
}

/** Each client gives up within its own callback, and so while the piece is being handed to it. */
const clients: readonly {
  readonly name: string;
  readonly path: string;
  readonly giveUp: (sidecar: Sidecar, path: string) => Promise<void>;
}[] = [
  { name: 'a dispatched request at its head', path: '/204', giveUp: abortAt.bind(null, 'head') },
  { name: 'a dispatched request at its body', path: '/x', giveUp: abortAt.bind(null, 'data') },
  {
    name: 'a request of node:http at its head',
    path: '/204',
    giveUp: destroyAt.bind(null, 'head'),
  },
  { name: 'a request of node:http at its body', path: '/x', giveUp: destroyAt.bind(null, 'data') },
];

describe('a call that is given up at the last piece of its response is over once', () => {
  for (const { name, path, giveUp } of clients) {
    test(name, async (t) => {
      const upstream = await FakeUpstream.start(answerWhole);
      const proxy = await TestProxy.start(t, { upstream });
      await giveUp(proxy.sidecar, path);
      assert.equal(await proxy.stat('downstream_rq_active'), 0);
      assert.equal(await proxy.stat('downstream_rq_total'), 1);
      await proxy.sidecar.request('http://app/last');
      assert.match((await proxy.logLines(2))[1] ?? '', /GET \/last/);
    });
  }
});
