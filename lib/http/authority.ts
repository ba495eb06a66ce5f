import { isIPv6 } from 'node:net';

/** `host` or `host:port` of RFC 3986, 3.2; what stands in brackets is looked at in addition. */
const authorityPattern = /^(?:\[([\da-f:.]+)\]|(?:[\w.!~$&'()*+,;=-]|%[\da-f]{2})+)(?::\d*)?$/i;

/** Most hosts by far. Without groups and choices it takes half the time. */
const plainPattern = /^[\w.-]+(?::\d*)?$/;

/** Whoever serves one host is asked for it again and again. */
let lastPlain = '';

/**
 * Whether a text can name the host of a request. User names cannot stand in it (RFC 9110, 4.2.4),
 * nor can anything that two readers could end at different places.
 */
export function isAuthority(text: string): boolean {
  if (text === lastPlain && text !== '') {
    return true;
  }
  if (plainPattern.test(text)) {
    lastPlain = text;
    return true;
  }
  const match = authorityPattern.exec(text);
  return match !== null && (match[1] === undefined || isIPv6(match[1]));
}
