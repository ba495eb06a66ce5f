import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Base64Decoder } from '../../../../lib/filters/grpc/base64-decoder.js';
import { cutAtRandom, randomBytes } from '../../../support/random-bytes.js';
import { SeededRandom } from '../../../support/seeded-random.js';

/** Decodes pieces; `undefined` if they are refused. */
function decode(pieces: readonly Buffer[]): Buffer | undefined {
  const decoder = new Base64Decoder();
  const decoded: Buffer[] = [];
  for (const piece of pieces) {
    const bytes = decoder.decode(piece);
    if (bytes === undefined) {
      return undefined;
    }
    decoded.push(bytes);
  }
  return decoder.isAtBoundary ? Buffer.concat(decoded) : undefined;
}

test('base64 behind base64, cut anywhere, is decoded as what it was made of', () => {
  const random = new SeededRandom(1);
  for (let i = 0; i < 3000; i++) {
    const messages = Array.from({ length: random.integer(5) }, () => randomBytes(random, 40));
    const text = Buffer.from(messages.map((bytes) => bytes.toString('base64')).join(''), 'latin1');
    assert.deepEqual(decode(cutAtRandom(random, text)), Buffer.concat(messages));
  }
});

test('what is accepted does not depend on where it is cut, and is what it decodes to', () => {
  const random = new SeededRandom(2);
  const characters = 'AQgwz/+9==$\n-';
  for (let i = 0; i < 20_000; i++) {
    const length = random.integer(13);
    const text = Buffer.from(
      Array.from({ length }, () => characters[random.integer(characters.length)]).join(''),
    );
    const whole = decode([text]);
    assert.deepEqual(decode(cutAtRandom(random, text)), whole);
    if (whole !== undefined) {
      const groups = text.toString().match(/[^=]+={0,2}/g) ?? [];
      const again = groups.map((group) => Buffer.from(group, 'base64').toString('base64')).join('');
      assert.equal(again, text.toString());
    }
  }
});

test('every byte that is no character of base64 is refused in every place', () => {
  for (let byte = 0; byte < 256; byte++) {
    if (/[A-Za-z0-9+/=]/.test(String.fromCharCode(byte))) {
      continue;
    }
    for (let place = 0; place < 4; place++) {
      const text = Buffer.from('AAAA');
      text[place] = byte;
      assert.equal(decode([text]), undefined, `${byte} at ${place}`);
    }
  }
});

for (const text of ['=', '==', '====', 'A===', 'A=AA', 'AA=A', '=AAA', 'AB==', 'AAB=', 'AA==A']) {
  test(`"${text}" is refused`, () => {
    assert.equal(decode([Buffer.from(text)]), undefined);
  });
}
