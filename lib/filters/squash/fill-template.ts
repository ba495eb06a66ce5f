/** Where the value of an environment variable is put in: the blanks belong to it. */
const placeholder = /\{\{ (\w+) \}\}/g;

/**
 * Returns a copy of a JSON value in whose texts each `{{ NAME }}` has become the value of that
 * variable. One that is not set is empty, of which `onMissing` hears. Names of members stay.
 */
export function fillTemplate(
  value: unknown,
  variables: Readonly<Record<string, string | undefined>>,
  onMissing: (name: string) => void,
): unknown {
  if (typeof value === 'string') {
    return value.replace(placeholder, (_, name: string) => {
      const text = Object.hasOwn(variables, name) ? variables[name] : undefined;
      if (text === undefined) {
        onMissing(name);
      }
      return text ?? '';
    });
  }
  if (Array.isArray(value)) {
    return value.map((item) => fillTemplate(item, variables, onMissing));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value).map(([key, member]) => [
    key,
    fillTemplate(member, variables, onMissing),
  ]);
  return Object.fromEntries(entries);
}
