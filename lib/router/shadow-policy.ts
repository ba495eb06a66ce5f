import type { Runtime } from '../base/runtime.js';
import type { ShadowConfig } from '../config/route-action-config.js';

/** Where copies of the requests of a route go, and of which requests. Compiled once. */
export class ShadowPolicy {
  readonly cluster: string;
  readonly #runtimeKey: string | undefined;
  readonly #runtime: Runtime;

  private constructor({ cluster, runtimeKey }: ShadowConfig, runtime: Runtime) {
    this.cluster = cluster;
    this.#runtimeKey = runtimeKey;
    this.#runtime = runtime;
  }

  /** Returns `undefined` for a route that sends no copies, so that requests need not ask. */
  static create(config: ShadowConfig | undefined, runtime: Runtime): ShadowPolicy | undefined {
    // Envoy takes an empty text for none.
    return config === undefined || config.cluster === ''
      ? undefined
      : new ShadowPolicy(config, runtime);
  }

  /** Whether a request is copied, by its stable random number, in steps of 0.01 %. */
  isChosen(stableRandom: number): boolean {
    const key = this.#runtimeKey;
    return (
      key === undefined ||
      key === '' ||
      stableRandom % 10_000 < Math.min(this.#runtime.integer(key, 0), 10_000)
    );
  }
}
