import { constants, type KeyObject, type X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type ConfigProblem, describeProblem, SidecarError } from '../../base/errors.js';
import { describeCertificates, type LoadedCertificate } from '../../base/tls/loaded-certificate.js';
import {
  readCertificates,
  readPrivateKey,
  stampFiles,
  type TlsFileResult,
} from '../../base/tls/tls-file.js';
import type { ClusterManagerConfig } from '../../config/cluster-manager-config.js';
import type { ClusterTlsConfig } from '../../config/tls-config.js';

/** What the files of an `ssl_context` hold, checked and ready for use. Replaced whole. */
export interface ClusterTlsMaterial {
  readonly secureContext: SecureContext;
  readonly certificates: readonly LoadedCertificate[];
  /** That of the files when they were read. */
  readonly stamp: string;
}

/** The material, or why there is none: every problem that was found. */
export type LoadedClusterTls =
  | { readonly material: ClusterTlsMaterial; readonly problems?: undefined }
  | { readonly problems: readonly ConfigProblem[] };

/** The curves of Envoy's default: reference 1.2.2. */
const defaultCurves = 'X25519:P-256';

/** The files of an `ssl_context`. */
export function filesOf({ clientCertificate, caCertFile }: ClusterTlsConfig): readonly string[] {
  return [clientCertificate?.certChainFile, clientCertificate?.privateKeyFile, caCertFile].filter(
    (path) => path !== undefined,
  );
}

/**
 * Reads and checks the files of an `ssl_context`. `wallNowMs`: a certificate that has expired by
 * then is refused, since no host would take it.
 */
export async function loadClusterTls(
  config: ClusterTlsConfig,
  wallNowMs: number,
): Promise<LoadedClusterTls> {
  // Before the files are read: a change while they are is then seen by the next look.
  const stamp = await stampFiles(filesOf(config));
  const problems: ConfigProblem[] = [];
  const take = async <T>(
    key: string,
    path: string | undefined,
    read: (path: string) => Promise<TlsFileResult<T>>,
  ): Promise<T | undefined> => {
    const result = path === undefined ? undefined : await read(path);
    if (result?.problem !== undefined) {
      problems.push({ path: `${config.path}.${key}`, message: result.problem });
      return undefined;
    }
    return result?.value;
  };
  const { certChainFile, privateKeyFile } = config.clientCertificate ?? {};
  const [chain, key, authorities] = await Promise.all([
    take('cert_chain_file', certChainFile, readCertificates),
    take('private_key_file', privateKeyFile, readPrivateKey),
    take('ca_cert_file', config.caCertFile, readCertificates),
  ]);
  // They were found in the order in which the files happened to be read; whoever compares wants one.
  problems.sort((x, y) => (x.path < y.path ? -1 : 1));
  if (chain !== undefined && key !== undefined) {
    problems.push(...findPairProblems(config, chain, key, wallNowMs));
  }
  if (problems.length > 0) {
    return { problems };
  }
  try {
    const secureContext = createContext(config, chain, key, authorities);
    const certificates = [
      ...describeCertificates(certChainFile ?? '', chain ?? []),
      ...describeCertificates(config.caCertFile ?? '', authorities ?? []),
    ];
    return { material: { secureContext, certificates, stamp } };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { problems: [{ path: config.path, message: `OpenSSL does not take it: ${detail}` }] };
  }
}

/** What a configuration has of clusters. */
type ClusterConfigs = Pick<ClusterManagerConfig, 'clusters' | 'sds' | 'cds'>;

/**
 * Reads the files of all clusters as starting would, and returns what is wrong with them. Those of
 * clusters that are `mounted` are not read: nothing is connected to there.
 */
export async function findClusterTlsProblems(
  { clusters, sds, cds }: ClusterConfigs,
  wallNowMs: number,
  mounted?: { has(name: string): boolean },
): Promise<readonly ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  const services = [sds, cds].flatMap((service) => service?.cluster ?? []);
  for (const { name, tls } of [...services, ...clusters]) {
    const isUsed = tls !== undefined && mounted?.has(name) !== true;
    const loaded = isUsed ? await loadClusterTls(tls, wallNowMs) : undefined;
    problems.push(...(loaded?.problems ?? []));
  }
  return problems;
}

/** The same; throws `SIDECAR_TLS_FAILED` with every problem. */
export async function checkClusterTls(
  config: ClusterConfigs,
  wallNowMs: number,
  mounted?: { has(name: string): boolean },
): Promise<void> {
  const problems = await findClusterTlsProblems(config, wallNowMs, mounted);
  if (problems.length > 0) {
    const lines = problems.map((problem) => `\n  ${describeProblem(problem)}`);
    throw new SidecarError('SIDECAR_TLS_FAILED', `TLS files cannot be used:${lines.join('')}`);
  }
}

function findPairProblems(
  { path, clientCertificate }: ClusterTlsConfig,
  [leaf]: readonly X509Certificate[],
  key: KeyObject,
  wallNowMs: number,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { certChainFile, privateKeyFile } = clientCertificate ?? {};
  if (leaf !== undefined && Date.parse(leaf.validTo) <= wallNowMs) {
    const message = `the certificate in "${certChainFile}" expired on ${leaf.validTo}`;
    problems.push({ path: `${path}.cert_chain_file`, message });
  }
  if (leaf?.checkPrivateKey(key) === false) {
    const message =
      `the key in "${privateKeyFile}" is not that of the first certificate in ` +
      `"${certChainFile}"`;
    problems.push({ path: `${path}.private_key_file`, message });
  }
  return problems;
}

function createContext(
  config: ClusterTlsConfig,
  chain: readonly X509Certificate[] | undefined,
  key: KeyObject | undefined,
  authorities: readonly X509Certificate[] | undefined,
): SecureContext {
  return createSecureContext({
    ...(chain === undefined || key === undefined
      ? {}
      : {
          cert: chain.map((certificate) => certificate.toString()).join(''),
          key: key.export({ type: 'pkcs8', format: 'pem' }),
        }),
    // Without a file nobody is asked who the host is: those that Node.js knows are not to be loaded.
    ca: authorities?.map((certificate) => certificate.toString()) ?? [],
    ...(config.cipherSuites === undefined ? {} : { ciphers: config.cipherSuites }),
    ecdhCurve: config.ecdhCurves ?? defaultCurves,
    minVersion: 'TLSv1.2',
    // As BoringSSL: whoever has been verified must not become somebody else.
    secureOptions: constants['SSL_OP_NO_RENEGOTIATION'] ?? 0,
  });
}
