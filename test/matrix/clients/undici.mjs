import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { fetchClient } from '../support/fetch-client.mjs';

/** The ways to send a request; each gets the module, and what it is to be connected with. */
const functions = {
  fetch: {
    usage: 'fetch(url, { dispatcher: sidecar.dispatcher })',
    create: ({ fetch }, { dispatcher }) =>
      fetchClient((url, init) => fetch(url, dispatcher ? { ...init, dispatcher } : init)),
  },
  request: {
    usage: 'request(url, { dispatcher: sidecar.dispatcher })',
    create: createRequest,
  },
  stream: {
    usage: 'stream(url, { dispatcher: sidecar.dispatcher }, factory)',
    create: createStream,
  },
  pipeline: {
    usage: 'pipeline(url, { dispatcher: sidecar.dispatcher }, handler)',
    cannot: { redirect: 'Its requests have a stream for a body, which cannot be sent again.' },
    create: createPipeline,
  },
};

/** Returns what gives the dispatcher of a call: redirects are a matter of an interceptor. */
function dispatcherOf({ interceptors }, { dispatcher }) {
  return (follow) =>
    follow ? dispatcher.compose(interceptors.redirect({ maxRedirections: 3 })) : dispatcher;
}

function createRequest(undici, door) {
  const choose = dispatcherOf(undici, door);
  const send = (url, { follow, ...options } = {}) =>
    undici.request(url, { dispatcher: choose(follow), ...options });
  const answer = async ({ statusCode, body }) => ({ status: statusCode, text: await body.text() });
  return {
    get: async (url, options) => answer(await send(url, options)),
    post: async (url, body) => answer(await send(url, { method: 'POST', body })),
    download: async (url) => (await send(url)).body,
    upload: async (url, pieces) => answer(await send(url, { method: 'POST', body: pieces })),
  };
}

function createStream(undici, door) {
  const choose = dispatcherOf(undici, door);
  /** Resolves with status and body, once there is a response. */
  const send = (url, { follow, ...options } = {}) =>
    new Promise((resolve, reject) => {
      const dispatcher = choose(follow);
      const sent = undici.stream(url, { dispatcher, method: 'GET', ...options }, (response) => {
        const body = new PassThrough();
        resolve({ status: response.statusCode, body });
        return body;
      });
      sent.catch(reject);
    });
  const answer = async ({ status, body }) => ({ status, text: await text(body) });
  return {
    get: async (url, options) => answer(await send(url, options)),
    post: async (url, body) => answer(await send(url, { method: 'POST', body })),
    download: async (url) => (await send(url)).body,
    upload: async (url, pieces) =>
      answer(await send(url, { method: 'POST', body: Readable.from(pieces) })),
  };
}

function createPipeline(undici, { dispatcher }) {
  const open = (url, options, onStatus = () => {}) =>
    undici.pipeline(url, { dispatcher, ...options }, ({ statusCode, body }) => {
      onStatus(statusCode);
      return body;
    });
  const exchange = async (url, options, body) => {
    let status;
    const duplex = open(url, options, (code) => {
      status = code;
    });
    const [received] = await Promise.all([text(duplex), pipeline(body, duplex, { end: true })]);
    return { status, text: received };
  };
  return {
    get: (url, { signal } = {}) => exchange(url, { method: 'GET', signal }, []),
    post: (url, body) => exchange(url, { method: 'POST' }, [body]),
    download: async (url) => open(url, { method: 'GET' }).end(),
    upload: (url, pieces) => exchange(url, { method: 'POST' }, pieces),
  };
}

/** The clients of one version of undici. */
function undici(major) {
  return Object.entries(functions).map(([name, { create, ...more }]) => ({
    name: `undici ${major} \`${name}\``,
    package: `undici${major}`,
    door: 'dispatcher',
    ...more,
    create: async (door) => create(await import(`undici${major}`), door),
  }));
}

export const undicis = [...undici(6), ...undici(7), ...undici(8)];
