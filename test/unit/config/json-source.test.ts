import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonDocument, readJsonSource } from '../../../lib/config/json-source.js';
import { formatSourceProblem } from '../../../lib/config/source-document.js';
import { readSeed } from '../../support/config-documents.js';
import { SeededRandom } from '../../support/seeded-random.js';

function read(source: string | Uint8Array): JsonDocument {
  const { document, problem } = readJsonSource(source);
  assert.ok(document, problem);
  return document;
}

function problemOf(source: string | Uint8Array): string {
  const result = readJsonSource(source);
  return result.document === undefined ? formatSourceProblem(result) : 'accepted';
}

test('reads every kind of value as JSON.parse does', () => {
  const texts = [
    '{}',
    '[]',
    ' \t\r\n{ "a" : [ 1 , -2.5e+3 , 0 , -0 , 1E2 , true , false , null , "" ] } \n',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00é😀\u2028"',
    '{"constructor":1,"toString":2,"":3,"10":4,"a.b":5}',
    '123456789012345678901234567890',
    readSeed('edge-envoy').toString(),
  ];
  for (const text of texts) {
    assert.deepEqual(read(text).value, JSON.parse(text));
  }
});

test('reads UTF-8 bytes', () => {
  assert.deepEqual(read(Buffer.from('{"grüße":"😀"}')).value, { grüße: '😀' });
});

test('an empty text, a byte order mark, YAML and other encodings have messages of their own', () => {
  const empty = 'the text is empty; expected a JSON object, beginning with {';
  assert.equal(problemOf(''), empty);
  assert.equal(problemOf(Buffer.from(' \n')), empty);
  const mark = 'the text begins with a byte order mark; save it as UTF-8 without one';
  assert.equal(problemOf('\ufeff{}'), mark);
  assert.equal(problemOf(Buffer.from('\ufeff{}')), mark);
  const utf16 = 'the text is encoded as UTF-16; save it as UTF-8';
  assert.equal(problemOf(Buffer.from('\ufeff{}', 'utf16le')), utf16);
  assert.equal(problemOf(Buffer.from('{}', 'utf16le')), utf16);
  assert.equal(problemOf(Buffer.from('\ufeff{}', 'utf16le').swap16()), utf16);
  assert.equal(
    problemOf(Buffer.from('{\n "name": "Gr\xfc\xdfe"\n}', 'latin1')),
    'line 2, column 13: these bytes are not UTF-8; save the text as UTF-8',
  );
  for (const yaml of ['listeners:\n  - a', '---\nlisteners: []', '# comment\nadmin: {}']) {
    assert.equal(
      problemOf(yaml),
      'the text looks like YAML; give the file a name that ends in .yaml, or write it as JSON',
    );
  }
});

test('a syntax error says where it is, what was expected and how to mend it', () => {
  const cases: [text: string, problem: string][] = [
    ['{"a":1,}', 'line 1, column 7: this comma is the last thing before }; remove it'],
    ['{"a":[1,\n2,\n]}', 'line 2, column 2: this comma is the last thing before ]; remove it'],
    [
      '{"a":1\n"b":2}',
      'line 2, column 1: expected a comma or the closing }, found "b"; ' +
        'is a comma missing at line 1, column 7?',
    ],
    [
      '[1 2]',
      'line 1, column 4: expected a comma or the closing ], found 2; is a comma missing at line 1, column 3?',
    ],
    [
      '{"a": [1, 2}',
      'line 1, column 12: expected a comma or the closing ], found }; ' +
        'the [ of line 1, column 7 is not closed',
    ],
    [
      '{"a": {\n"b": 1',
      'line 2, column 7: expected a comma or the closing }, found the end of the text; ' +
        'the { of line 1, column 7 is not closed',
    ],
    [
      '{"a":',
      'line 1, column 6: expected a value, found the end of the text; the { of line 1, column 1 is not closed',
    ],
    ['{"a" 1}', 'line 1, column 6: expected a colon after the key "a", found 1'],
    [
      '{"a" = 1}',
      'line 1, column 6: expected a colon after the key "a", found =; JSON has a colon there',
    ],
    [
      '{a: 1}',
      'line 1, column 2: expected a key in double quotes or the closing }, found a; write "a"',
    ],
    [
      "{'a': 1}",
      "line 1, column 2: expected a key in double quotes or the closing }, found '; " +
        'JSON strings stand in double quotes (")',
    ],
    [
      '{“a”: 1}',
      'line 1, column 2: expected a key in double quotes or the closing }, found “; JSON strings stand in double quotes (")',
    ],
    [
      '{1: 1}',
      'line 1, column 2: expected a key in double quotes or the closing }, found 1; write "1"',
    ],
    ['{,}', 'line 1, column 2: expected a key in double quotes or the closing }, found ,'],
    ['[,1]', 'line 1, column 2: expected a value, found ,'],
    ['{} {}', 'line 1, column 4: expected nothing after the end of the document, found {'],
    [
      '{\n// x\n}',
      'line 2, column 1: expected a key in double quotes or the closing }, ' +
        'found a comment; JSON has no comments, remove it',
    ],
    [
      '[$PORT]',
      'line 1, column 2: expected a value, found a placeholder; fill it in before the text is read',
    ],
    ['[True]', 'line 1, column 2: expected a value, found True; write true'],
    ['[off]', 'line 1, column 2: expected a value, found off; write false'],
    ['[undefined]', 'line 1, column 2: expected a value, found undefined; write null'],
    [
      '[static]',
      'line 1, column 2: expected a value, found "static"; a string stands in double quotes',
    ],
    ['[01]', 'line 1, column 2: 01 is no JSON number; write 1'],
    ['[+1]', 'line 1, column 2: +1 is no JSON number; write 1'],
    ['[1_000]', 'line 1, column 2: 1_000 is no JSON number; write 1000'],
    ['[0x10]', 'line 1, column 2: "0x10" is no JSON number'],
    ['[.5]', 'line 1, column 2: ".5" is no JSON number'],
    ['[1.]', 'line 1, column 2: "1." is no JSON number'],
    ['[NaN]', 'line 1, column 2: "NaN" is no JSON number'],
    ['[-Infinity]', 'line 1, column 2: "-Infinity" is no JSON number'],
    ['[1e400]', 'line 1, column 2: the number 1e400 is too large'],
    ['["a', 'line 1, column 2: a string begins here and never ends; add the closing "'],
    [
      '["a\n"]',
      'line 1, column 2: the string that begins here does not end on its line; ' +
        'add the closing " or write \\n for the line break',
    ],
    ['["\t"]', 'line 1, column 3: a control character inside a string; write \\t in its place'],
    [
      '["\u0001"]',
      'line 1, column 3: a control character inside a string; write \\u0001 in its place',
    ],
    [
      '["C:\\temp\\x"]',
      'line 1, column 10: the escape "\\\\x" does not exist; write a backslash as \\\\',
    ],
    ['["\\u12"]', 'line 1, column 3: \\u needs four hexadecimal digits'],
    ['["\\ud800"]', 'line 1, column 3: \\ud800 is one half of a character'],
    ['["\\udc00\\ud800"]', 'line 1, column 3: \\udc00 is one half of a character'],
    ['[\u00a0]', 'line 1, column 2: expected a value, found the character U+00A0'],
    [
      '{}\u0000',
      'line 1, column 3: expected nothing after the end of the document, found the character U+0000',
    ],
  ];
  for (const [text, problem] of cases) {
    assert.equal(problemOf(text), problem);
  }
});

test('lines end with LF, CRLF or CR', () => {
  assert.match(problemOf('{\n\n  x'), /^line 3, column 3:/);
  assert.match(problemOf('{\r\n\r\n  x'), /^line 3, column 3:/);
  assert.match(problemOf('{\r\r  x'), /^line 3, column 3:/);
});

test('nesting is bounded, and a text of brackets only costs nothing', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  assert.equal(problemOf(nested(100)), 'accepted');
  assert.equal(problemOf(nested(101)), 'line 1, column 101: nested more than 100 levels deep');
  assert.equal(
    problemOf('[{"a":'.repeat(1e6)),
    'line 1, column 301: nested more than 100 levels deep',
  );
});

test('a text of more than 64 MiB is refused before it is read', () => {
  assert.match(problemOf(new Uint8Array(64 * 1024 * 1024 + 1)), /^the text is larger than/);
});

test('of equal keys the first counts, and each further one is a problem', () => {
  const document = read('{"a": {"b": 1,\n"b": 2, "\\u0062": 3}, "__proto__": {"c": 4}}');
  assert.deepEqual(document.value, { a: { b: 1 } });
  assert.deepEqual(document.keyProblems, [
    {
      path: ['a', 'b'],
      message:
        'this key stands twice in its object, here and at line 2, column 1; remove one of them',
    },
    {
      path: ['a', 'b'],
      message:
        'this key stands twice in its object, here and at line 2, column 9; remove one of them',
    },
    {
      path: ['__proto__'],
      message: 'this key is refused, as JavaScript gives it a meaning of its own',
    },
  ]);
});

test('tells the line and column of any part', () => {
  const document = read('\n{"a": [10,\n  {"b": null}], "constructor": 1}');
  assert.deepEqual(document.positionOf([]), { line: 2, column: 1 });
  assert.deepEqual(document.positionOf(['a']), { line: 2, column: 2 });
  assert.deepEqual(document.positionOf(['a', 0]), { line: 2, column: 8 });
  assert.deepEqual(document.positionOf(['a', 1]), { line: 3, column: 3 });
  assert.deepEqual(document.positionOf(['a', 1, 'b']), { line: 3, column: 4 });
  assert.deepEqual(document.positionOf(['constructor']), { line: 3, column: 17 });
  // What is not there is located at the innermost container that is.
  assert.deepEqual(document.positionOf(['a', 1, 'c', 'd']), { line: 3, column: 3 });
  assert.deepEqual(document.positionOf(['toString']), { line: 2, column: 1 });
});

test('agrees with JSON.parse on texts that are broken at random', () => {
  const random = new SeededRandom(1);
  const seed = readSeed('flask-app-envoy').toString();
  const pieces = ['{', '}', '[', ']', ',', ':', '"', '\\', '0', '1', '-', '.', 'e', 't', ' ', '\n'];
  let accepted = 0;
  for (let round = 0; round < 5000; round++) {
    const start = random.integer(seed.length);
    const at = random.integer(40);
    const part = round % 2 === 0 ? seed : seed.slice(start, start + at);
    const cut = random.integer(part.length + 1);
    const piece = pieces[random.integer(pieces.length)] ?? '';
    const text = part.slice(0, cut) + piece + part.slice(cut + random.integer(3));
    const expected = parseOrUndefined(text);
    const { document, problem } = readJsonSource(text);
    assert.equal(document === undefined, expected === undefined, `${text}\n${problem}`);
    if (document?.keyProblems.length === 0) {
      assert.deepEqual(document.value, expected);
      accepted++;
    }
  }
  assert.ok(accepted > 100, `accepted ${accepted}`);
});

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
