/** Returns the values of `/clusters` of the admin server, by their names. */
export async function clusterLines(proxy: {
  readonly adminPort: number;
}): Promise<ReadonlyMap<string, string>> {
  const page = await fetch(`http://127.0.0.1:${proxy.adminPort}/clusters`);
  const lines = (await page.text()).split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf('::');
      return [line.slice(0, end), line.slice(end + 2)];
    }),
  );
}
