import { createSecureContext, type SecureContextOptions } from 'node:tls';

/** A list as OpenSSL takes it, or what is wrong with it, as the end of a sentence. */
export type TlsList =
  | { readonly list: string; readonly problem?: undefined }
  | { readonly problem: string };

/**
 * Writes a list of ciphers in BoringSSL's syntax as OpenSSL takes it.
 *
 * The two differ in groups of equal preference, `[A|B]`, which OpenSSL has not: their members become
 * neighbors, so the same ciphers are accepted. OpenSSL passes over names that it does not know, and
 * would leave a list shorter than its author thinks; here they are a problem, as in BoringSSL.
 */
export function toOpensslCiphers(list: string): TlsList {
  const names = list
    .replace(/\[([^[\]]*)\]/g, (_group, members: string) => members.replaceAll('|', ':'))
    .split(/[:, ;]/)
    .filter((name) => name !== '');
  for (const name of names) {
    const problem = findCipherProblem(name);
    if (problem !== undefined) {
      return { problem };
    }
  }
  return isTaken({ ciphers: names.join(':') })
    ? { list: names.join(':') }
    : { problem: 'the list leaves no cipher' };
}

/** Names that are in use, which are few, and some that are not. */
const maxRemembered = 1000;

/** Whether names and lists are taken. A context takes half a millisecond to make. */
const remembered = new Map<string, boolean>();

function findCipherProblem(name: string): string | undefined {
  if (/^TLS_/.test(name)) {
    return (
      `"${name}" cannot be chosen by this list: the ciphers of TLS 1.3 are always offered, and ` +
      'those of TLS 1.2 have names such as "ECDHE-RSA-AES128-GCM-SHA256"'
    );
  }
  // What takes ciphers away, or moves them, may name some that are not there.
  if (/^[!+-][\w+-]+$/.test(name) || name === '@STRENGTH') {
    return undefined;
  }
  return /^[\w+-]+$/.test(name) && isTaken({ ciphers: name })
    ? undefined
    : `the OpenSSL of this Node.js has no cipher "${name}"`;
}

/** Checks a list of curves, whose names BoringSSL and OpenSSL share. */
export function toOpensslCurves(list: string): TlsList {
  for (const name of list.split(':')) {
    if (!/^[\w-]+$/.test(name) || !isTaken({ ecdhCurve: name })) {
      return { problem: `the OpenSSL of this Node.js has no curve "${name}"` };
    }
  }
  return { list };
}

function isTaken(options: SecureContextOptions): boolean {
  const key = JSON.stringify(options);
  const known = remembered.get(key);
  if (known !== undefined) {
    return known;
  }
  if (remembered.size >= maxRemembered) {
    remembered.clear();
  }
  const answer = makesContext(options);
  remembered.set(key, answer);
  return answer;
}

function makesContext(options: SecureContextOptions): boolean {
  try {
    // Without authorities, or it would load all those of Node.js.
    createSecureContext({ ca: [], ...options });
    return true;
  } catch {
    return false;
  }
}
