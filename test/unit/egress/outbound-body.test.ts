import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type BodySource, OutboundBody } from '../../../lib/egress/outbound-body.js';

class Source implements BodySource {
  readonly body: OutboundBody = new OutboundBody(this);
  wanted = 0;
  unwanted = 0;
  /** Readers that wait. */
  waiting = 0;

  onBodyWanted(): void {
    this.wanted++;
  }

  onBodyUnwanted(): void {
    this.unwanted++;
    this.body.fail(new Error('given up'));
  }

  onReaderWaiting(): void {
    this.waiting++;
  }

  onReaderServed(): void {
    this.waiting--;
  }

  push(text: string | Buffer): boolean {
    return this.body.push(Buffer.from(text));
  }
}

const large = Buffer.alloc(64 * 1024, 'x');

test('text, JSON and bytes are what has come, in whatever pieces', async () => {
  const make = (): OutboundBody => {
    const source = new Source();
    source.push('{"a":');
    source.push('"ä"}'.slice(0, 1));
    source.push(Buffer.from('ä').subarray(0, 1));
    source.push(Buffer.from('ä').subarray(1));
    source.push('"}');
    source.body.end();
    return source.body;
  };
  assert.equal(await make().text(), '{"a":"ä"}');
  assert.deepEqual(await make().json(), { a: 'ä' });
  assert.deepEqual(await make().bytes(), Buffer.from('{"a":"ä"}'));
});

test('an empty body is an empty text, and no JSON', async () => {
  const [text, json] = [new Source(), new Source()];
  text.body.end();
  json.body.end();
  assert.equal(await text.body.text(), '');
  await assert.rejects(json.body.json(), SyntaxError);
});

test('a byte order mark is left out, of text and of JSON', async () => {
  const [text, json] = [new Source(), new Source()];
  for (const { body } of [text, json]) {
    body.push(Buffer.from('\ufeff[1]'));
    body.end();
  }
  assert.equal(await text.body.text(), '[1]');
  assert.deepEqual(await json.body.json(), [1]);
});

test('reading goes on as more comes', async () => {
  const source = new Source();
  const text = source.body.text();
  source.push('hel');
  await setImmediate();
  source.push('lo');
  await setImmediate();
  source.body.end();
  assert.equal(await text, 'hello');
});

test('pieces are read one by one, and none is lost', async () => {
  const source = new Source();
  source.push('a');
  source.push('b');
  const pieces: string[] = [];
  for await (const piece of source.body) {
    pieces.push(piece.toString());
    if (pieces.length === 2) {
      void setImmediate().then(() => {
        source.push('c');
        source.body.end();
      });
    }
  }
  assert.deepEqual(pieces, ['a', 'b', 'c']);
  assert.equal(source.unwanted, 0);
});

test('who sends is paused at 64 KiB, and goes on when there is room', async () => {
  const source = new Source();
  assert.equal(source.push('x'), true);
  assert.equal(source.push(large), false);
  const pieces = source.body[Symbol.asyncIterator]();
  await pieces.next();
  assert.equal(source.wanted, 0, 'there are still 64 KiB');
  await pieces.next();
  assert.equal(source.wanted, 1);
  assert.equal(source.push('x'), true);
});

test('whoever reads all of it is not waited for', async () => {
  const source = new Source();
  assert.equal(source.push(large), false);
  const bytes = source.body.bytes();
  assert.equal(source.wanted, 1);
  assert.equal(source.push(large), true);
  source.body.end();
  assert.equal((await bytes).length, 2 * large.length);
});

test('a body is read once', async () => {
  const source = new Source();
  source.body.end();
  assert.equal(source.body.bodyUsed, false);
  await source.body.text();
  assert.equal(source.body.bodyUsed, true);
  const isInvalid = { name: 'SidecarError', code: 'SIDECAR_BODY_INVALID' };
  await assert.rejects(source.body.text(), isInvalid);
  await assert.rejects(source.body.json(), isInvalid);
  await assert.rejects(source.body.bytes(), isInvalid);
  await assert.rejects(async () => {
    for await (const _ of source.body);
  }, isInvalid);
});

test('a body that fails rejects its reader, be it early or late', async () => {
  const failure = new Error('broken off');
  const late = new Source();
  const text = late.body.text();
  late.push('hel');
  late.body.fail(failure);
  await assert.rejects(text, failure);

  const early = new Source();
  early.push('hel');
  early.body.fail(failure);
  await assert.rejects(early.body.text(), failure);
});

test('pieces that came before a failure are read, then the failure', async () => {
  const source = new Source();
  source.push('hel');
  source.body.fail(new Error('broken off'));
  const pieces: string[] = [];
  await assert.rejects(async () => {
    for await (const piece of source.body) {
      pieces.push(piece.toString());
    }
  }, /broken off/);
  assert.deepEqual(pieces, ['hel']);
});

test('a failure behind the end is none', async () => {
  const source = new Source();
  source.push('hello');
  source.body.end();
  source.body.fail(new Error('too late'));
  assert.equal(await source.body.text(), 'hello');
});

test('leaving the loop gives the rest up', async () => {
  const source = new Source();
  source.push('a');
  for await (const _ of source.body) {
    break;
  }
  assert.equal(source.unwanted, 1);
  assert.equal(source.body.bodyUsed, true);
});

test('throwing out of the loop gives the rest up', async () => {
  const source = new Source();
  source.push('a');
  await assert.rejects(async () => {
    for await (const _ of source.body) {
      throw new Error('of the loop');
    }
  }, /of the loop/);
  assert.equal(source.unwanted, 1);
});

test('dumping gives an unfinished body up, once, and a finished one not', async () => {
  const unfinished = new Source();
  unfinished.body.dump();
  unfinished.body.dump();
  assert.equal(unfinished.unwanted, 1);
  await assert.rejects(unfinished.body.text(), { code: 'SIDECAR_BODY_INVALID' });

  const finished = new Source();
  finished.push('hello');
  finished.body.end();
  finished.body.dump();
  assert.equal(finished.unwanted, 0);
});

test('an iterator that is left before its first piece gives the body up', async () => {
  const source = new Source();
  const pieces = source.body[Symbol.asyncIterator]();
  await pieces.return?.();
  assert.equal(source.unwanted, 1);
});

test('a stream around it that is destroyed gives the body up, even while it waits', async () => {
  const source = new Source();
  const stream = Readable.from(source.body);
  stream.on('error', () => {});
  stream.resume();
  await setImmediate();
  assert.equal(source.waiting, 1);
  stream.destroy();
  await setImmediate();
  assert.equal(source.unwanted, 1);
  assert.equal(source.waiting, 0);
});

test('it tells when a reader waits and when it does no more', async () => {
  for (const finish of ['end', 'fail'] as const) {
    const source = new Source();
    source.push('a');
    const text = source.body.text();
    text.catch(() => {});
    assert.equal(source.waiting, 1);
    source.push('b');
    assert.equal(source.waiting, 0);
    await setImmediate();
    assert.equal(source.waiting, 1);
    source.body[finish](new Error('failed'));
    assert.equal(source.waiting, 0);
    await setImmediate();
    assert.equal(source.waiting, 0);
  }
});
