/** The load process of --wrk: runs wrk, which counts in whole seconds, and reads its report. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { serve, settings } from './child.mjs';
import { helloHost } from './hello.mjs';

const milliseconds = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

async function run({ port, concurrency, ms }) {
  const seconds = Math.max(1, Math.round(ms / 1000));
  const url = `http://127.0.0.1:${port}/`;
  const shape = [
    '-t1',
    `-c${concurrency}`,
    `-d${seconds}s`,
    '--latency',
    '-H',
    `Host: ${helloHost}`,
  ];
  const timeout = (seconds + 5) * 1000;
  const { stdout } = await promisify(execFile)(settings.wrk, [...shape, url], { timeout });
  return readReport(stdout);
}

function readReport(report) {
  const trouble = /Socket errors:.*|Non-2xx or 3xx responses:.*/.exec(report);
  if (trouble !== null) throw new Error(trouble[0]);
  const [, requests, seconds, unit] = /(\d+) requests in ([\d.]+)(\w+),/.exec(report);
  return {
    requests: Number(requests),
    seconds: (Number(seconds) * milliseconds[unit]) / 1000,
    p50Ms: readLatency(report, '50%'),
    p99Ms: readLatency(report, '99%'),
  };
}

function readLatency(report, share) {
  const [, number, unit] = new RegExp(`\\s${share}\\s+([\\d.]+)(\\w+)`).exec(report);
  return Number(number) * milliseconds[unit];
}

serve({}, { run });
