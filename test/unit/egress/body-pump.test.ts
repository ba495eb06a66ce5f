import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { BodyPump, type BodySink, type StreamedBody } from '../../../lib/egress/body-pump.js';

class Sink implements BodySink {
  readonly events: string[] = [];
  /** Whether there is room behind each piece. */
  hasRoom = true;
  pump: BodyPump | undefined = undefined;

  /** Sends a body, and lets some turns of the event loop pass. */
  async send(body: StreamedBody, announcedBytes?: number): Promise<this> {
    this.pump = new BodyPump(body, announcedBytes);
    this.pump.start(this);
    await turns();
    return this;
  }

  writeBody(chunk: Buffer): boolean {
    this.events.push(`write ${chunk.toString()}`);
    return this.hasRoom;
  }

  endBody(): void {
    this.events.push('end');
  }

  onBodyFailed(error: unknown): void {
    this.events.push(`failed: ${(error as Error).message}`);
    this.pump?.stop();
  }

  onBodyDone(): void {
    this.events.push('done');
  }
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await setImmediate();
  }
}

async function* pieces(...values: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* values;
}

test('strings and bytes are sent in their order, then the end', async () => {
  const { events } = await new Sink().send(pieces('ä', new Uint8Array([98]), Buffer.from('c')));
  assert.deepEqual(events, ['write ä', 'write b', 'write c', 'done', 'end']);
});

test('without room the next piece is not asked for', async () => {
  const sink = new Sink();
  sink.hasRoom = false;
  await sink.send(pieces('a', 'b'));
  assert.deepEqual(sink.events, ['write a']);
  sink.pump?.resume();
  await turns();
  assert.deepEqual(sink.events, ['write a', 'write b']);
  sink.pump?.resume();
  await turns();
  assert.deepEqual(sink.events, ['write a', 'write b', 'done', 'end']);
});

test('a body that throws is reported, and nothing is ended', async () => {
  const body = (async function* () {
    yield 'a';
    throw new Error('out of ink');
  })();
  const { events } = await new Sink().send(body);
  assert.deepEqual(events, ['write a', 'failed: out of ink', 'done']);
});

test('a body that cannot even be iterated is reported', async () => {
  const body: StreamedBody = {
    [Symbol.asyncIterator]() {
      throw new Error('not twice');
    },
  };
  const { events } = await new Sink().send(body);
  assert.deepEqual(events, ['failed: not twice', 'done']);
});

test('a piece that is neither string nor bytes is refused, and the body released', async () => {
  let isReleased = false;
  const body = (async function* () {
    try {
      // A caller without types may do so.
      yield { not: 'bytes' } as unknown as string;
    } finally {
      isReleased = true;
    }
  })();
  const { events } = await new Sink().send(body);
  assert.deepEqual(events, [
    'failed: a piece of the body is neither a string nor a Uint8Array',
    'done',
  ]);
  assert.ok(isReleased);
});

test('a body of the announced length is sent', async () => {
  const { events } = await new Sink().send(pieces('ab', 'c'), 3);
  assert.deepEqual(events, ['write ab', 'write c', 'done', 'end']);
});

test('a body longer than announced is cut before the piece that is too much', async () => {
  const { events } = await new Sink().send(pieces('ab', 'cd'), 3);
  assert.deepEqual(events, [
    'write ab',
    'failed: content-length is 3, but the body has more bytes',
    'done',
  ]);
});

test('a body shorter than announced fails at its end', async () => {
  const { events } = await new Sink().send(pieces('ab'), 3);
  assert.deepEqual(events, [
    'write ab',
    'failed: content-length is 3, but the body has only 2 bytes',
    'done',
  ]);
});

test('one that is stopped releases its body, at a piece or while it waits', async () => {
  const released: string[] = [];
  const body = async function* (name: string): AsyncGenerator<string> {
    try {
      for (;;) {
        yield name;
        await setImmediate();
      }
    } finally {
      released.push(name);
    }
  };
  const full = new Sink();
  full.hasRoom = false;
  await full.send(body('full'));
  full.pump?.stop();
  full.pump?.stop();
  await turns();
  assert.deepEqual(full.events, ['write full', 'done']);
  const flowing = await new Sink().send(body('flowing'));
  flowing.pump?.stop();
  const sent = flowing.events.length;
  await turns();
  assert.equal(flowing.events.length, sent, 'nothing is sent any more');
  assert.deepEqual(released, ['full', 'flowing']);
});

test('one that is stopped from within a write, or resumed after it was stopped, sends no more', async () => {
  for (const hasRoom of [true, false]) {
    const sink = new Sink();
    sink.writeBody = () => {
      sink.pump?.stop();
      return hasRoom;
    };
    await sink.send(pieces('a', 'b'));
    sink.pump?.resume();
    await turns();
    assert.deepEqual(sink.events, ['done']);
  }
});

test('a stream that waits for data is destroyed when it is stopped', async () => {
  const body = new Readable({ read() {} });
  const sink = await new Sink().send(body);
  sink.pump?.stop();
  await turns();
  assert.ok(body.destroyed);
  assert.deepEqual(sink.events, ['done']);
});

test('what a released body throws, now or later, is of no interest to anybody', async () => {
  const failure = new Error('while it was released');
  const releases: (() => Promise<never>)[] = [
    () => Promise.reject(failure),
    () => {
      throw failure;
    },
  ];
  for (const release of releases) {
    const body: StreamedBody = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: release }),
    };
    const sink = await new Sink().send(body);
    sink.pump?.stop();
    await turns();
    assert.deepEqual(sink.events, ['done']);
  }
});
