import { isHeaderName, isHeaderValue } from '../../config/header-text.js';
import { getHeader, type HeaderList, removeHeader, setHeader } from '../../http/headers.js';
import type { RequestHead, ResponseHead } from '../../http/message.js';

/** How many bytes of headers a script may write for one message: they are kept outside of Lua. */
export const maxWrittenBytes: number = 256 * 1024;

/**
 * Headers that say where a message or its connection ends. Scripts may read them; writing them
 * would let the next hop see another end than we do.
 */
const framingHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Whether a header says where a message ends. `name` is in lower case. */
export function isFramingHeader(name: string): boolean {
  return framingHeaders.has(name);
}

/** What may stand in the headers that begin with a colon. */
const pseudoHeaderValues: ReadonlyMap<string, RegExp> = new Map([
  [':authority', /^[\x21-\x2e\x30-\x3e\x40-\x5b\x5d-\x7e\x80-\xff]+$/],
  // Nothing here could be the other end of a tunnel.
  [':method', /^(?!CONNECT$)[!#$%&'*+.^_`|~\w-]+$/],
  [':path', /^\/[\x21-\x22\x24-\x7e\x80-\xff]*$/],
  [':status', /^[2-5]\d\d$/],
  [':scheme', /^https?$/],
]);

/** Returns whether a value may stand in a header that begins with a colon. */
export function isPseudoHeaderValue(name: string, value: string): boolean {
  return pseudoHeaderValues.get(name)?.test(value) === true;
}

/** One of Envoy's headers that begin with a colon. */
interface PseudoHeader {
  get(): string;
  set(value: string): void;
}

/** The headers of one message as scripts see them. What is refused is returned as a message. */
export class ScriptHeaders {
  readonly #headers: HeaderList;
  readonly #pseudoHeaders: ReadonlyMap<string, PseudoHeader>;
  #writtenBytes = 0;
  /** Whether they are still here to be changed. */
  isModifiable = true;

  constructor(
    headers: HeaderList,
    pseudoHeaders: ReadonlyMap<string, PseudoHeader> = new Map<string, PseudoHeader>(),
  ) {
    this.#headers = headers;
    this.#pseudoHeaders = pseudoHeaders;
  }

  /** The headers of a request, with `:method`, `:path` and `:authority`, which is `host` as well. */
  static ofRequest(head: RequestHead): ScriptHeaders {
    const authority = pseudoOf(head, 'authority');
    const pseudoHeaders = new Map([
      [':authority', authority],
      ['host', authority],
      [':method', pseudoOf(head, 'method')],
      [':path', pseudoOf(head, 'path')],
    ]);
    return new ScriptHeaders(head.headers, pseudoHeaders);
  }

  /** The headers of a response, with `:status`. */
  static ofResponse(head: ResponseHead): ScriptHeaders {
    const status: PseudoHeader = {
      get: () => String(head.status),
      set: (value) => {
        head.status = Number(value);
      },
    };
    return new ScriptHeaders(head.headers, new Map([[':status', status]]));
  }

  /** Returns the first value. */
  get(name: string): string | undefined {
    const key = name.toLowerCase();
    return this.#pseudoHeaders.get(key)?.get() ?? getHeader(this.#headers, key);
  }

  /** Names and values in turn. */
  entries(): readonly string[] {
    const entries: string[] = [];
    for (const [name, header] of this.#pseudoHeaders) {
      if (name.startsWith(':')) {
        entries.push(name, header.get());
      }
    }
    return entries.concat(this.#headers);
  }

  /** Adds a header. One with a colon is there already, and stays as it is, as in Envoy. */
  add(name: string, value: string): string | undefined {
    const key = name.toLowerCase();
    if (this.#pseudoHeaders.has(key)) {
      return this.#refuseWrite(value);
    }
    const problem = this.#refuse(key) ?? this.#refuseWrite(value) ?? describeHeader(key, value);
    if (problem === undefined) {
      this.#headers.push(key, value);
    }
    return problem;
  }

  /** Sets a header, however often it was there. */
  replace(name: string, value: string): string | undefined {
    const key = name.toLowerCase();
    const pseudo = this.#pseudoHeaders.get(key);
    const problem = this.#refuseWrite(value);
    if (problem !== undefined) {
      return problem;
    }
    if (pseudo !== undefined) {
      if (!isPseudoHeaderValue(key === 'host' ? ':authority' : key, value)) {
        return `${key} cannot be ${quote(value)}`;
      }
      pseudo.set(value);
      return undefined;
    }
    const refusal = this.#refuse(key) ?? describeHeader(key, value);
    if (refusal === undefined) {
      setHeader(this.#headers, key, value);
    }
    return refusal;
  }

  /** Removes a header; without effect if there is none. */
  remove(name: string): string | undefined {
    const key = name.toLowerCase();
    if (this.#pseudoHeaders.has(key)) {
      return `${key} cannot be removed`;
    }
    // Without a length a message is sent in chunks, which is right for any body.
    const problem = key === 'content-length' ? this.#refuseChange() : this.#refuse(key);
    if (problem === undefined) {
      removeHeader(this.#headers, key);
    }
    return problem;
  }

  #refuse(key: string): string | undefined {
    const isOurs = isFramingHeader(key);
    return this.#refuseChange() ?? (isOurs ? `${key} is not for scripts to change` : undefined);
  }

  #refuseChange(): string | undefined {
    return this.isModifiable ? undefined : 'header map can no longer be modified';
  }

  #refuseWrite(value: string): string | undefined {
    this.#writtenBytes += value.length + 32;
    const isTooMuch = this.#writtenBytes > maxWrittenBytes;
    return this.#refuseChange() ?? (isTooMuch ? 'too many bytes of headers' : undefined);
  }
}

/** Returns what is wrong with a header, if anything is: a line break in it would begin another. */
export function describeHeader(name: string, value: string): string | undefined {
  if (!isHeaderName(name)) {
    return `${quote(name)} is not the name of a header`;
  }
  return isHeaderValue(value) ? undefined : `the value of ${name} contains control characters`;
}

function pseudoOf(head: RequestHead, key: 'authority' | 'method' | 'path'): PseudoHeader {
  return {
    get: () => head[key],
    set: (value) => {
      head[key] = value;
    },
  };
}

function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}...` : text);
}
