import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { everythingCall, everythingCases } from '../../../support/transcoder-fixture.js';

function encode(json: unknown): Buffer {
  return everythingCall().encode(
    Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)),
  );
}

function decode(hex: string): unknown {
  return JSON.parse(everythingCall().decode(Buffer.from(hex, 'hex')));
}

/** What JSON comes back as, by way of a message. */
function roundTrip(json: unknown): unknown {
  return decode(encode(json).toString('hex'));
}

describe('a message that another implementation has written', () => {
  for (const { name, json, wire } of everythingCases) {
    test(`becomes its JSON, and that becomes the message: ${name}`, () => {
      assert.deepEqual(decode(wire), json);
      assert.deepEqual(roundTrip(json), json);
    });
  }

  test('has the bytes that protobuf prescribes', () => {
    const simple = everythingCases.filter(({ name }) => /^(?:numbers|an optional)/.test(name));
    assert.equal(simple.length, 3);
    for (const { json, wire } of simple) {
      assert.equal(encode(json).toString('hex'), wire);
    }
  });
});

describe('in JSON', () => {
  test('fields may have the names of the file', () => {
    assert.deepEqual(roundTrip({ string_value: 'a', self: { int32_value: 1 } }), {
      stringValue: 'a',
      self: { int32Value: 1 },
    });
  });

  test('numbers may be texts, and whole ones may have an exponent', () => {
    const json = {
      int32Value: '-5',
      doubleValue: '1.5',
      uint32Value: 1e5,
      int64Value: 7,
      right: 1.0,
    };
    assert.deepEqual(roundTrip(json), {
      int32Value: -5,
      doubleValue: 1.5,
      uint32Value: 100000,
      int64Value: '7',
      right: 1,
    });
  });

  test('bytes may be in either alphabet, with padding or without', () => {
    for (const bytesValue of ['AP/+Pw==', 'AP/+Pw', 'AP_-Pw', 'AP_-Pw==']) {
      assert.deepEqual(roundTrip({ bytesValue }), { bytesValue: 'AP/+Pw==' });
    }
  });

  test('enums may be numbers', () => {
    assert.deepEqual(roundTrip({ genre: 2, genres: ['POETRY', 77] }), {
      genre: 'PROSE',
      genres: ['POETRY', 77],
    });
  });

  test('times may have an offset', () => {
    assert.deepEqual(roundTrip({ timestamp: '2000-01-01T01:30:00.5+01:30' }), {
      timestamp: '2000-01-01T00:00:00.500Z',
    });
  });

  test('null stands for a field that is not there', () => {
    const json = { stringValue: null, self: null, texts: null, names: null, int32Box: null };
    assert.equal(encode(json).length, 0);
    assert.deepEqual(roundTrip({ value: null, nothing: null }), { value: null, nothing: null });
  });

  test('messages in messages may have any length', () => {
    // The buffer that is written to grows on the way, at every place in turn.
    for (let length = 0; length < 600; length++) {
      const json = { self: { self: { stringValue: `a${'x'.repeat(length)}` }, texts: [''] } };
      assert.deepEqual(roundTrip(json), json);
    }
  });

  test('names of prototypes are names like others', () => {
    const text =
      '{"names":{"__proto__":"1","constructor":"2"},"structValue":{"__proto__":{"a":1}}}';
    const call = everythingCall();
    assert.equal(call.decode(call.encode(Buffer.from(text))), text);
    assert.equal(Object.hasOwn(Object.prototype, 'a'), false);
  });
});

describe('what is refused', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ['{', 'the body is not JSON'],
    ['{"a":1,}', 'the body is not JSON'],
    ['\xff', 'the body is not JSON'],
    ['[]', 'expected bookstore.Everything, found a list'],
    ['"a"', 'expected bookstore.Everything, found "a"'],
    [{ nobody: 1 }, 'bookstore.Everything has no field "nobody"'],
    [{ toString: 1 }, 'bookstore.Everything has no field "toString"'],
    [
      { self: { self: { genre: 'NONE' } } },
      'self: self: genre: expected bookstore.Genre, found "NONE"',
    ],
    [{ int32Value: 2 ** 31 }, 'int32Value: expected int32, found 2147483648'],
    [{ int32Value: 1.5 }, 'int32Value: expected int32, found 1.5'],
    [{ int32Value: true }, 'int32Value: expected int32, found true'],
    [{ int32Value: '' }, 'int32Value: expected int32, found ""'],
    [{ uint32Value: -1 }, 'uint32Value: expected uint32, found -1'],
    [{ uint64Value: '-1' }, 'uint64Value: expected uint64, found "-1"'],
    [
      { uint64Value: '18446744073709551616' },
      'uint64Value: expected uint64, found "18446744073709551616"',
    ],
    [
      '{"int64Value":9007199254740993}',
      'int64Value: a number is too large to be read exactly as int64; write it as a string',
    ],
    [{ floatValue: 1e39 }, 'floatValue: expected float, found 1e+39'],
    ['{"doubleValue":1e999}', 'doubleValue: expected double, found Infinity'],
    [{ doubleValue: ' 1' }, 'doubleValue: expected double, found " 1"'],
    [{ boolValue: 1 }, 'boolValue: expected bool, found 1'],
    [{ stringValue: 1 }, 'stringValue: expected string, found 1'],
    [{ bytesValue: '?' }, 'bytesValue: expected bytes in base64, found "?"'],
    [{ bytesValue: 'A' }, 'bytesValue: expected bytes in base64, found "A"'],
    [{ texts: 'a' }, 'texts: expected a list, found "a"'],
    [{ texts: [null] }, 'texts: expected a value, found null'],
    [{ names: { a: null } }, 'names: expected a value, found null'],
    [{ byNumber: { x: {} } }, 'byNumber: expected int32, found "x"'],
    [{ left: 'a', right: 1 }, 'bookstore.Everything: "right" excludes one before it'],
    [
      { timestamp: '2001-02-29T00:00:00Z' },
      'timestamp: expected a timestamp, found "2001-02-29T00:00:00Z"',
    ],
    [
      { timestamp: '0001-01-01T00:00:00+01:00' },
      'timestamp: expected a timestamp, found "0001-01-01T00:00:00+01:00"',
    ],
    [{ duration: '1' }, 'duration: expected a duration such as "1.5s", found "1"'],
    [
      { duration: '315576000001s' },
      'duration: expected a duration such as "1.5s", found "315576000001s"',
    ],
    [{ mask: 'a_b' }, 'mask: expected the paths of a field mask, found "a_b"'],
    [{ any: { a: 1 } }, 'any: expected string, found null'],
    [
      { any: { '@type': 'x/no.Such' } },
      'any: expected the "@type" of a message that is known here, found "x/no.Such"',
    ],
    [
      { stringValue: 'x', bytesValue: 'y'.repeat(61) },
      `bytesValue: expected bytes in base64, found "${'y'.repeat(40)}"...`,
    ],
  ];
  for (const [json, message] of cases) {
    test(message, () => {
      const text = typeof json === 'string' ? Buffer.from(json, 'latin1') : JSON.stringify(json);
      const call = everythingCall();
      assert.throws(() => call.encode(Buffer.from(text)), { name: 'TranscodingError', message });
    });
  }

  test('JSON that is nested too deep, whatever it means', () => {
    const within = { name: 'TranscodingError', message: /nested deeper than 100 levels/ };
    const selves = (levels: number): string =>
      `${'{"self":'.repeat(levels)}{}${'}'.repeat(levels)}`;
    assert.equal(encode(selves(99)).length > 99, true);
    assert.throws(() => encode(selves(100)), within);
    for (const [open, close] of [
      ['{"self":', '}'],
      ['[', ']'],
    ] as const) {
      const text = `${open.repeat(100_000)}${open === '[' ? '' : '{}'}${close.repeat(100_000)}`;
      assert.throws(() => encode(text), { name: 'TranscodingError' });
      assert.throws(() => encode(`{"value":${text}}`), within);
    }
  });
});

describe('print options', () => {
  const wire = Buffer.from('70019802 01'.replaceAll(' ', ''), 'hex');

  test('enums are written as numbers', () => {
    assert.equal(everythingCall({ alwaysPrintEnumsAsInts: true }).decode(wire), '{"genre":1}');
  });

  test('white space has line ends and an indentation of one', () => {
    assert.equal(
      everythingCall({ addWhitespace: true }).decode(wire),
      '{\n "genre": "POETRY"\n}\n',
    );
  });

  test('names stay those of the file', () => {
    const call = everythingCall({ preserveProtoFieldNames: true });
    assert.equal(call.decode(Buffer.from('2801', 'hex')), '{"int32_value":1}');
  });

  test('fields with default values are written, those with presence are not', () => {
    const json = JSON.parse(
      everythingCall({ alwaysPrintPrimitiveFields: true }).decode(Buffer.alloc(0)),
    );
    assert.deepEqual(
      [json.int32Value, json.int64Value, json.boolValue, json.stringValue, json.genre],
      [0, '0', false, '', 'GENRE_UNKNOWN'],
    );
    assert.deepEqual([json.texts, json.selves, json.names], [[], [], {}]);
    for (const name of ['self', 'left', 'right', 'maybe', 'timestamp', 'value']) {
      assert.equal(Object.hasOwn(json, name), false, name);
    }
  });
});

test('default values are written up to a bound: two bytes of a message can be many', () => {
  const call = everythingCall({ alwaysPrintPrimitiveFields: true });
  const empties = (count: number): Buffer => Buffer.alloc(3 * count, Buffer.from('ba0100', 'hex'));
  assert.equal(JSON.parse(call.decode(empties(1000))).selves.length, 1000);
  assert.throws(() => call.decode(empties(100_000)), /too many default values/);
  assert.equal(JSON.parse(everythingCall().decode(empties(100_000))).selves.length, 100_000);
});

describe('a message', () => {
  test('may have a field in parts, the last of several values, and fields that nobody knows', () => {
    // int32_value 1 and 2; self with int32_value 5, then with bool_value; the unknown fields 1000.
    const hex =
      '2801' + '2802' + '9a01022805' + '9a01024001' + 'c03e01' + 'c23e0161' + 'c33e0801c43e';
    assert.deepEqual(decode(hex), { int32Value: 2, self: { int32Value: 5, boolValue: true } });
  });

  test('has the last one of a oneof only', () => {
    assert.deepEqual(decode('da010161' + 'e00105'), { right: 5 });
  });

  test('may have numbers packed or not', () => {
    assert.deepEqual(decode('a001 01 a001 02 aa01 02 0304'.replaceAll(' ', '')), {
      packedValues: [1, 2],
      plainValues: ['3', '4'],
    });
  });

  test('may have a list without elements', () => {
    assert.deepEqual(decode('a20100'), {});
  });

  test('may have an entry of a map without its key, or its value', () => {
    assert.deepEqual(decode('c20100ca01020805'), {
      names: { '': '0' },
      byNumber: { 5: {} },
    });
  });

  for (const [what, hex] of Object.entries({
    'is cut off in a number': '28',
    'is cut off in a text': '4a0561',
    'has a length beyond all bounds': '4affffffffffffffffff01',
    'has a number without an end': '28ffffffffffffffffffffff01',
    'has a field with the number 0': '0001',
    'has a group without an end': 'c33e0801',
    'has the end of a group': 'c43e',
    'has a wire type that is none': '0e',
    'has a time out of range': 'fa010808808080b0aaaf1f',
    'has an Any that nobody knows': 'aa02050a03782f79',
    'has a Value that JSON has not': '9a02 09 11 000000000000f07f'.replaceAll(' ', ''),
  })) {
    test(`that ${what} is refused`, () => {
      assert.throws(() => decode(hex), { name: 'TranscodingError' });
    });
  }

  test('that is nested too deep is refused, and so are groups', () => {
    let bytes = Buffer.alloc(0);
    for (let i = 0; i < 101; i++) {
      const length =
        bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
      bytes = Buffer.concat([Buffer.from([0x9a, 0x01, ...length]), bytes]);
    }
    assert.throws(() => decode(bytes.toString('hex')), /nested too deep/);
    assert.throws(() => decode('c33e'.repeat(100_000)), /nested too deep/);
  });

  test('of random bytes never does more than to be refused', () => {
    let seed = 1;
    const next = (): number => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed >> 8;
    };
    for (let i = 0; i < 3000; i++) {
      const { wire } = everythingCases[next() % everythingCases.length] ?? { wire: '' };
      const bytes = Buffer.from(wire, 'hex');
      for (let j = 0; j < 3 && bytes.length > 0; j++) {
        bytes[next() % bytes.length] = next() & 255;
      }
      try {
        decode(bytes.toString('hex'));
      } catch (error) {
        assert.equal(error instanceof Error && error.name, 'TranscodingError');
      }
    }
  });
});

test('numbers of 64 bits stay right when their code has been optimized', () => {
  const call = everythingCall();
  const text = '{"int64Value":"-9007199254740993","sint64Value":"-9223372036854775808"}';
  for (let i = 0; i < 30_000; i++) {
    const message = call.encode(Buffer.from(text));
    if (i % 1000 === 0) {
      assert.equal(call.decode(message), text);
    } else {
      call.decode(message);
    }
  }
});
