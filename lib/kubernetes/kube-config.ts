import type https from 'node:https';
import { SidecarError } from '../base/errors.js';

/** The part of a `KubeConfig` of `@kubernetes/client-node` that is used, in version 1 or 2. */
export interface KubeConfigAccess {
  getCurrentContext(): string;
  getCurrentCluster(): { readonly server: string } | null;
  /** Adds certificates, token and agent to the options of a request. */
  applyToHTTPSOptions(options: https.RequestOptions): Promise<void>;
}

/** What `loadKubeConfig` calls beside that, to fill one. */
interface LoadableKubeConfig extends KubeConfigAccess {
  getContexts(): readonly { readonly name: string }[];
  setCurrentContext(name: string): void;
  loadFromFile(path: string): void;
  loadFromDefault(): void;
  loadFromCluster(pathPrefix?: string): void;
}

/** Which Kubernetes is meant. */
export interface KubeConfigChoice {
  /** Path of a kubeconfig file. */
  readonly file: string | undefined;
  /** Name of a context in it. */
  readonly context: string | undefined;
  /** Where the files of the service account are looked for, in front of their usual path. */
  readonly serviceAccountPrefix: string | undefined;
}

const packageName = '@kubernetes/client-node';

/** Imports the optional package. It takes half a second and 80 MB, so not before it is needed. */
export type LoadKubernetesClient = () => Promise<unknown>;

const importClient: LoadKubernetesClient = () => import('@kubernetes/client-node');

/** Throws `SIDECAR_PACKAGE_MISSING` if the optional package is not installed. Imports nothing. */
export function requireKubernetesClient(
  resolve: ((specifier: string) => string) | undefined = import.meta.resolve,
): void {
  try {
    // Programs that were bundled have no such function; they hear of it later.
    resolve?.(packageName);
  } catch (cause) {
    throw packageMissing(cause);
  }
}

/**
 * Finds the way to the API server: by the file, else by `KUBECONFIG`, else as a pod by its service
 * account, else by `~/.kube/config`.
 *
 * Rejects with `SIDECAR_PACKAGE_MISSING`, and with `SIDECAR_CONFIG_UNREADABLE` if there is no such
 * way, which the message explains.
 */
export async function loadKubeConfig(
  choice: KubeConfigChoice,
  load: LoadKubernetesClient = importClient,
): Promise<KubeConfigAccess> {
  const kubeConfig = await createKubeConfig(load);
  const origin = choice.file ?? 'the kubeconfig';
  try {
    fill(kubeConfig, choice);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw unreadable(`${origin} cannot be read: ${reason}`, cause);
  }
  if (choice.context !== undefined) {
    selectContext(kubeConfig, choice.context, origin);
  }
  if (kubeConfig.getCurrentContext() === fallbackContext) {
    throw unreadable(
      'no way to Kubernetes: this is no pod with a service account, and there is no kubeconfig ' +
        '(KUBECONFIG, ~/.kube/config)',
    );
  }
  if (!kubeConfig.getCurrentCluster()?.server) {
    throw unreadable(
      `${origin} names no cluster for the context ` +
        `${JSON.stringify(kubeConfig.getCurrentContext() ?? '')}`,
    );
  }
  return kubeConfig;
}

/** What the package calls its guess, `http://localhost:8080`, when it has found nothing. */
const fallbackContext = 'loaded-context';

async function createKubeConfig(load: LoadKubernetesClient): Promise<LoadableKubeConfig> {
  try {
    // What the package exports is known by its types.
    const client = (await load()) as { readonly KubeConfig: new () => LoadableKubeConfig };
    return new client.KubeConfig();
  } catch (cause) {
    throw packageMissing(cause);
  }
}

function fill(kubeConfig: LoadableKubeConfig, choice: KubeConfigChoice): void {
  const { file, context, serviceAccountPrefix = '' } = choice;
  if (file !== undefined) {
    kubeConfig.loadFromFile(file);
  } else if (context === undefined && isPod()) {
    kubeConfig.loadFromCluster(serviceAccountPrefix);
  } else {
    kubeConfig.loadFromDefault();
  }
}

/** An image may bring a `~/.kube/config` by accident; `KUBECONFIG` is set on purpose. */
function isPod(): boolean {
  const { KUBERNETES_SERVICE_HOST: host, KUBECONFIG: file } = process.env;
  return host !== undefined && host !== '' && (file === undefined || file === '');
}

function selectContext(kubeConfig: LoadableKubeConfig, context: string, origin: string): void {
  const names = (kubeConfig.getContexts() ?? []).map(({ name }) => name);
  if (!names.includes(context)) {
    throw unreadable(
      `${origin} has no context ${JSON.stringify(context)}; there are: ${names.join(', ')}`,
    );
  }
  kubeConfig.setCurrentContext(context);
}

function packageMissing(cause: unknown): SidecarError {
  const reason = cause instanceof Error ? `: ${cause.message.split('\n', 1)[0]}` : '';
  // Version 2 cannot be loaded there, and npm does not know.
  const isNode20 = process.versions.node.startsWith('20.');
  return new SidecarError(
    'SIDECAR_PACKAGE_MISSING',
    `Kubernetes needs the package ${packageName}, which cannot be loaded${reason}; run ` +
      `\`npm install ${packageName}${isNode20 ? '@1' : ''}\``,
    { cause },
  );
}

function unreadable(message: string, cause?: unknown): SidecarError {
  return new SidecarError('SIDECAR_CONFIG_UNREADABLE', message, { cause });
}
