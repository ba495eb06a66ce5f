import { randomUUID } from 'node:crypto';

/** A form as it is sent: its parts in turn, and what is to be said of them. */
export interface MultipartForm {
  readonly contentType: string;
  readonly byteLength: number;
  /** Bytes and files, in the order in which they are sent. */
  readonly parts: readonly (Buffer | Blob)[];
}

/** Encodes a form as `multipart/form-data`, as browsers do (RFC 7578, HTML 4.10.22.8). */
export function encodeMultipartForm(form: FormData): MultipartForm {
  // Nobody who fills in a field can guess it, and so end the field before its time.
  const boundary = `----pillion-${randomUUID()}`;
  const parts: (Buffer | Blob)[] = [];
  let text = '';
  let byteLength = 0;
  const flush = (): void => {
    const bytes = Buffer.from(text);
    parts.push(bytes);
    byteLength += bytes.length;
    text = '';
  };
  for (const [name, value] of form) {
    text += `--${boundary}\r\ncontent-disposition: form-data; name="${escapeName(toLines(name))}"`;
    if (typeof value === 'string') {
      text += `\r\n\r\n${toLines(value)}\r\n`;
    } else {
      const type = isPlainType(value.type) ? value.type : 'application/octet-stream';
      text += `; filename="${escapeName(value.name)}"\r\ncontent-type: ${type}\r\n\r\n`;
      flush();
      parts.push(value);
      byteLength += value.size;
      text = '\r\n';
    }
  }
  text += `--${boundary}--\r\n`;
  flush();
  return { contentType: `multipart/form-data; boundary=${boundary}`, byteLength, parts };
}

/** Yields the bytes of all parts; files are read piece by piece. */
export async function* readParts(
  parts: readonly (Buffer | Blob)[],
): AsyncGenerator<Uint8Array, undefined, undefined> {
  for (const part of parts) {
    if (Buffer.isBuffer(part)) {
      yield part;
    } else {
      yield* part.stream();
    }
  }
}

/** Whether a file's type is one, and can stand in a header. */
export function isPlainType(type: string): boolean {
  return /^[ -~]+$/.test(type);
}

/** Every end of a line is the same in a form. */
function toLines(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n');
}

const escapes: Readonly<Record<string, string>> = { '\r': '%0D', '\n': '%0A', '"': '%22' };

/** Keeps a name within its quotes. */
function escapeName(name: string): string {
  return name.replace(/[\r\n"]/g, (char) => escapes[char] ?? char);
}
