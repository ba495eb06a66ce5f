import { compilePattern, type Pattern } from '../base/pattern.js';

/** Compiles a pattern that the parser of the configuration has found to be right. */
export function compileCheckedPattern(source: string): Pattern {
  const compiled = compilePattern(source);
  if ('problem' in compiled) {
    // Only a configuration that did not come from the parser gets here.
    throw new Error(`the pattern ${source} ${compiled.problem}`);
  }
  return compiled.pattern;
}
