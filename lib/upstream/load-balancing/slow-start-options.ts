import type { LbType } from '../../config/cluster-config.js';
import { describeValue } from '../../config/describe-value.js';
import { entriesOf, listNames, optionInvalid, unknownOption } from '../../config/option-check.js';

/** How a host that comes, or comes back, gets to its full share of the requests. */
export interface SlowStartOptions {
  /** How long it takes, in milliseconds. */
  readonly windowMs: number;
  /** 1, the default, lets the share grow evenly; more lets it grow faster at first, less slower. */
  readonly aggression?: number;
  /** The share that a host has in any case, in percent of its full one. Default 10. */
  readonly minWeightPercent?: number;
}

/** The same with nothing left open. */
export type SlowStartPolicy = Required<SlowStartOptions>;

/** The cluster's name and how it balances: what the option is checked against. */
interface KnownCluster {
  readonly name: string;
  readonly lbType: LbType;
}

/** What hosts have turns with, or are drawn by weight; no others can do with fewer. */
const slowLbTypes: readonly LbType[] = ['round_robin', 'least_request'];

/** Whether hosts of such a cluster can start slowly. */
export function canStartSlowly(lbType: LbType): boolean {
  return slowLbTypes.includes(lbType);
}

/**
 * Checks the option `slowStart` against the clusters. Returns the policies by the name of the cluster,
 * where `*` stands for all that are not named. Throws `SIDECAR_OPTION_INVALID`.
 */
export function checkSlowStart(
  slowStart: unknown,
  clusters: readonly KnownCluster[],
): ReadonlyMap<string, SlowStartPolicy> {
  const policies = new Map<string, SlowStartPolicy>();
  for (const [name, value] of entriesOf('slowStart', slowStart)) {
    const cluster = clusters.find((each) => each.name === name);
    if (cluster === undefined && name !== '*') {
      const names = listNames(clusters.map((each) => each.name));
      throw optionInvalid(
        `slowStart names the cluster "${name}", but the clusters are: ${names}; "*" stands for all`,
      );
    }
    if (cluster !== undefined && !canStartSlowly(cluster.lbType)) {
      throw optionInvalid(
        `slowStart names the cluster "${name}", whose lb_type is "${cluster.lbType}"; ` +
          `hosts start slowly with: ${slowLbTypes.join(', ')}`,
      );
    }
    policies.set(name, checkPolicy(`slowStart["${name}"]`, value));
  }
  return policies;
}

function checkPolicy(option: string, value: unknown): SlowStartPolicy {
  const policy = { windowMs: 0, aggression: 1, minWeightPercent: 10 };
  for (const [key, number] of entriesOf(option, value)) {
    switch (key) {
      case 'windowMs':
        policy.windowMs = checkNumber(`${option}.${key}`, number, 86_400_000);
        break;
      case 'aggression':
        policy.aggression = checkNumber(`${option}.${key}`, number, 100);
        break;
      case 'minWeightPercent':
        policy.minWeightPercent = checkNumber(`${option}.${key}`, number, 100);
        break;
      default:
        throw unknownOption(key, Object.keys(policy), `${option}.`);
    }
  }
  if (policy.windowMs === 0) {
    throw optionInvalid(`${option} has no windowMs, the milliseconds until a host has its share`);
  }
  return policy;
}

function checkNumber(option: string, value: unknown, max: number): number {
  if (typeof value !== 'number' || !(value > 0 && value <= max)) {
    const found = describeValue(value);
    throw optionInvalid(`${option} is ${found}, expected a number above 0 and up to ${max}`);
  }
  return value;
}
