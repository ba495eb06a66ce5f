// Runs a folder of public cases through the parser and the router:
//
//   npm run conformance -- ../shared/corpus [--verbose]
//
// The folder holds any of these:
//   schema/*.json       objects of the v1 schema, each with the verdict of Envoy
//   routes/*.json       route tables, with requests and what they must come to
//   configs/INDEX.tsv   whole files and answers of discovery services, each with a verdict
//
// Prints what does not agree and ends with 1 if there is anything; what cannot agree is listed in
// conformance/known-differences.mjs, with its reason, and printed as such.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runConfigs } from './conformance/configs.mjs';
import { describeKnownDifference } from './conformance/known-differences.mjs';
import { runRouteTables } from './conformance/route-tables.mjs';
import { runSchemaCases } from './conformance/schema-cases.mjs';

const groups = [
  { title: 'objects of the schema', path: 'schema', run: runSchemaCases },
  { title: 'requests to route tables', path: 'routes', run: runRouteTables },
  { title: 'configurations and discovery answers', path: 'configs/INDEX.tsv', run: runConfigs },
];

/** Runs every group that the folder has; returns the results by title. */
export async function runConformance(folder) {
  const results = new Map();
  for (const { title, path, run } of groups) {
    if (existsSync(join(folder, path))) {
      results.set(title, (await run(join(folder, path))).map(judge));
    }
  }
  return results;
}

/** Adds what is known about a case that does not agree. */
function judge(result) {
  const known = result.agrees ? undefined : describeKnownDifference(result.name);
  return known === undefined ? result : { ...result, known };
}

function print(results, isVerbose) {
  let failures = 0;
  for (const [title, cases] of results) {
    const agreeing = cases.filter((result) => result.agrees);
    const known = cases.filter((result) => result.known !== undefined);
    const failed = cases.filter((result) => !result.agrees && result.known === undefined);
    failures += failed.length;
    console.log(
      `${title}: ${cases.length}, of which ${agreeing.length} agree, ` +
        `${known.length} are known not to, ${failed.length} do not`,
    );
    for (const result of known) {
      console.log(`  known  ${result.name}: ${result.known}`);
    }
    for (const result of failed) {
      console.log(`  FAILS  ${result.name}: ${result.detail}`);
    }
    for (const result of isVerbose ? agreeing : []) {
      console.log(`  agrees ${result.name}: ${result.detail}`);
    }
  }
  return failures;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  const args = process.argv.slice(2);
  const [folder] = args.filter((argument) => !argument.startsWith('--'));
  if (folder === undefined || !existsSync(folder)) {
    console.error(
      folder === undefined
        ? 'which folder? npm run conformance -- ../shared/corpus'
        : `there is no folder ${folder}`,
    );
    process.exit(2);
  }
  const results = await runConformance(folder);
  if (results.size === 0) {
    console.error(`${folder} holds no cases: expected schema/, routes/ or configs/INDEX.tsv`);
    process.exit(2);
  }
  process.exitCode = print(results, args.includes('--verbose')) === 0 ? 0 : 1;
}
