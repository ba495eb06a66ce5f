import { fromByteString } from '../../base/byte-string.js';
import { KnownTexts } from '../../base/known-texts.js';

/** Whom a request names as its host, as spans show it. */
export interface Authority {
  /** The whole of it: `host` or `host:port`. */
  readonly text: string;
  /** The host, IPv6 addresses without their brackets. */
  readonly address: string;
  readonly port: number | undefined;
  /** How the span of a request that goes out to it is called, if nobody names it otherwise. */
  readonly egressName: string;
}

/** `host:port`, IPv6 addresses in brackets. */
const addressPattern = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/;

const known: KnownTexts<Authority> = new KnownTexts(256, 128);

/** Takes the host of a request apart. One that was seen before costs a look-up. */
export function readAuthority(authority: string): Authority {
  const found = known.get(authority);
  if (found !== undefined) {
    return found;
  }
  const read = parseAuthority(authority);
  known.add(authority, read);
  return read;
}

/** The same for what is not worth remembering. */
export function parseAuthority(authority: string): Authority {
  const [, bracketed, host = authority, port] = addressPattern.exec(authority) ?? [];
  const text = fromByteString(authority);
  return {
    text,
    address: fromByteString(bracketed ?? host),
    port: port === undefined ? undefined : Number(port),
    egressName: `egress ${text}`,
  };
}
