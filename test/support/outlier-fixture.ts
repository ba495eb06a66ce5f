import { TimerWheel } from '../../lib/base/timer-wheel.js';
import type { OutlierDetectionConfig } from '../../lib/config/outlier-detection-config.js';
import { Cluster } from '../../lib/upstream/cluster.js';
import { Host } from '../../lib/upstream/host.js';
import { OutlierDetector } from '../../lib/upstream/outlier-detection/outlier-detector.js';
import { OutlierEventLog } from '../../lib/upstream/outlier-detection/outlier-event-log.js';
import { clusterConfig } from './cluster-fixture.js';
import { FakeConnector } from './fake-connector.js';
import { ManualClock } from './manual-clock.js';
import { ScriptedRandom } from './scripted-random.js';

/** `outlier_detection: {}`. */
export const outlierDefaults: OutlierDetectionConfig = {
  consecutive5xx: 5,
  consecutiveGatewayFailure: 5,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionPercent: 10,
  enforcingConsecutive5xx: 100,
  enforcingConsecutiveGatewayFailure: 0,
  enforcingSuccessRate: 100,
  successRateMinimumHosts: 5,
  successRateRequestVolume: 100,
  successRateStdevFactor: 1900,
};

/** A cluster whose hosts are judged by what the test says that they answer. */
export class OutlierFixture {
  readonly clock: ManualClock = new ManualClock();
  readonly wheel: TimerWheel = new TimerWheel(this.clock);
  /** Runtime values by key. */
  readonly runtime: Map<string, number> = new Map();
  readonly cluster: Cluster;
  readonly detector: OutlierDetector;
  readonly hosts: readonly Host[];
  /** The lines of the event log. */
  readonly events: string[] = [];

  /** `draws`: the random numbers, in turn. */
  constructor(
    hostCount: number,
    config: Partial<OutlierDetectionConfig> = {},
    draws: readonly number[] = [0],
  ) {
    const { wheel, clock } = this;
    const random = new ScriptedRandom(...draws);
    const connector = new FakeConnector();
    this.cluster = new Cluster(clusterConfig(), { wheel, random, connector });
    const eventLog = new OutlierEventLog({ write: (line) => this.events.push(line) }, clock);
    const runtime = {
      integer: (key: string, fallback: number) => this.runtime.get(key) ?? fallback,
    };
    const settings = { ...outlierDefaults, ...config };
    const context = { clock, wheel, random, runtime, outlierEventLog: eventLog };
    this.detector = new OutlierDetector(this.cluster, settings, context);
    this.cluster.addMemberObserver(this.detector);
    this.hosts = Array.from({ length: hostCount }, (_, index) => this.newHost(index + 1));
    this.cluster.updateHosts(this.hosts);
  }

  newHost(port: number): Host {
    return new Host(this.cluster.hostContext, { kind: 'tcp', host: '10.0.0.1', port });
  }

  /** A host has answered so. */
  answer(index: number, ...statuses: number[]): void {
    for (const status of statuses) {
      this.hosts[index]?.outlierMonitor?.putResult(status);
    }
  }

  /** A host has answered so many requests well, and so many badly. */
  answerMany(index: number, good: number, bad: number): void {
    // Mixed, so that it does not fail in a row.
    for (let i = 0; i < Math.max(good, bad); i++) {
      this.answer(index, ...(i < bad ? [500] : []), ...(i < good ? [200] : []));
    }
  }

  /** Which hosts are ejected. */
  get ejected(): number[] {
    return this.hosts.flatMap((host, index) => (host.isHealthy ? [] : [index]));
  }
}
