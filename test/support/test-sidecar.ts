import { systemClock } from '../../lib/base/clock.js';
import { systemRandom } from '../../lib/base/random.js';
import { type Sidecar, type SidecarEnvironment, startSidecar } from '../../lib/sidecar.js';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import { adminAddress, buildConfig, type ConfigParts, listenerAddress } from './config-builder.js';

/** A sidecar of a test, on ports that the system chose. */
export interface TestSidecar {
  readonly sidecar: Sidecar;
  /** Port of the listener on 127.0.0.1; 0 if there is none. */
  readonly port: number;
  readonly adminPort: number;
  /** Returns the statistics by name. */
  stats(): Promise<ReadonlyMap<string, number>>;
}

/** Starts a sidecar on loopback. `options` and `environment` replace what they name. */
export async function startTestSidecar(
  parts: ConfigParts,
  options: Partial<SidecarOptions> = {},
  environment: Partial<SidecarEnvironment> = {},
): Promise<TestSidecar> {
  const { listenOn, ...rest } = options;
  const sidecar = await startSidecar(
    {
      config: buildConfig(parts),
      listenOn: {
        ...(parts.hasListener === false ? {} : { [listenerAddress]: 'tcp://127.0.0.1:0' }),
        [adminAddress]: 'tcp://127.0.0.1:0',
        ...listenOn,
      },
      ...rest,
    },
    { clock: systemClock, random: systemRandom, ...environment },
  );
  const adminPort = portOf(sidecar.admin?.address);
  return {
    sidecar,
    port: portOf(sidecar.listeners[0]?.address),
    adminPort,
    stats: () => readStats(adminPort),
  };
}

/** Returns the port of `tcp://host:port`. */
export function portOf(address: string | undefined): number {
  return address === undefined ? 0 : Number(address.slice(address.lastIndexOf(':') + 1));
}

async function readStats(adminPort: number): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/stats`);
  const stats = new Map<string, number>();
  for (const line of (await response.text()).split('\n')) {
    const end = line.lastIndexOf(': ');
    if (end !== -1) {
      stats.set(line.slice(0, end), Number(line.slice(end + 2)));
    }
  }
  return stats;
}
