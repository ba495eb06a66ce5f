import type { TestContext } from 'node:test';
import type { Logger } from '../../lib/base/log.js';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import { type Json, staticCluster } from './config-builder.js';
import { FakeUpstream } from './fake-upstream.js';
import { TestProxy } from './proxy.js';
import { RuntimeTrees, type TreeFiles } from './runtime-trees.js';
import { until } from './until.js';

/** A sidecar that reads its runtime values from `trees`. */
export interface RuntimeProxy {
  readonly proxy: TestProxy;
  /** What was logged, as `level: message`. */
  readonly logged: string[];
  /** Waits until a key has a value. */
  untilValue(key: string, value: string | undefined): Promise<void>;
  /** Returns the statistics `runtime.` that are not 0. */
  counts(): Promise<Record<string, number>>;
}

/** Starts a sidecar whose fault filter aborts nothing unless a runtime value says so. */
export async function startWithTrees(
  t: TestContext,
  trees: RuntimeTrees,
  runtime: Json = {},
  options: Partial<SidecarOptions> = {},
): Promise<RuntimeProxy> {
  const upstream = await FakeUpstream.start();
  const logged: string[] = [];
  const log =
    (level: string) =>
    (message: string): void => {
      logged.push(`${level}: ${message}`);
    };
  const logger: Logger = {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
  };
  const faults = [
    { name: 'fault', config: { abort: { abort_percent: 0, http_status: 418 } } },
    { name: 'router', config: {} },
  ];
  const proxy = await TestProxy.start(t, {
    upstream,
    manager: { filters: faults },
    config: {
      clusters: [staticCluster('app', [upstream.url])],
      runtime: { symlink_root: trees.link, subdirectory: 'envoy', ...runtime },
    },
    options: { logger, ...options },
  });
  const { sidecar } = proxy;
  return {
    proxy,
    logged,
    untilValue: (key, value) =>
      until(() => sidecar.runtime.get(key) === value, `${key} has the value ${value}`),
    async counts() {
      const counts: Record<string, number> = {};
      for (const [name, value] of await proxy.stats()) {
        if (name.startsWith('runtime.') && value !== 0) {
          counts[name.slice('runtime.'.length)] = value;
        }
      }
      return counts;
    },
  };
}

/** Starts a sidecar with one tree. */
export async function startWithTree(
  t: TestContext,
  files: TreeFiles,
  runtime?: Json,
  options?: Partial<SidecarOptions>,
): Promise<RuntimeProxy & { readonly trees: RuntimeTrees; readonly tree: string }> {
  const trees = await RuntimeTrees.create(t);
  const tree = await trees.publish(files);
  return { ...(await startWithTrees(t, trees, runtime, options)), trees, tree };
}
