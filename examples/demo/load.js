import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { get } from './request.js';

const requestsPerTick = 4;
const tickMs = 20;

/**
 * Sends 200 requests a second for some seconds. Resolves to how many answers came from each
 * replica, by name, and how many requests failed, by reason.
 */
export async function sendLoad(url, seconds) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const result = { sent: 0, answered: new Map(), failed: new Map() };
  const sendOne = async () => {
    result.sent++;
    const [group, key] = await request(url, agent);
    result[group].set(key, (result[group].get(key) ?? 0) + 1);
  };
  const underWay = [];
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    for (let i = 0; i < requestsPerTick; i++) {
      underWay.push(sendOne());
    }
    await delay(tickMs);
  }
  await Promise.all(underWay);
  agent.destroy();
  return result;
}

async function request(url, agent) {
  try {
    const { status, text } = await get(url, { agent, headers: { host: 'foo.com' } });
    return status === 200
      ? ['answered', /service_name: ([^,]+),/.exec(text)?.[1] ?? 'unknown']
      : ['failed', `${status} ${text.slice(0, 60)}`.trim()];
  } catch (error) {
    return ['failed', error.code ?? error.message];
  }
}
