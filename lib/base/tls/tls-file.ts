import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

/** What was read from a file, or what is wrong with it, as the end of a sentence. */
export type TlsFileResult<T> =
  | { readonly value: T; readonly problem?: undefined }
  | { readonly problem: string };

/** The same for the same files; differs if one of them was written or replaced. */
export async function stampFiles(paths: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    paths.map(async (path) => {
      try {
        // Links are followed, so a link that points elsewhere shows as another file.
        const { dev, ino, size, ctimeNs } = await stat(path, { bigint: true });
        return `${dev}.${ino}.${size}.${ctimeNs}`;
      } catch {
        return 'none';
      }
    }),
  );
  return stamps.join(' ');
}

/** Reads a file of certificates in PEM: at least one. */
export async function readCertificates(
  path: string,
): Promise<TlsFileResult<readonly X509Certificate[]>> {
  const blocks = await readBlocks(path, 'CERTIFICATE', 'certificate');
  if (blocks.problem !== undefined) {
    return blocks;
  }
  try {
    return { value: blocks.value.map((block) => new X509Certificate(block)) };
  } catch {
    return { problem: `"${path}" holds a certificate that cannot be read` };
  }
}

/** Reads a file of certificate revocation lists in PEM: at least one. */
export function readRevocationLists(path: string): Promise<TlsFileResult<readonly string[]>> {
  return readBlocks(path, 'X509 CRL', 'certificate revocation list');
}

/** Reads a file with a private key in PEM. */
export async function readPrivateKey(path: string): Promise<TlsFileResult<KeyObject>> {
  const text = await readText(path);
  if (text.problem !== undefined) {
    return text;
  }
  try {
    return { value: createPrivateKey(text.value) };
  } catch {
    return {
      problem: /ENCRYPTED/.test(text.value)
        ? `the private key in "${path}" is encrypted, and there is no way to give its password`
        : `"${path}" holds no private key in PEM`,
    };
  }
}

async function readBlocks(
  path: string,
  label: string,
  noun: string,
): Promise<TlsFileResult<readonly string[]>> {
  const text = await readText(path);
  if (text.problem !== undefined) {
    return text;
  }
  const blocks = text.value.match(
    new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`, 'g'),
  );
  return blocks === null ? { problem: `"${path}" holds no ${noun} in PEM` } : { value: blocks };
}

async function readText(path: string): Promise<TlsFileResult<string>> {
  try {
    return { value: await readFile(path, 'latin1') };
  } catch (error) {
    // What the system throws always has a code.
    const { code } = error as NodeJS.ErrnoException;
    return { problem: `"${path}" cannot be read: ${explain(code)}` };
  }
}

function explain(code: string | undefined): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'no permission';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return `the system says ${code ?? 'nothing more'}`;
  }
}
