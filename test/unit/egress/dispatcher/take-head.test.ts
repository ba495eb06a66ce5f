import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { takeHead } from '../../../../lib/egress/dispatcher/take-head.js';
import { until } from '../../../support/until.js';

const head = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n';

for (const size of [1, 7, head.length, 1000]) {
  test(`takes a head in pieces of ${size} bytes, and leaves what stands behind it`, async () => {
    const stream = new Duplex({ read() {} });
    let isTaken = false;
    takeHead(stream, () => {
      isTaken = true;
    });
    const text = `${head}first second`;
    for (let i = 0; i < text.length; i += size) {
      const wasTaken = isTaken;
      stream.push(text.slice(i, i + size), 'latin1');
      let turns = 0;
      await until(() => turns++ > 3, 'some turns have passed');
      assert.ok(!wasTaken || isTaken);
      assert.equal(isTaken, i + size >= head.length);
    }
    let rest = '';
    stream.on('data', (chunk) => {
      rest += String(chunk);
    });
    await until(
      () => rest === 'first second',
      () => rest,
    );
    stream.push(' third');
    await until(
      () => rest === 'first second third',
      () => rest,
    );
    assert.equal(stream.listenerCount('readable'), 0);
  });
}
