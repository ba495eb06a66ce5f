/** Draws what goes wrong next, and lets it. */

import {
  createCdsCluster,
  createConfig,
  createExtraListener,
  createRouteTable,
  firstVariant,
  routeTableName,
  serviceCluster,
  serviceName,
  serviceNode,
  vary,
} from './config.mjs';
import { dnsFaults } from './dns.mjs';
import { badAnswers, oddAnswers } from './registry.mjs';

/** Milliseconds between two faults, on average. */
const meanPauseMs = 250;

/** How often what is drawn, one to the other. */
const weights = {
  hosts: 50,
  members: 12,
  registry: 12,
  dns: 10,
  names: 6,
  discovered: 6,
  update: 4,
};

export class Faults {
  /** How many of each kind there were. */
  counts = new Map();
  /** Answers to updates that were not what they should have been. */
  problems = [];
  #parts;
  #random;
  #onEvent;
  #timer;
  #healTimers = new Set();
  #variant = firstVariant;
  #discoveredVariant = firstVariant;
  /** Whether CDS tells of a cluster, and LDS of a listener. */
  #hasCluster = false;
  #hasListener = false;
  #updates = Promise.resolve();

  /** @param parts `{ fleet, registry, dns, world, child }` */
  constructor(parts, random, onEvent) {
    this.#parts = parts;
    this.#random = random;
    this.#onEvent = onEvent;
  }

  /** What is to be in force once all is well. */
  get inForce() {
    return {
      revision: this.#variant.revision,
      retries: this.#variant.retries,
      hasExtra: this.#variant.hasExtra,
      discoveredRevision: this.#discoveredVariant.revision,
      hasCluster: this.#hasCluster,
      hasListener: this.#hasListener,
    };
  }

  start() {
    this.#timer = setTimeout(
      () => {
        this.#happen();
        this.start();
      },
      this.#random.fraction() * 2 * meanPauseMs,
    );
  }

  /** Ends all that is wrong; resolves when everything works again. */
  async stop() {
    clearTimeout(this.#timer);
    for (const timer of this.#healTimers) clearTimeout(timer);
    const { fleet, registry, dns } = this.#parts;
    registry.misbehave(undefined);
    dns.misbehave(undefined);
    await fleet.heal();
    this.registerAll();
    await this.#updates;
  }

  /**
   * Every host is a member of everything. What is discovered beside them is something new, of which
   * it can be told at the end whether it has come into force.
   */
  registerAll() {
    const { fleet, registry, dns } = this.#parts;
    const random = this.#random;
    registry.hosts.set(serviceName, fleet.hosts.map(describeHost));
    dns.addresses = fleet.hosts.map(({ ip }) => ip);
    this.#discoveredVariant = vary(this.#discoveredVariant, random);
    this.#publish(this.#discoveredVariant, random.chance(0.5), random.chance(0.5));
  }

  #happen() {
    const kind = this.#random.pickWeighted(weights);
    const detail = this.#act(kind);
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#onEvent(`${kind}: ${detail}`);
  }

  #act(kind) {
    const random = this.#random;
    const { fleet, registry, dns } = this.#parts;
    switch (kind) {
      case 'hosts':
        return fleet.disturb();
      case 'members':
        return this.#changeMembers();
      case 'registry':
        return this.#misbehave(registry, [...Object.keys(badAnswers), ...Object.keys(oddAnswers)]);
      case 'dns':
        return this.#misbehave(dns, dnsFaults);
      case 'names': {
        const hosts = random.sample(fleet.hosts, random.integer(random.chance(0.05) ? 0 : 3, 10));
        dns.addresses = hosts.map(({ ip }) => ip);
        return `DNS tells of ${hosts.length} hosts`;
      }
      case 'discovered': {
        this.#discoveredVariant = vary(this.#discoveredVariant, random);
        return this.#publish(this.#discoveredVariant, random.chance(0.5), random.chance(0.5));
      }
      default:
        return this.#update();
    }
  }

  #misbehave(service, kinds) {
    const kind = this.#random.pick(kinds);
    const ms = this.#random.integer(300, 3000);
    service.misbehave(kind);
    const timer = setTimeout(() => {
      this.#healTimers.delete(timer);
      service.misbehave(undefined);
    }, ms);
    this.#healTimers.add(timer);
    return `${kind} for ${ms} ms`;
  }

  /** Most of the time members are up; now and then one is told of that is not, or nobody is. */
  #changeMembers() {
    const random = this.#random;
    const { fleet, registry } = this.#parts;
    // Once in any case: what has no hosts is counted in a way of its own.
    const isFirst = !this.counts.has('members');
    const count = isFirst || random.chance(0.03) ? 0 : random.integer(2, 10);
    const isCareless = random.chance(0.3);
    const candidates = isCareless ? fleet.hosts : fleet.hosts.filter(({ state }) => state === 'up');
    const hosts = random.sample(candidates, count).map((host) => ({
      ...describeHost(host),
      tags: { az: random.pick(['a', 'b']), load_balancing_weight: random.integer(1, 5) },
    }));
    registry.hosts.set(serviceName, hosts);
    return `SDS tells of ${hosts.length} hosts`;
  }

  /** What RDS, CDS and LDS tell of. */
  #publish(variant, hasCluster, hasListener) {
    const { registry, world } = this.#parts;
    const node = `${serviceCluster}/${serviceNode}`;
    this.#hasCluster = hasCluster;
    this.#hasListener = hasListener;
    const clusters = hasCluster ? [createCdsCluster(world, variant)] : [];
    const listeners = hasListener ? [createExtraListener(world, variant)] : [];
    registry.documents.set(`/v1/routes/${routeTableName}/${node}`, createRouteTable(variant));
    registry.documents.set(`/v1/clusters/${node}`, { clusters });
    registry.documents.set(`/v1/listeners/${node}`, { listeners });
    return `${clusters.length} clusters, ${listeners.length} listeners, revision ${variant.revision}`;
  }

  /** `sidecar.update` with a good or a bad configuration. */
  #update() {
    const { child, world } = this.#parts;
    const next = vary(this.#variant, this.#random);
    const config = createConfig(world, next);
    const isBad = this.#random.chance(0.3);
    if (isBad) config.cluster_manager.clusters[0].lb_type = 'the_best';
    else this.#variant = next;
    this.#updates = this.#updates.then(async () => {
      const { isTaken, code, message } = await child.ask('update', config);
      if (isTaken === isBad)
        this.problems.push(`an update was ${isTaken ? 'taken' : `refused: ${message}`}`);
      if (isBad && code !== 'SIDECAR_CONFIG_INVALID')
        this.problems.push(`an update failed: ${message}`);
    });
    return isBad ? 'a wrong configuration' : `revision ${next.revision}`;
  }
}

function describeHost({ ip, port }) {
  return { ip_address: ip, port, tags: {} };
}
