import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import type { JsonPath } from '../../../lib/config/json-path.js';
import { formatPosition } from '../../../lib/config/json-syntax-error.js';
import { formatSourceProblem, type SourceDocument } from '../../../lib/config/source-document.js';
import { readYamlSource } from '../../../lib/config/yaml-source.js';
import { readSeed } from '../../support/config-documents.js';
import { SeededRandom } from '../../support/seeded-random.js';

async function read(source: string | Uint8Array): Promise<SourceDocument> {
  const { document, problem } = await readYamlSource(source);
  assert.ok(document, problem);
  return document;
}

async function readValue(source: string): Promise<unknown> {
  const { value, keyProblems } = await read(source);
  assert.deepEqual(keyProblems, []);
  return value;
}

async function problemOf(source: string | Uint8Array): Promise<string> {
  const result = await readYamlSource(source);
  return result.document === undefined ? formatSourceProblem(result) : 'accepted';
}

async function assertProblems(cases: readonly (readonly [string, string])[]): Promise<void> {
  for (const [text, problem] of cases) {
    assert.equal(await problemOf(text), problem, JSON.stringify(text));
  }
}

for (const name of ['edge-envoy', 'flask-app-envoy'] as const) {
  test(`${name} written as YAML is the same as its JSON, and its JSON can be read as YAML`, async () => {
    const json = readSeed(name).toString();
    const value: unknown = JSON.parse(json);
    assert.deepEqual(await readValue(stringify(value)), value);
    assert.deepEqual(await readValue(stringify(value, { collectionStyle: 'flow' })), value);
    assert.deepEqual(await readValue(json), value);
  });
}

test('reads block and flow styles, comments and strings of several lines', async () => {
  const text = `# the edge
---
listeners:
- address: tcp://0.0.0.0:80   # a colon without a space is a part of the text
  bind_to_port: true
  filters: []
  note: |
    first
      second
  folded: >-
    one
    line
  quoted: "a\\tb \\u00e9 \\ud83d\\ude00"
  single: 'it''s'
  plain: a b
    c
admin: {access_log_path: /dev/null, "port": 9901, none: ~, empty: }
nothing:
...
`;
  assert.deepEqual(await readValue(text), {
    listeners: [
      {
        address: 'tcp://0.0.0.0:80',
        bind_to_port: true,
        filters: [],
        note: 'first\n  second\n',
        folded: 'one line',
        quoted: 'a\tb é 😀',
        single: "it's",
        plain: 'a b c',
      },
    ],
    admin: { access_log_path: '/dev/null', port: 9901, none: null, empty: null },
    nothing: null,
  });
  assert.deepEqual(
    await readValue(text.replaceAll('\n', '\r\n')),
    await readValue(text),
    'lines that end with CRLF',
  );
});

test('words are read as the core schema of YAML 1.2 has them', async () => {
  const text =
    '[true, False, yes, No, on, off, null, ~, 1, -2.5e+3, 0o17, 0x1F, 010, 12:30, 1_000, ' +
    '2018-01-01, "80", !!str 80, !!int "80", ! 80, 123456789012345678901234567890]';
  assert.deepEqual(await readValue(text), [
    ...[true, false, 'yes', 'No', 'on', 'off', null, null, 1, -2500, 15, 31, 10, '12:30'],
    ...['1_000', '2018-01-01', '80', '80', 80, '80', 1.2345678901234568e29],
  ]);
});

test('a key is the text that it is written with', async () => {
  const text = '1: a\n1.50: b\ntrue: c\n~: d\n"": e\n? f\n: g\nyes: h\nconstructor: i\n"<<": j\n';
  assert.deepEqual(
    Object.entries((await readValue(text)) ?? {}).map((entry) => entry.join()),
    ['1,a', '1.50,b', 'true,c', '~,d', ',e', 'f,g', 'yes,h', 'constructor,i', '<<,j'],
  );
});

test('reads a single value, UTF-8 bytes and a document that declares YAML 1.2', async () => {
  assert.equal(await readValue('text'), 'text');
  assert.equal(await readValue('null'), null);
  assert.deepEqual((await read(Buffer.from('grüße: 😀'))).value, { grüße: '😀' });
  assert.deepEqual(await readValue('%YAML 1.2\n---\na: yes'), { a: 'yes' });
});

test('an alias is the value of the latest anchor of its name', async () => {
  const text = `
a: &x {b: [1, &y two]}
c: *x
d: &x 3
e: [*x, *y]
&key f: *key
`;
  const { b } = { b: [1, 'two'] };
  assert.deepEqual(await readValue(text), { a: { b }, c: { b }, d: 3, e: [3, 'two'], f: 'f' });
});

test('<< merges mappings; own keys win, then the earlier mapping', async () => {
  const text = `
base: &base {a: 1, b: 1}
other: &other {b: 2, c: 2}
one: {b: 9, <<: *base}
both:
  <<: [*base, *other, {d: 4}]
  a: 8
chained: &chained
  <<: *other
  e: 5
again: {<<: *chained}
`;
  const { value } = await read(text);
  assert.deepEqual(value, {
    base: { a: 1, b: 1 },
    other: { b: 2, c: 2 },
    one: { a: 1, b: 9 },
    both: { a: 8, b: 1, c: 2, d: 4 },
    chained: { b: 2, c: 2, e: 5 },
    again: { b: 2, c: 2, e: 5 },
  });
});

test('tells the line and column of any part', async () => {
  const document = await read(`# comment
a:
  - 10
  - b: null
    "c": [1,
      {d: 2}]
  -   - x
constructor: &anchor
  e: 1
merged:
  <<: *anchor
  f: *anchor
`);
  const cases: [path: JsonPath, place: string][] = [
    [[], 'line 2, column 1'],
    [['a'], 'line 2, column 1'],
    [['a', 0], 'line 3, column 5'],
    [['a', 1], 'line 4, column 5'],
    [['a', 1, 'b'], 'line 4, column 5'],
    [['a', 1, 'c'], 'line 5, column 5'],
    [['a', 1, 'c', 0], 'line 5, column 11'],
    [['a', 1, 'c', 1], 'line 6, column 7'],
    [['a', 1, 'c', 1, 'd'], 'line 6, column 8'],
    [['a', 2, 0], 'line 7, column 9'],
    [['constructor'], 'line 8, column 1'],
    // What is repeated stands where it is written.
    [['merged', 'f'], 'line 12, column 3'],
    [['merged', 'f', 'e'], 'line 9, column 3'],
    [['merged', 'e'], 'line 9, column 3'],
    // What is not there is located at the innermost container that is.
    [['a', 1, 'c', 7, 'x'], 'line 5, column 5'],
    [['toString'], 'line 2, column 1'],
  ];
  for (const [path, place] of cases) {
    assert.equal(formatPosition(document.positionOf(path)), place, path.join('.'));
  }
  const windows = await read('a:\r\n  - b: 1\r\n    c: |\r\n      x\r\n    d: 2\r\n');
  assert.deepEqual(windows.positionOf(['a', 0, 'd']), { line: 5, column: 5 });
});

test('of equal keys the first counts, and each further one is a problem', async () => {
  const document = await read(`a:
  b: 1
  'b': 2
  "\\u0062": 3
1: x
"1": y
__proto__: {c: 4}
m: &m {}
n: {<<: *m, <<: *m}
`);
  assert.deepEqual(document.value, { a: { b: 1 }, 1: 'x', m: {}, n: {} });
  const twice = (place: string): string =>
    `this key stands twice in its object, here and at ${place}; remove one of them`;
  assert.deepEqual(document.keyProblems, [
    { path: ['a', 'b'], message: twice('line 3, column 3') },
    { path: ['a', 'b'], message: twice('line 4, column 3') },
    { path: ['1'], message: twice('line 6, column 1') },
    {
      path: ['__proto__'],
      message: 'this key is refused, as JavaScript gives it a meaning of its own',
    },
    { path: ['n', '<<'], message: twice('line 9, column 13') },
  ]);
  assert.deepEqual(document.positionOf(['a', 'b']), { line: 2, column: 3 });
  assert.deepEqual(document.positionOf(['__proto__']), { line: 7, column: 1 });
});

test('an empty text, a byte order mark and other encodings have messages of their own', async () => {
  const empty = 'the text is empty; expected a YAML mapping, such as listeners: []';
  for (const text of ['', ' \n', '# only a comment\n', '---\n', '---\n# comment\n...\n']) {
    assert.equal(await problemOf(text), empty);
  }
  const mark = 'the text begins with a byte order mark; save it as UTF-8 without one';
  assert.equal(await problemOf(Buffer.from('\ufeffa: 1')), mark);
  const utf16 = 'the text is encoded as UTF-16; save it as UTF-8';
  assert.equal(await problemOf(Buffer.from('a: 1', 'utf16le')), utf16);
  assert.equal(
    await problemOf(Buffer.from('a: 1\nb: Gr\xfc\xdfe', 'latin1')),
    'line 2, column 6: these bytes are not UTF-8; save the text as UTF-8',
  );
  assert.match(await problemOf(new Uint8Array(64 * 1024 * 1024 + 1)), /^the text is larger than/);
});

const expectedKey = 'expected a key, a colon and a space on this line';
const tab = 'a tab in the indentation; YAML wants spaces there';
const indentation =
  'the indentation of this line fits no line above it; begin it in the column of its neighbors';
const mapping =
  'a mapping cannot begin on the line of its key; begin it on the next line, ' +
  'or put the value in quotes if the colon is a part of it';
const deeper = '; what stands in between is indented deeper than the line of its key';
const quotes =
  '; put all of it in one pair of quotes, or begin a line of its own in the right column';

test('wrong indentation is told by the line to mend', async () => {
  await assertProblems([
    ['a: 1\n\tb: 2', `line 2, column 1: ${tab}`],
    ['a:\n  \t- b', `line 2, column 3: ${tab}`],
    ['a: [\n\t1\n]', `line 2, column 1: ${tab}`],
    ['a:\n  b: 1\n c: 2', `line 3, column 1: ${indentation}`],
    ['a:\n  - b\n - c', `line 3, column 1: ${indentation}`],
    ['a: 1\n  b: 2', `line 2, column 3: ${indentation}`],
    ['a: 1\r\n\r\n  b: 2', `line 3, column 3: ${indentation}`],
    ['- a: 1\n   b: 2', `line 2, column 4: ${indentation}`],
    ['a: [1\nb: 2', `line 2, column 1: expected a comma or the closing ]${deeper}`],
    ['a: {\nb: 1\n}', `line 2, column 1: expected a comma or the closing }${deeper}`],
    [
      'a: 1\n- b',
      'line 2, column 1: a list item among the keys of a mapping; ' +
        'indent it below the key that it belongs to',
    ],
  ]);
});

test('a syntax error says where it is, what was expected and how to mend it', async () => {
  await assertProblems([
    ['a: 1\nb\nc: 2', `line 2, column 1: ${expectedKey}`],
    ['a:b\nc: 1', `line 1, column 1: ${expectedKey}`],
    ['a:\n-b', `line 2, column 1: ${expectedKey}; a list item needs a space after its -`],
    ['"a":1', 'line 1, column 4: a colon after a key needs a space behind it'],
    [': 1', 'line 1, column 1: expected a key before the colon'],
    ['a: b: c', `line 1, column 4: ${mapping}`],
    [
      'a: - b',
      'line 1, column 4: a list cannot begin on the line of its key; begin it on the next line',
    ],
    ['[1, 2', 'line 1, column 6: expected a comma or the closing ]'],
    ['{a: [1}', 'line 1, column 7: expected a comma or the closing ]'],
    ['a: {b: 1\n', 'line 2, column 1: expected a comma or the closing }'],
    ['a: [1,,2]', 'line 1, column 7: , does not fit here'],
    ['["a" "b"]', 'line 1, column 6: expected a comma before this'],
    [
      'a: {b: c: d}',
      'line 1, column 8: within { } or [ ], a mapping stands in { } and a list in [ ]',
    ],
    ['a: ]', 'line 1, column 4: ] does not fit here'],
    ['a: "b', 'line 1, column 4: a string begins here and never ends; add the closing "'],
    ['a: "b\\"\nc: 1', 'line 1, column 4: a string begins here and never ends; add the closing "'],
    ["a: 'it''s\nb: 1", "line 1, column 4: a string begins here and never ends; add the closing '"],
    ['a: "b"c', `line 1, column 7: the value has ended before c${quotes}`],
    ["a: 'it's'", `line 1, column 8: the value has ended before s${quotes}`],
    ['- a\nbcd: 1', `line 2, column 1: the value has ended before "bcd"${quotes}`],
    ['a: @b', 'line 1, column 4: a value cannot begin with @; put it in quotes'],
    ['a: %REQ(B)%', 'line 1, column 4: a value cannot begin with %; put it in quotes'],
    [
      'a: "C:\\q"',
      'line 1, column 7: the escape "\\\\q" does not exist; write a backslash as \\\\, or use single quotes',
    ],
    [
      'a: | b\n  c',
      'line 1, column 6: only a comment may follow | or > on its line; begin the text on the next one',
    ],
    [
      'a: >b\n  c',
      'line 1, column 5: only a comment may follow | or > on its line; begin the text on the next one',
    ],
    [
      'a: {{ port }}',
      'line 1, column 5: this looks like a placeholder; fill it in before the text is read, or put it in quotes',
    ],
    ['[{}: 1]', 'line 1, column 2: a mapping or a list cannot be a key; write a text'],
    ['? [a]\n: 1', 'line 1, column 3: a mapping or a list cannot be a key; write a text'],
    ['- &a b\n- *a : 1', 'line 2, column 3: an alias cannot be a key; write the key itself'],
  ]);
});

test('what JSON cannot hold is refused', async () => {
  const tag = (name: string): string =>
    `the tag "${name}" is not known here or does not fit its value; remove it`;
  await assertProblems([
    ['a: .inf', 'line 1, column 4: .inf is no number that can be used; write a finite one'],
    ['a: -.INF', 'line 1, column 4: -.INF is no number that can be used; write a finite one'],
    ['- .nan', 'line 1, column 3: .nan is no number that can be used; write a finite one'],
    ['a: 1e400', 'line 1, column 4: the number 1e400 is too large'],
    ['a: "\\ud800"', 'line 1, column 4: an escape in this string is one half of a character'],
    ['"\\udc00": 1', 'line 1, column 1: an escape in this string is one half of a character'],
    ['a: !env PORT', `line 1, column 4: ${tag('!env')}`],
    ['a: !!binary eA==', `line 1, column 4: ${tag('!!binary')}`],
    ['a: !!set {b}', `line 1, column 4: ${tag('!!set')}`],
    ['a:\n  !!omap\n  - b: 1', `line 2, column 3: ${tag('!!omap')}`],
    ['a: !!int b', `line 1, column 4: ${tag('!!int')}`],
    ['a: !b!c d', `line 1, column 4: ${tag('!b!c')}`],
  ]);
});

test('several documents, other versions, directives and control characters are refused', async () => {
  const second = 'a second document begins here; keep one document in the text';
  const version = 'the text declares YAML 1.1; only YAML 1.2 is read, so remove this line';
  await assertProblems([
    ['a: 1\n---\nb: 2', `line 2, column 1: ${second}`],
    ['---\na: 1\n\n---\n', `line 4, column 1: ${second}`],
    ['a: 1\n...\nb: 2', `line 3, column 1: ${second}`],
    ['a: ]\n---\nb: 2', 'line 1, column 4: ] does not fit here'],
    ['# x\n%YAML 1.1\n---\na: yes', `line 2, column 1: ${version}`],
    ['%YAML 1.3\n---\na: 1', `line 1, column 7: ${version.replace('1.1', '1.3')}`],
    ['%FOO\n---\na: 1', 'line 1, column 1: this directive is not known; remove it'],
    [
      'a: "\u0001"',
      'line 1, column 5: a control character, U+0001; remove it, or write \\x01 for it in a string in double quotes',
    ],
    [
      'a: 1\rb: 2',
      'line 1, column 5: this line ends with a carriage return alone; end lines with a line feed',
    ],
  ]);
});

test('an alias needs an anchor that stands above it and is complete', async () => {
  const anchor = (name: string): string =>
    `the alias *${name} needs an anchor &${name} above it; if it is a text, put it in quotes`;
  const name = (sign: string): string =>
    `${sign} needs a name here; if it is a text, put it in quotes`;
  const merge =
    '<< takes a mapping or a list of mappings, as in <<: *name; for a key of this name, write "<<"';
  await assertProblems([
    ['domains: [*.example.com]', `line 1, column 11: ${anchor('.example.com')}`],
    ['domains:\n  - *', `line 2, column 5: ${name('*')}`],
    ['a: &', `line 1, column 4: ${name('&')}`],
    ['a: *b\nc: &b 1', `line 1, column 4: ${anchor('b')}`],
    ['a: &a [*a]', 'line 1, column 8: the alias *a stands within what its anchor &a names'],
    ['a: &a {<<: *a}', 'line 1, column 12: the alias *a stands within what its anchor &a names'],
    ['a: {<<: 1}', `line 1, column 5: ${merge}`],
    ['- &a [1]\n- <<: [*a]', `line 2, column 3: ${merge}`],
  ]);
});

test('aliases that multiply are refused before they cost time or memory', async () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level <= 90; level++) {
    const aliases = Array<string>(9).fill(`*a${level - 1}`);
    lines.push(`a${level}: &a${level} [${aliases.join(', ')}]`);
  }
  const tooMany = 'the aliases up to this one repeat more than 1000000 values; use fewer';
  await read('warm: up');
  const start = performance.now();
  assert.equal(await problemOf(lines.join('\n')), `line 7, column 10: ${tooMany}`);
  const merges = ['a0: &a0 {x: 1}'];
  for (let level = 1; level <= 90; level++) {
    const last = `*a${level - 1}`;
    merges.push(`a${level}: &a${level} {y: ${last}, z: ${last}, <<: ${last}}`);
  }
  assert.match(await problemOf(merges.join('\n')), /^line \d+, column \d+: the aliases up to/);
  const elapsedMs = performance.now() - start;
  assert.ok(elapsedMs < 2000, `took ${elapsedMs} ms`);
});

test('aliases that are used often are fine', async () => {
  const text = `policy: &policy {retry_on: 5xx}\nroutes:\n${'  - <<: *policy\n'.repeat(5000)}`;
  const value = await readValue(text);
  assert.equal(JSON.stringify(value).split('5xx').length, 5002);
});

test('nesting is bounded, however it is written', async () => {
  const deep = 'nested more than 100 levels deep';
  const flow = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  const block = (depth: number): string =>
    Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}a:`).join('\n');
  const chain = (depth: number): string =>
    Array.from({ length: depth }, (_, level) => `- &a${level + 1} [*a${level}]\n`).join('');
  assert.equal(await problemOf(flow(100)), 'accepted');
  assert.equal(await problemOf(block(100)), 'accepted');
  assert.equal(await problemOf(`- &a0 x\n${chain(99)}`), 'accepted');
  await assertProblems([
    [flow(101), `line 1, column 101: ${deep}`],
    ['['.repeat(1e6), `line 1, column 101: ${deep}`],
    ['{a: '.repeat(1e5), `line 1, column 401: ${deep}`],
    ['- '.repeat(1e5), `line 1, column 201: ${deep}`],
    [block(101), `line 101, column 101: ${deep}`],
    // The mapping of a pair in a list has no braces of its own.
    [`${'['.repeat(100)}a: 1${']'.repeat(100)}`, `line 1, column 101: ${deep}`],
    [`- &a [${flow(98)}, &b x]\n- [[*a]]`, `line 2, column 5: ${deep}`],
    [`- &a0 x\n${chain(100)}`, `line 101, column 10: ${deep}`],
  ]);
});

test('a text that is broken at random is read as the library does, or refused with its place', async () => {
  const random = new SeededRandom(1);
  const seed = stringify(JSON.parse(readSeed('flask-app-envoy').toString()));
  const pieces = ['{', '}', '[', ']', ',', ': ', '"', "'", '\\', '- ', '? ', '&a ', '*a', '!', '|'];
  pieces.push('#', ' ', '%', '<<', '\t', '\n', '\n\n  ', '---\n', '1e999', '~');
  let accepted = 0;
  for (let round = 0; round < 400; round++) {
    const cut = random.integer(seed.length + 1);
    const piece = pieces[random.integer(pieces.length)] ?? '';
    const text = seed.slice(0, cut) + piece + seed.slice(cut + random.integer(3));
    const { document, problem, line, column } = await readYamlSource(text);
    if (document === undefined) {
      assert.ok(line !== undefined && column !== undefined, problem);
      assert.ok(line <= text.split('\n').length && column >= 1, `${problem}`);
    } else if (document.keyProblems.length === 0) {
      assert.deepEqual(document.value, parse(text, { merge: true, logLevel: 'silent' }), text);
      accepted++;
    }
  }
  assert.ok(accepted > 100, `accepted ${accepted}`);
});
