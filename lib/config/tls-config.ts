import { isIP } from 'node:net';
import { type TlsList, toOpensslCiphers, toOpensslCurves } from '../base/tls/cipher-list.js';
import { quoteText } from './describe-value.js';
import { formatJsonPath } from './json-path.js';
import { pathOf } from './json-place.js';
import type { JsonReader } from './json-reader.js';
import { readFilePath } from './shared-keys.js';

/** What the TLS of listeners and clusters has in common: reference 1.2.2 and 1.6.3. */
interface TlsConfig {
  /** JSON path of the `ssl_context`, for messages about its files. */
  readonly path: string;
  /** In order of preference; empty for none. */
  readonly alpnProtocols: readonly string[];
  readonly caCertFile: string | undefined;
  /** SHA-256, as 64 lower-case hexadecimal digits. */
  readonly verifyCertificateHash: string | undefined;
  /** One of them must match; empty for no check. */
  readonly verifySubjectAltNames: readonly string[];
  /** As OpenSSL takes them. */
  readonly cipherSuites: string | undefined;
  readonly ecdhCurves: string | undefined;
}

/** `ssl_context` of a listener: reference 1.2.2. */
export interface ListenerTlsConfig extends TlsConfig {
  readonly certChainFile: string;
  readonly privateKeyFile: string;
  readonly altAlpnProtocols: readonly string[];
  readonly requireClientCertificate: boolean;
  readonly crlFile: string | undefined;
  /** The first encrypts, all of them decrypt; empty for a key of the process. */
  readonly sessionTicketKeyFiles: readonly string[];
}

/** `ssl_context` of a cluster: reference 1.6.3. */
export interface ClusterTlsConfig extends TlsConfig {
  readonly clientCertificate:
    | { readonly certChainFile: string; readonly privateKeyFile: string }
    | undefined;
  readonly sni: string | undefined;
}

const certExample = '/etc/certs/cert.pem';

/** Parses `ssl_context` of a listener; `undefined` if it is broken. */
export function parseListenerTls(reader: JsonReader): ListenerTlsConfig | undefined {
  const shared = parseTls(reader);
  const certChainFile = readFilePath(reader, 'cert_chain_file', certExample);
  const privateKeyFile = readFilePath(reader, 'private_key_file', '/etc/certs/key.pem');
  const crlFile = readFilePath(reader, 'crl_file', '/etc/certs/crl.pem');
  warnOfUncheckedClients(reader, shared);
  return certChainFile === undefined || privateKeyFile === undefined
    ? undefined
    : {
        ...shared,
        certChainFile,
        privateKeyFile,
        altAlpnProtocols: readProtocols(reader, 'alt_alpn_protocols'),
        requireClientCertificate: reader.boolean('require_client_certificate') ?? false,
        crlFile,
        sessionTicketKeyFiles: reader.strings('session_ticket_key_paths').map(({ value }) => value),
      };
}

/** As in Envoy, a certificate is verified only with authorities; that is easily overlooked. */
function warnOfUncheckedClients(reader: JsonReader, shared: TlsConfig): void {
  if (shared.caCertFile !== undefined) {
    return;
  }
  const hasPins =
    shared.verifyCertificateHash !== undefined || shared.verifySubjectAltNames.length > 0;
  if (reader.boolean('require_client_certificate') === true && !hasPins) {
    reader.warning(
      'without "ca_cert_file" any certificate is let in, whoever has signed it',
      'require_client_certificate',
    );
  }
  if (shared.verifySubjectAltNames.length > 0) {
    reader.warning(
      'without "ca_cert_file" anybody can make a certificate with such a name',
      'verify_subject_alt_name',
    );
  }
  if (reader.has('crl_file')) {
    reader.warning('without "ca_cert_file" no certificate is looked up in it', 'crl_file');
  }
}

/** Parses `ssl_context` of a cluster. */
export function parseClusterTls(reader: JsonReader): ClusterTlsConfig {
  const certChainFile = readFilePath(reader, 'cert_chain_file', certExample);
  const privateKeyFile = readFilePath(reader, 'private_key_file', '/etc/certs/key.pem');
  if (reader.has('cert_chain_file') !== reader.has('private_key_file')) {
    const [present, absent] = reader.has('cert_chain_file')
      ? ['cert_chain_file', 'private_key_file']
      : ['private_key_file', 'cert_chain_file'];
    reader.problem(`"${present}" needs "${absent}" beside it; add it`, present);
  }
  return {
    ...parseTls(reader),
    clientCertificate:
      certChainFile === undefined || privateKeyFile === undefined
        ? undefined
        : { certChainFile, privateKeyFile },
    sni: readServerName(reader),
  };
}

/** Server names are names: RFC 6066, 3. */
function readServerName(reader: JsonReader): string | undefined {
  const name = reader.string('sni');
  if (name !== undefined && isIP(name) !== 0) {
    reader.warning('an address is no server name, so none is sent; remove it', 'sni');
    return undefined;
  }
  return name === '' ? undefined : name;
}

function parseTls(reader: JsonReader): TlsConfig {
  return {
    path: formatJsonPath(pathOf(reader.place)),
    alpnProtocols: readProtocols(reader, 'alpn_protocols'),
    caCertFile: readFilePath(reader, 'ca_cert_file', '/etc/certs/ca.pem'),
    verifyCertificateHash: readHash(reader),
    verifySubjectAltNames: reader.strings('verify_subject_alt_name').map(({ value }) => value),
    cipherSuites: readList(reader, 'cipher_suites', toOpensslCiphers),
    ecdhCurves: readList(reader, 'ecdh_curves', toOpensslCurves),
  };
}

function readList(
  reader: JsonReader,
  key: string,
  translate: (list: string) => TlsList,
): string | undefined {
  const written = reader.string(key);
  if (written === undefined || written === '') {
    return undefined;
  }
  const translated = translate(written);
  if (translated.problem !== undefined) {
    reader.problem(translated.problem, key);
    return undefined;
  }
  return translated.list;
}

/** ALPN sends each name with a length of one byte: RFC 7301, 3.1. */
function readProtocols(reader: JsonReader, key: string): string[] {
  const list = reader.string(key);
  const names = list === undefined ? [] : list.split(',').map((name) => name.trim());
  const wrong = names.find((name) => name === '' || name.length > 255);
  if (wrong !== undefined) {
    reader.problem(
      `expected names with commas between them, such as "h2,http/1.1", found ${quoteText(list ?? '')}`,
      key,
    );
  }
  return names;
}

/** Colons between the bytes are what openssl prints, and are passed over. */
function readHash(reader: JsonReader): string | undefined {
  const text = reader.string('verify_certificate_hash');
  const digits = text?.replaceAll(':', '').toLowerCase();
  if (digits !== undefined && !/^[0-9a-f]{64}$/.test(digits)) {
    reader.warning(
      `no certificate has the hash ${quoteText(text ?? '')}, so no peer is let in; a SHA-256 hash ` +
        'has 64 hexadecimal digits',
      'verify_certificate_hash',
    );
  }
  return digits;
}
