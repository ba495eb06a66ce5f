import { describeValue } from '../config/describe-value.js';
import { entriesOf, listNames, optionInvalid, unknownOption } from '../config/option-check.js';
import type { ClusterStats } from '../telemetry/stats/cluster-stats.js';
import type { Cluster } from '../upstream/cluster.js';
import type { Resource } from '../upstream/resource-manager.js';

/** How many retries of a cluster may be under way at a time, by how busy it is. */
export interface RetryBudget {
  /** Share of the requests under way to the cluster, in percent. Default 20. */
  readonly budgetPercent?: number;
  /** So many are admitted in any case. Default 3. */
  readonly minRetryConcurrency?: number;
}

/** What `createSidecar` may be told of retries, beyond what the configuration can say. */
export interface RetryOptionsInput {
  /** By the name of the cluster; `*` stands for all that are not named. */
  readonly retryBudgets?: Readonly<Record<string, RetryBudget>> | undefined;
  /** Names of clusters, or `true` for all. */
  readonly hedgeOnPerTryTimeout?: true | readonly string[] | undefined;
}

/** The retry budgets and the hedging of all clusters. */
export class RetryOptions {
  static readonly none: RetryOptions = new RetryOptions(new Map(), new Set());

  readonly #budgets: ReadonlyMap<string, Required<RetryBudget>>;
  readonly #hedged: ReadonlySet<string> | true;

  constructor(
    budgets: ReadonlyMap<string, Required<RetryBudget>>,
    hedged: ReadonlySet<string> | true,
  ) {
    this.#budgets = budgets;
    this.#hedged = hedged;
  }

  /** Whether an attempt that takes too long goes on while a second one races it. */
  isHedged(cluster: string): boolean {
    return this.#hedged === true || this.#hedged.has(cluster);
  }

  /** Whether one more retry may begin. A budget takes the place of `max_retries`. */
  admitsRetry({ name, stats }: Cluster, retries: Resource): boolean {
    const budget = this.#budgets.get(name) ?? this.#budgets.get('*');
    return budget === undefined ? retries.canCreate() : retries.active < budgetOf(budget, stats);
  }
}

function budgetOf(
  { budgetPercent, minRetryConcurrency }: Required<RetryBudget>,
  { upstreamRqActive, upstreamRqPendingActive }: ClusterStats,
): number {
  const requests = upstreamRqActive + upstreamRqPendingActive;
  return Math.max(minRetryConcurrency, Math.floor((budgetPercent / 100) * requests));
}

/** Checks the options against the names of the clusters. Throws `SIDECAR_OPTION_INVALID`. */
export function checkRetryOptions(
  { retryBudgets, hedgeOnPerTryTimeout }: RetryOptionsInput,
  clusters: readonly string[],
): RetryOptions {
  const budgets = new Map<string, Required<RetryBudget>>();
  for (const [name, value] of entriesOf('retryBudgets', retryBudgets)) {
    if (name !== '*' && !clusters.includes(name)) {
      throw optionInvalid(
        `retryBudgets names the cluster "${name}", but the clusters are: ${listNames(clusters)}; ` +
          '"*" stands for all',
      );
    }
    budgets.set(name, checkBudget(`retryBudgets["${name}"]`, value));
  }
  return new RetryOptions(budgets, checkHedged(hedgeOnPerTryTimeout, clusters));
}

function checkBudget(option: string, value: unknown): Required<RetryBudget> {
  const budget = { budgetPercent: 20, minRetryConcurrency: 3 };
  for (const [key, number] of entriesOf(option, value)) {
    if (key === 'budgetPercent') {
      budget.budgetPercent = checkNumber(`${option}.${key}`, number, 100, false);
    } else if (key === 'minRetryConcurrency') {
      budget.minRetryConcurrency = checkNumber(`${option}.${key}`, number, 1e9, true);
    } else {
      throw unknownOption(key, Object.keys(budget), `${option}.`);
    }
  }
  return budget;
}

function checkNumber(option: string, value: unknown, max: number, isWhole: boolean): number {
  // Left out by hand, as in `{ budgetPercent: undefined }`, is no number either.
  if (
    typeof value !== 'number' ||
    !(value >= 0 && value <= max) ||
    (isWhole && !Number.isInteger(value))
  ) {
    const kind = isWhole ? 'a whole number' : 'a number';
    throw optionInvalid(`${option} is ${describeValue(value)}, expected ${kind} from 0 to ${max}`);
  }
  return value;
}

function checkHedged(value: unknown, clusters: readonly string[]): ReadonlySet<string> | true {
  if (value === undefined || value === true) {
    return value ?? new Set();
  }
  if (!Array.isArray(value)) {
    throw optionInvalid(
      `hedgeOnPerTryTimeout is ${describeValue(value)}, expected true or an array of clusters`,
    );
  }
  return new Set(
    value.map((name: unknown) => {
      if (typeof name !== 'string' || !clusters.includes(name)) {
        const named = describeValue(name);
        throw optionInvalid(
          `hedgeOnPerTryTimeout names ${named}, but the clusters are: ${listNames(clusters)}`,
        );
      }
      return name;
    }),
  );
}
