import type { LayeredRuntime, RuntimeCounts } from '../base/runtime/layered-runtime.js';
import { RuntimeLoader } from '../base/runtime/runtime-loader.js';
import type { RuntimeConfig } from '../config/service-configs.js';
import type { AssemblyOptions } from './assembly-options.js';

/** Creates what loads the tree of runtime values; `undefined` if the configuration names none. */
export function createRuntimeLoader(
  config: RuntimeConfig | undefined,
  { serviceCluster, log }: AssemblyOptions,
  runtime: LayeredRuntime,
  counts: RuntimeCounts,
): RuntimeLoader | undefined {
  if (config === undefined) {
    return undefined;
  }
  const { symlinkRoot, subdirectory, overrideSubdirectory } = config;
  // The name of one folder: without one, Envoy would take the folders of all service clusters for keys.
  const isFolderName = !/^\.{0,2}$|\//.test(serviceCluster);
  const override =
    overrideSubdirectory !== undefined && isFolderName
      ? `${overrideSubdirectory}/${serviceCluster}`
      : undefined;
  const folders = { symlinkRoot, subdirectory, override };
  return new RuntimeLoader({ folders, runtime, counts, log });
}
