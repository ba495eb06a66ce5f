import { canonicalIp, isIpAddress } from './address.js';
import { describeValue } from './describe-value.js';
import { isJsonObject } from './json-members.js';

/** One host of an SDS answer: reference 4.9. */
export interface SdsHostConfig {
  /** An IP address in its shortest spelling, IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
  /** `tags.az`; empty if unknown. */
  readonly zone: string;
  readonly canary: boolean;
  /** `tags.load_balancing_weight`, 1 to 100. */
  readonly weight: number;
}

/** What an SDS answer says, or the first thing that is wrong with it. */
export type ParsedSdsResponse =
  | { readonly hosts: readonly SdsHostConfig[]; readonly problem?: never }
  | { readonly hosts?: never; readonly problem: string };

/**
 * Checks the answer of an SDS server. Unknown keys are accepted, as Envoy accepts them, and of
 * hosts with the same address the first counts.
 *
 * One wrong host makes the whole answer void: the hosts known before then stay. This runs once
 * per refresh and cluster, on lists that may be long, and so makes no paths until there is a problem.
 */
export function parseSdsResponse(value: unknown): ParsedSdsResponse {
  const entries = member(value, 'hosts');
  if (!Array.isArray(entries)) {
    return { problem: `hosts: expected an array, found ${describeValue(entries)}` };
  }
  const hosts = new Map<string, SdsHostConfig>();
  for (const [index, entry] of entries.entries()) {
    const host = parseSdsHost(entry);
    if (typeof host === 'string') {
      return { problem: `hosts[${index}]${host}` };
    }
    const key = `${host.address} ${host.port}`;
    if (!hosts.has(key)) {
      hosts.set(key, host);
    }
  }
  return { hosts: Object.freeze([...hosts.values()]) };
}

/** Returns the host, or the rest of a message that begins with the host's path. */
function parseSdsHost(entry: unknown): SdsHostConfig | string {
  const address = member(entry, 'ip_address');
  const port = member(entry, 'port');
  const tags = member(entry, 'tags', {});
  const zone = member(tags, 'az', '');
  const canary = member(tags, 'canary', false);
  const weight = member(tags, 'load_balancing_weight', 1);
  if (!isJsonObject(entry)) {
    return `: expected an object, found ${describeValue(entry)}`;
  }
  if (typeof address !== 'string' || !isIpAddress(address)) {
    return `.ip_address: expected an IP address, found ${describeValue(address)}`;
  }
  if (!isIntegerIn(port, 1, 65535)) {
    return `.port: expected an integer from 1 to 65535, found ${describeValue(port)}`;
  }
  if (!isJsonObject(tags)) {
    return `.tags: expected an object, found ${describeValue(tags)}`;
  }
  if (typeof zone !== 'string') {
    return `.tags.az: expected a string, found ${describeValue(zone)}`;
  }
  if (typeof canary !== 'boolean') {
    return `.tags.canary: expected true or false, found ${describeValue(canary)}`;
  }
  if (!isIntegerIn(weight, 1, 100)) {
    const found = describeValue(weight);
    return `.tags.load_balancing_weight: expected an integer from 1 to 100, found ${found}`;
  }
  return Object.freeze({ address: canonicalIp(address), port, zone, canary, weight });
}

function isIntegerIn(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

/**
 * Reads an own key of what may be an object; `fallback` if it is absent, or `undefined`, as sources of
 * registrations in this process may well have it.
 */
function member(value: unknown, key: string, fallback?: unknown): unknown {
  const found = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return found === undefined ? fallback : found;
}
