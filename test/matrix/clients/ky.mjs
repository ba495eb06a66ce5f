import { fetchClient } from '../support/fetch-client.mjs';

function ky(major, cannot) {
  return {
    name: `ky ${major}`,
    package: `ky${major}`,
    door: 'fetch',
    usage: 'ky.create({ fetch: sidecar.fetch })',
    cannot,
    async create({ fetch }) {
      const { default: ky } = await import(`ky${major}`);
      // Its own retries would hide what the sidecar does.
      return fetchClient(ky.create({ ...(fetch && { fetch }), retry: 0, throwHttpErrors: false }));
    },
  };
}

export const kys = [
  ky(1, { upload: 'It keeps a copy of the whole body for its retries, even if they are off.' }),
  ky(2),
];
