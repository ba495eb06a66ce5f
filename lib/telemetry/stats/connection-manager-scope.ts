import { ConnectionManagerStats } from './connection-manager-stats.js';
import type { StatSource, StatVisitor } from './stat-source.js';

/** Everything that connection managers with the same `stat_prefix` show: reference 8.1. */
export class ConnectionManagerScope implements StatSource {
  readonly stats: ConnectionManagerStats = new ConnectionManagerStats();

  visitStats(visitor: StatVisitor): void {
    this.stats.visitStats(visitor);
    for (const [scope, source] of this.#sources()) {
      source.visitStats((name, value) => visitor(`${scope}.${name}`, value));
    }
  }

  resetCounters(): void {
    this.stats.resetCounters();
    for (const [, source] of this.#sources()) {
      source.resetCounters();
    }
  }

  #sources(): readonly (readonly [scope: string, source: StatSource])[] {
    const { tracing, ios, android } = this.stats;
    return [
      ['tracing', tracing],
      ['user_agent.ios', ios],
      ['user_agent.android', android],
    ];
  }
}
