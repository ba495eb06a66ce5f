/** The calls of the cases, for whatever has the interface of `fetch`. */
export function fetchClient(fetch) {
  const answer = async (response) => ({ status: response.status, text: await response.text() });
  return {
    get: async (url, { signal } = {}) => answer(await fetch(url, { signal })),
    post: async (url, body) => answer(await fetch(url, { method: 'POST', body })),
    download: async (url) => (await fetch(url)).body,
    upload: async (url, pieces) => {
      const body = ReadableStream.from(pieces);
      return answer(await fetch(url, { method: 'POST', body, duplex: 'half' }));
    },
  };
}
