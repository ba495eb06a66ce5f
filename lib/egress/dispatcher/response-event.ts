import type { Duplex } from 'node:stream';
import type { HeaderList } from '../../http/headers.js';

/** What there is to tell a handler of its response. */
export type ResponseEvent =
  | { readonly kind: 'head'; readonly status: number; readonly headers: HeaderList }
  | { readonly kind: 'data'; readonly chunk: Buffer }
  | { readonly kind: 'end'; readonly trailers: HeaderList | undefined }
  /** A host has agreed to change the protocol. */
  | { readonly kind: 'upgrade'; readonly headers: HeaderList; readonly socket: Duplex }
  | { readonly kind: 'failure'; readonly error: unknown };
