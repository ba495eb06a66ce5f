// The keys of the public v1 schemas: nothing but their names, by the object that they belong to.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Returns the sorted keys of every object of the schemas in a folder. The name of an object is that
 * of the schema, `#` and that of a definition, and the path of keys in it.
 */
export function collectPublicKeys(folder) {
  const found = {};
  for (const file of readdirSync(folder).sort()) {
    const schema = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const name = file.replace(/\.json$/, '');
    collect(schema, name, found);
    for (const [definition, value] of Object.entries(schema.definitions ?? {})) {
      collect(value, `${name}#${definition}`, found);
    }
  }
  return found;
}

function collect(schema, name, found) {
  const { properties } = schema.type === 'array' ? (schema.items ?? {}) : schema;
  if (isObject(schema.items) && schema.items.type === 'array') {
    collect(schema.items, name, found);
    return;
  }
  // Some keywords stand among the properties by mistake; those are no schemas.
  const entries = Object.entries(properties ?? {}).filter(([, value]) => isObject(value));
  if (entries.length === 0) {
    return;
  }
  found[name] = entries.map(([key]) => key).sort();
  for (const [key, value] of entries) {
    collect(value, `${name}.${key}`, found);
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
