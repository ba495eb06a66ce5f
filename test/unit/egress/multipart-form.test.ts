import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeMultipartForm, readParts } from '../../../lib/egress/multipart-form.js';

/** What is sent, with the boundary named `B`. */
async function encode(form: FormData): Promise<{ text: string; byteLength: number; sent: number }> {
  const { contentType, byteLength, parts } = encodeMultipartForm(form);
  const chunks: Uint8Array[] = [];
  for await (const chunk of readParts(parts)) {
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const boundary = contentType.replace('multipart/form-data; boundary=', '');
  const text = bytes.toString('utf8').replaceAll(boundary, 'B');
  return { text, byteLength, sent: bytes.length };
}

test('fields and files are written as browsers write them, and measured before', async () => {
  const form = new FormData();
  form.append('ä', 'line\nline\rline\r\n');
  form.append('f', new File(['bytes'], 'ä.txt', { type: 'text/x' }));
  form.append('a"\r\nb', 'end');
  const { text, byteLength, sent } = await encode(form);
  assert.equal(
    text,
    '--B\r\ncontent-disposition: form-data; name="ä"\r\n\r\nline\r\nline\r\nline\r\n\r\n' +
      '--B\r\ncontent-disposition: form-data; name="f"; filename="ä.txt"\r\n' +
      'content-type: text/x\r\n\r\nbytes\r\n' +
      '--B\r\ncontent-disposition: form-data; name="a%22%0D%0Ab"\r\n\r\nend\r\n--B--\r\n',
  );
  assert.equal(byteLength, sent);
});

test('each form has a boundary of its own', () => {
  const form = new FormData();
  assert.notEqual(encodeMultipartForm(form).contentType, encodeMultipartForm(form).contentType);
});

test('a file whose type could not stand in a header is bytes', async () => {
  const file = { name: 'f', type: 'a\r\nx-evil: 1', size: 0, stream: () => new Blob([]).stream() };
  // Other implementations of forms let such files in.
  const form = new Map([['f', file]]) as unknown as FormData;
  const { text } = await encode(form);
  assert.match(text, /content-type: application\/octet-stream\r\n/);
  assert.ok(!text.includes('x-evil'));
});
