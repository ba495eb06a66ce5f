import type { JsonReader } from './json-reader.js';

/** A cluster with its share of the requests, in percent: reference 2.6.5. */
export interface WeightedClusterConfig {
  readonly name: string;
  readonly weight: number;
}

/** Parses `weighted_clusters`, whose weights must add up to 100; `undefined` if it is broken. */
export function parseWeightedClusters(
  reader: JsonReader,
  readName: (entry: JsonReader) => string | undefined,
): WeightedClusterConfig[] | undefined {
  const entries = reader.objects('clusters');
  const clusters = entries.flatMap((entry) => {
    const name = readName(entry);
    const weight = entry.number('weight');
    return name === undefined || weight === undefined ? [] : [{ name, weight }];
  });
  if (clusters.length === 0 || clusters.length !== reader.lengthOf('clusters')) {
    return undefined;
  }
  const sum = clusters.reduce((total, { weight }) => total + weight, 0);
  if (sum !== 100) {
    reader.problem(`the weights must add up to 100, found ${sum}`, 'clusters');
  }
  return clusters;
}
