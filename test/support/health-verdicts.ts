import assert from 'node:assert/strict';
import type { HealthCheckConfig } from '../../lib/config/health-check-config.js';
import type { HealthCheckProtocol } from '../../lib/upstream/health-check/health-check-protocol.js';

/** The keys that all types have. */
type HealthCheckTimes = Omit<Extract<HealthCheckConfig, { type: 'redis' }>, 'type' | 'redisKey'>;

/** What the configuration of every health check has. */
export const times: HealthCheckTimes = {
  timeoutMs: 1,
  intervalMs: 1,
  intervalJitterMs: 0,
  unhealthyThreshold: 1,
  healthyThreshold: 1,
  reuseConnection: true,
};

/** Reads an answer in pieces of so many bytes, lent as sockets lend them. */
export function verdictOn(
  protocol: HealthCheckProtocol,
  answer: string,
  pieceBytes: number,
): string {
  const reader = protocol.createReader();
  const bytes = Buffer.from(answer, 'latin1');
  const lent = Buffer.alloc(bytes.length + 8);
  for (let pos = 0; pos < bytes.length; pos += pieceBytes) {
    const size = bytes.copy(lent, 0, pos, pos + pieceBytes);
    const verdict = reader.read(lent, size);
    lent.fill('#');
    if (verdict !== undefined) {
      return verdict.kind + (reader.isReusable && pos + size === bytes.length ? ' reusable' : '');
    }
  }
  const verdict = reader.end();
  return verdict === undefined ? 'open' : `${verdict.kind} at end`;
}

/** Fails unless an answer comes to the same verdict however it is cut into pieces. */
export function assertVerdict(
  protocol: HealthCheckProtocol,
  answer: string,
  expected: string,
): void {
  for (let pieceBytes = 1; pieceBytes <= answer.length; pieceBytes++) {
    assert.equal(verdictOn(protocol, answer, pieceBytes), expected, JSON.stringify(answer));
  }
}
