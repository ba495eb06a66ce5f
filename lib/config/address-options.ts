import {
  type Address,
  formatAddress,
  formatHostPort,
  isIpAddress,
  parseAddress,
  parseHostPort,
  type TcpAddress,
} from './address.js';
import type { DiscoveryConfig } from './cluster-config.js';
import type { Config } from './config.js';
import { describeValue } from './describe-value.js';
import { entriesOf, listNames, optionInvalid } from './option-check.js';

/**
 * Checks `listenOn`; returns the configured address, as a URL, to where to bind instead. Throws
 * `SIDECAR_OPTION_INVALID`.
 */
export function checkListenOn(listenOn: unknown, config: Config): ReadonlyMap<string, TcpAddress> {
  const configured = [...config.listeners.map(({ address }) => address), config.admin.address];
  const known = configured.map(formatAddress);
  const map = new Map<string, TcpAddress>();
  for (const [from, to] of entriesOf('listenOn', listenOn)) {
    const source = toAddress(from, 'listenOn');
    const target = toAddress(to, `listenOn["${from}"]`);
    // Listeners that are yet to be discovered may have any address.
    if (config.lds === undefined && !known.includes(formatAddress(source))) {
      throw optionInvalid(
        `listenOn names ${from}, but the configured addresses are: ${listNames(known)}`,
      );
    }
    if (target.kind !== 'tcp') {
      throw optionInvalid(`listenOn["${from}"] is ${String(to)}, expected tcp://ip:port`);
    }
    map.set(formatAddress(source), target);
  }
  return map;
}

function toAddress(text: unknown, where: string): Address {
  if (typeof text !== 'string') {
    throw optionInvalid(
      `${where} is ${describeValue(text)}, expected an address such as tcp://ip:port`,
    );
  }
  const parsed = parseAddress(text);
  if (parsed.problem !== undefined) {
    throw optionInvalid(`${where}: ${parsed.problem}`);
  }
  return parsed.address;
}

/**
 * Checks `connectTo`; returns the configured `host:port` to where to connect instead. Throws
 * `SIDECAR_OPTION_INVALID`.
 */
export function checkConnectTo(connectTo: unknown, config: Config): ReadonlyMap<string, Address> {
  const map = new Map<string, Address>();
  for (const [from, to] of entriesOf('connectTo', connectTo)) {
    const source = toHostPort(from, 'connectTo');
    const target = toHostPort(to, `connectTo["${from}"]`);
    checkIsConfigured(source, config);
    if (target.port === 0) {
      throw optionInvalid(`connectTo["${from}"]: nothing can be reached on port 0`);
    }
    map.set(formatHostPort(source), target);
  }
  return map;
}

function toHostPort(text: unknown, where: string): TcpAddress {
  if (typeof text !== 'string') {
    throw optionInvalid(`${where} is ${describeValue(text)}, expected host:port`);
  }
  const parsed = parseHostPort(text);
  if (parsed.problem !== undefined) {
    throw optionInvalid(`${where}: ${parsed.problem}`);
  }
  return parsed.address;
}

/** A host that nobody connects to was misspelled. Only IP addresses are discovered. */
function checkIsConfigured(source: TcpAddress, config: Config): void {
  const { clusters, sds, cds } = config.clusterManager;
  if (cds !== undefined) {
    // Clusters that are yet to be discovered may have any host.
    return;
  }
  const known = [...clusters, ...(sds === undefined ? [] : [sds.cluster])]
    .flatMap(({ discovery }) => hostsOf(discovery))
    .map(formatHostPort);
  const isDiscoverable = sds !== undefined && isIpAddress(source.host);
  if (!isDiscoverable && !known.includes(formatHostPort(source))) {
    throw optionInvalid(
      `connectTo names ${formatHostPort(source)}, but the configured hosts are: ${listNames(known)}`,
    );
  }
}

function hostsOf(discovery: DiscoveryConfig): readonly TcpAddress[] {
  switch (discovery.type) {
    case 'static':
      return discovery.hosts.filter((host) => host.kind === 'tcp');
    case 'strict_dns':
      return discovery.hosts;
    case 'logical_dns':
      return [discovery.host];
    case 'sds':
    case 'original_dst':
      return [];
  }
}
