import type { CST, Document, ParsedNode } from 'yaml';
import { describeVersion, toSyntaxError, YamlSyntaxError } from './yaml-syntax-error.js';

type YamlLibrary = typeof import('yaml');

/** Deeper than any configuration; a limit keeps hostile input from exhausting the stack. */
export const maxYamlDepth = 100;

/** The library spends several hundred bytes on each token; this many are a gigabyte or so. */
const maxTokens = 3_000_000;

/** Equal keys are found elsewhere: the library compares each key of a mapping with each other. */
const options = {
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  uniqueKeys: false,
  prettyErrors: false,
} as const;

/**
 * Parses a text that is one YAML 1.2 document into the nodes of the library, which know their
 * offsets. The result is `undefined` if the document is empty. Throws a `YamlSyntaxError`.
 */
export function composeYaml(yaml: YamlLibrary, text: string): ParsedNode | undefined {
  refuseControlCharacters(text);
  const tokens: CST.Token[] = [];
  const secondOffset = collectTokens(yaml, text, tokens);
  const composer = new yaml.Composer(options);
  const [document] = composer.compose(tokens, true, text.length);
  if (document !== undefined) {
    refuseFaults(document, text);
  }
  if (secondOffset !== undefined) {
    throw new YamlSyntaxError(
      secondOffset,
      'a second document begins here; keep one document in the text',
    );
  }
  const contents = document?.contents ?? undefined;
  const isMissing = yaml.isScalar(contents) && contents.value === null && contents.source === '';
  return isMissing ? undefined : contents;
}

/** Collects the tokens of the first document; returns where a second one begins. */
function collectTokens(yaml: YamlLibrary, text: string, tokens: CST.Token[]): number | undefined {
  const parser = new yaml.Parser();
  let tokenCount = 0;
  let documentCount = 0;
  for (const lexeme of new yaml.Lexer().lex(text)) {
    if (++tokenCount > maxTokens) {
      throw new YamlSyntaxError(
        parser.offset,
        `the text has more than ${maxTokens} words and signs, too many for YAML; write it as JSON`,
      );
    }
    for (const token of parser.next(lexeme)) {
      if (token.type === 'document' && ++documentCount > 1) {
        return token.offset;
      }
      tokens.push(token);
    }
    refuseDepth(parser.stack);
  }
  for (const token of parser.end()) {
    if (token.type === 'document' && ++documentCount > 1) {
      return token.offset;
    }
    tokens.push(token);
  }
  return undefined;
}

/** The open tokens are the document, the containers, and perhaps a scalar within them. */
function refuseDepth(openTokens: readonly CST.Token[]): void {
  const token = openTokens[maxYamlDepth + 1];
  switch (token?.type) {
    case 'block-map':
    case 'block-seq':
    case 'flow-collection':
      throw tooDeep(token.offset);
  }
}

/** A container at `offset` stands in too many others. */
export function tooDeep(offset: number): YamlSyntaxError {
  return new YamlSyntaxError(offset, `nested more than ${maxYamlDepth} levels deep`);
}

/** Throws for the first error or warning of the library. */
function refuseFaults(document: Document.Parsed, text: string): void {
  const error = document.errors[0];
  const warning = document.warnings[0];
  const isWarningFirst = error === undefined || (warning?.pos[0] ?? Infinity) < error.pos[0];
  const fault = isWarningFirst ? warning : error;
  if (fault !== undefined) {
    throw toSyntaxError(fault, text);
  }
  const { version } = document.directives.yaml;
  if (version !== '1.2') {
    throw new YamlSyntaxError(Math.max(text.indexOf('%YAML'), 0), describeVersion(version));
  }
}

/** YAML forbids them outside of escapes. The library would take them as parts of a word. */
function refuseControlCharacters(text: string): void {
  const offset = text.search(/\r(?!\n)|(?![\t\n\r\u0085])\p{Cc}/u);
  if (offset === -1) {
    return;
  }
  const code = text.charCodeAt(offset);
  throw new YamlSyntaxError(
    offset,
    code === 0x0d
      ? 'this line ends with a carriage return alone; end lines with a line feed'
      : `a control character, U+${code.toString(16).toUpperCase().padStart(4, '0')}; remove it, or ` +
          `write \\x${code.toString(16).padStart(2, '0')} for it in a string in double quotes`,
  );
}
