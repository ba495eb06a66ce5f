// The tables of docs/config-support.md: one for every kind of object, one for every choice between
// kinds of objects.
import {
  bareNoun,
  capitalize,
  collectSchemas,
  describeLeftOut,
  describeRules,
  harmlessValues,
  innermost,
} from './model.mjs';

const beginMarker = '<!-- generated: the objects of a document -->';
const endMarker = '<!-- end of generated -->';

/** Headings that a noun does not make well. */
const titles = new Map([['a v1 configuration', 'Document']]);

/** Returns the page with its tables made anew. */
export function createSupportPage(page, documentSchema) {
  const [before, rest] = page.split(beginMarker);
  const [, after] = rest?.split(endMarker) ?? [];
  if (after === undefined) {
    throw new Error(`the page has no ${beginMarker} ... ${endMarker}`);
  }
  const sections = createSections(documentSchema).map(({ title, text, head, rows }) => {
    const lines = [head, head.map(() => '---'), ...rows].map(tableLine);
    return `## ${title}\n\n${text}\n${rows.length === 0 ? '' : `\n${lines.join('')}`}`;
  });
  return `${before}${beginMarker}\n\n${sections.join('\n')}\n${endMarker}${after}`;
}

function tableLine(cells) {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

/** Returns the heading of a section by the type name of each kind of object that it is about. */
export function sectionTitles(documentSchema) {
  const model = collectSchemas(documentSchema);
  const keyWords = wordsOf(model);
  return new Map(model.objects.map((object) => [object.typeName, titleOf(object.noun, keyWords)]));
}

function createSections(documentSchema) {
  const model = collectSchemas(documentSchema);
  const keyWords = wordsOf(model);
  const refusers = findRefusers(documentSchema);
  const sections = [];
  const done = new Set();
  const addUnion = (union) => {
    if (!done.has(union)) {
      done.add(union);
      sections.push(unionSection(union, keyWords, refusers));
    }
  };
  for (const object of model.objects) {
    const union = model.unions.find((one) =>
      Object.values(one.variants).some((variant) => variant.object === object),
    );
    if (union !== undefined) {
      addUnion(union);
    }
    // Kinds of objects that are called the same have the same keys, and share a table.
    if (!done.has(object.noun)) {
      done.add(object.noun);
      const alike = model.objects.filter(({ noun }) => noun === object.noun);
      sections.push(objectSection(alike, keyWords, refusers));
    }
  }
  return sections;
}

function objectSection(alike, keyWords, refusers) {
  const [first] = alike;
  // A key counts as supported if it is so in any of them.
  const best = alike.find((object) => refusers.get(object) === undefined) ?? first;
  const text = [
    alike.length === 1
      ? first.description
      : `${capitalize(first.noun)}. All of them have the same keys.`,
    ...(first.isOpen === true ? ['Unknown keys are passed over, with a warning.'] : []),
  ].join(' ');
  const rows = Object.entries(best.keys).map(([key, schema]) =>
    keyRow(key, schema, refusers.get(best), alike.length === 1),
  );
  return {
    title: titleOf(first.noun, keyWords),
    text,
    head: ['key', 'status', 'what it does, and how it differs', 'test'],
    rows,
  };
}

function keyRow(key, schema, refuser, isAlone) {
  const facts = [
    schema.description,
    ...(schema.isRequired === true ? ['Required.'] : []),
    ...describeRules(schema.value),
    ...(isAlone ? describeChoice(schema.value) : []),
    ...(schema.default === undefined ? [] : [`Default \`${schema.default}\`.`]),
  ];
  if (schema.unsupported !== undefined) {
    return [`\`${key}\``, 'refused', [...facts, ...refusal(schema.unsupported)].join(' '), ''];
  }
  if (refuser !== undefined) {
    return [`\`${key}\``, 'refused', [...facts, `With \`${refuser}\`.`].join(' '), ''];
  }
  const { difference, test } = schema;
  return [
    `\`${key}\``,
    difference === undefined ? 'supported' : 'supported with a difference',
    [...facts, ...(difference === undefined ? [] : [difference])].join(' '),
    test === undefined ? '' : `\`${test}\``,
  ];
}

function unionSection(union, keyWords, refusers) {
  const rows = Object.entries(union.variants).map(([name, variant]) => {
    const text = variant.description ?? variant.object.description;
    const refuser = refusers.get(variant.object);
    if (variant.unsupported !== undefined) {
      return [`\`${name}\``, 'refused', [text, ...refusal(variant.unsupported)].join(' '), ''];
    }
    if (refuser !== undefined) {
      return [`\`${name}\``, 'refused', `${text} With \`${refuser}\`.`, ''];
    }
    const { difference, test } = variant;
    return [
      `\`${name}\``,
      difference === undefined ? 'supported' : 'supported with a difference',
      [text, ...(difference === undefined ? [] : [difference])].join(' '),
      test === undefined ? '' : `\`${test}\``,
    ];
  });
  return {
    title: `${titleOf(union.noun, keyWords)}s`,
    text: `What \`${union.tag}\` of ${union.noun} may be.`,
    head: [union.tag, 'status', 'what it does, and how it differs', 'test'],
    rows,
  };
}

function refusal(unsupported) {
  const harmless = harmlessValues(unsupported).map((value) => `\`${JSON.stringify(value)}\``);
  return [
    `${capitalize(unsupported.reason)}.`,
    ...(harmless.length === 0 ? [] : [`Only ${harmless.join(' and ')} is accepted.`]),
    describeLeftOut(unsupported),
  ];
}

function describeChoice(value) {
  const { type, values } = innermost(value);
  if (type !== 'oneOf') {
    return [];
  }
  const list = values.map((one) => `\`${one}\``);
  return list.length === 1 ? [`Always ${list[0]}.`] : [`One of ${list.join(', ')}.`];
}

/**
 * Finds the key or the variant by which a kind of object is refused wherever it stands: `undefined`
 * for those that can stand where nothing is refused.
 */
function findRefusers(documentSchema) {
  const refusers = new Map();
  const visit = (object, refuser) => {
    const isNews = !refusers.has(object) || (refuser === undefined && refusers.get(object));
    if (!isNews) {
      return;
    }
    refusers.set(object, refuser);
    for (const [key, { value, unsupported }] of Object.entries(object.keys)) {
      const inner = innermost(value);
      const here = refuser ?? (unsupported === undefined ? undefined : key);
      for (const [name, variant] of variantsOf(inner)) {
        visit(variant.object, here ?? (variant.unsupported === undefined ? undefined : name));
      }
    }
  };
  visit(documentSchema, undefined);
  return refusers;
}

function variantsOf(value) {
  switch (value.type) {
    case 'object':
      return [['', { object: value.object }]];
    case 'union':
      return Object.entries(value.union.variants);
    default:
      return [];
  }
}

/** Returns the words that stand for themselves in a heading: keys and names of the schema. */
function wordsOf({ objects, unions }) {
  return {
    keys: new Set(objects.flatMap(({ keys }) => Object.keys(keys))),
    names: new Set(unions.flatMap(({ variants }) => Object.keys(variants))),
  };
}

function titleOf(noun, { keys, names }) {
  const title = titles.get(noun);
  if (title !== undefined) {
    return title;
  }
  const words = bareNoun(noun).split(' ');
  const namesKey = noun.startsWith('the ') && (words.length === 1 || words[1] === 'of');
  return words
    .map((word, index) => {
      const isCode =
        (word.includes('_') && (keys.has(word) || names.has(word))) ||
        (index === 0 && namesKey && keys.has(word)) ||
        (index > 0 && index === words.length - 1 && names.has(word));
      return isCode ? `\`${word}\`` : index === 0 ? capitalize(word) : word;
    })
    .join(' ');
}
