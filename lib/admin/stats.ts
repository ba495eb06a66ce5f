import type { StatEntry, StatsStore } from '../telemetry/stats/stats-store.js';
import { type AdminEndpoint, jsonReply, textReply } from './admin-endpoint.js';

/**
 * `/stats`: counters and gauges by name, `name: value` one to a line, or JSON for `format=json`. With
 * `filter=text` only those whose name contains the text.
 */
export const statsEndpoint: AdminEndpoint = {
  path: '/stats',
  help: 'print server stats; format=json for JSON, filter=<text> for names that contain the text',
  isMutation: false,
  reply: ({ stats }, query) => {
    const entries = filterEntries(stats, query.get('filter') ?? '');
    switch (query.get('format')) {
      case null:
        return textReply(200, describeEntries(entries));
      case 'json':
        return jsonReply(describeEntriesAsJson(entries));
      default:
        return textReply(400, ['usage: /stats?format=json&filter=<text>\n']);
    }
  },
};

type Entries = Generator<StatEntry, void, undefined>;

function* filterEntries(stats: StatsStore, text: string): Entries {
  for (const entry of stats.entries()) {
    if (entry.name.includes(text)) {
      yield entry;
    }
  }
}

function* describeEntries(entries: Entries): Generator<string, void, undefined> {
  for (const { name, value } of entries) {
    yield `${name}: ${value}\n`;
  }
}

function* describeEntriesAsJson(entries: Entries): Generator<string, void, undefined> {
  let separator = '{"stats":[';
  for (const { name, value } of entries) {
    yield `${separator}{"name":${JSON.stringify(name)},"value":${value}}`;
    separator = ',';
  }
  yield separator === ',' ? ']}\n' : '{"stats":[]}\n';
}
