import { constants, type KeyObject, type X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { ConfigProblem } from '../../base/errors.js';
import { describeCertificates, type LoadedCertificate } from '../../base/tls/loaded-certificate.js';
import {
  readCertificates,
  readPrivateKey,
  readRevocationLists,
  stampFiles,
  type TlsFileResult,
} from '../../base/tls/tls-file.js';
import type { ListenerTlsConfig } from '../../config/tls-config.js';

/** What the files of an `ssl_context` hold, checked and ready for use. Replaced whole. */
export interface ListenerTlsMaterial {
  readonly secureContext: SecureContextOptions;
  readonly certificates: readonly LoadedCertificate[];
  /** That of the files when they were read. */
  readonly stamp: string;
}

/** The material, or why there is none: every problem that was found. */
export type LoadedListenerTls =
  | { readonly material: ListenerTlsMaterial; readonly problems?: undefined }
  | { readonly problems: readonly ConfigProblem[] };

/** The ciphers of Envoy's default that are still thought safe: reference 1.2.2. */
const defaultCiphers = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
].join(':');

const defaultCurves = 'X25519:P-256';

/** The files of an `ssl_context`. */
export function filesOf(config: ListenerTlsConfig): readonly string[] {
  const { certChainFile, privateKeyFile, caCertFile, crlFile } = config;
  return [certChainFile, privateKeyFile, caCertFile, crlFile].filter((path) => path !== undefined);
}

/**
 * Reads and checks the files of an `ssl_context`. `wallNowMs`: a certificate that has expired by
 * then is refused, since no client would take it.
 */
export async function loadListenerTls(
  config: ListenerTlsConfig,
  wallNowMs: number,
): Promise<LoadedListenerTls> {
  // Before the files are read: a change while they are is then seen by the next look.
  const stamp = await stampFiles(filesOf(config));
  const problems: ConfigProblem[] = [];
  const report = (key: string, message: string): void => {
    problems.push({ path: key === '' ? config.path : `${config.path}.${key}`, message });
  };
  const take = async <T>(
    key: string,
    path: string | undefined,
    read: (path: string) => Promise<TlsFileResult<T>>,
  ): Promise<T | undefined> => {
    const result = path === undefined ? undefined : await read(path);
    if (result?.problem !== undefined) {
      report(key, result.problem);
      return undefined;
    }
    return result?.value;
  };
  const [chain, key, authorities, revocationLists] = await Promise.all([
    take('cert_chain_file', config.certChainFile, readCertificates),
    take('private_key_file', config.privateKeyFile, readPrivateKey),
    take('ca_cert_file', config.caCertFile, readCertificates),
    take('crl_file', config.crlFile, readRevocationLists),
  ]);
  // They were found in the order in which the files happened to be read; whoever compares wants one.
  problems.sort((x, y) => (x.path < y.path ? -1 : 1));
  const [leaf] = chain ?? [];
  checkLeaf(config, leaf, key, wallNowMs, report);
  if (chain === undefined || key === undefined || problems.length > 0) {
    return { problems };
  }
  const secureContext = createOptions(config, chain, key, authorities, revocationLists);
  try {
    createSecureContext(secureContext);
  } catch (error) {
    report('', `OpenSSL does not take it: ${error instanceof Error ? error.message : error}`);
    return { problems };
  }
  const certificates = [
    ...describeCertificates(config.certChainFile, chain),
    ...describeCertificates(config.caCertFile ?? '', authorities ?? []),
  ];
  return { material: { secureContext, certificates, stamp } };
}

function checkLeaf(
  config: ListenerTlsConfig,
  leaf: X509Certificate | undefined,
  key: KeyObject | undefined,
  wallNowMs: number,
  report: (key: string, message: string) => void,
): void {
  if (leaf === undefined) {
    return;
  }
  if (Date.parse(leaf.validTo) <= wallNowMs) {
    report(
      'cert_chain_file',
      `the certificate in "${config.certChainFile}" expired on ${leaf.validTo}`,
    );
  }
  if (key !== undefined && !leaf.checkPrivateKey(key)) {
    report(
      'private_key_file',
      `the key in "${config.privateKeyFile}" is not that of the first certificate in ` +
        `"${config.certChainFile}"`,
    );
  }
}

function createOptions(
  config: ListenerTlsConfig,
  chain: readonly X509Certificate[],
  key: KeyObject,
  authorities: readonly X509Certificate[] | undefined,
  revocationLists: readonly string[] | undefined,
): SecureContextOptions {
  return {
    cert: chain.map((certificate) => certificate.toString()).join(''),
    key: key.export({ type: 'pkcs8', format: 'pem' }),
    // Without a file nobody is known: the authorities of Node.js vouch for servers, not for clients.
    ca: authorities?.map((certificate) => certificate.toString()) ?? [],
    ...(revocationLists === undefined ? {} : { crl: [...revocationLists] }),
    ciphers: config.cipherSuites ?? defaultCiphers,
    ecdhCurve: config.ecdhCurves ?? defaultCurves,
    honorCipherOrder: true,
    minVersion: 'TLSv1.2',
    // As BoringSSL: whoever has been verified must not become somebody else.
    secureOptions: constants['SSL_OP_NO_RENEGOTIATION'] ?? 0,
  };
}
