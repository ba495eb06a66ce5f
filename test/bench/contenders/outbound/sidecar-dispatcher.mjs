import { request } from 'undici';
import { serveCaller } from './caller.mjs';
import { startOutboundSidecar, url } from './sidecar.mjs';

const { dispatcher } = await startOutboundSidecar();

serveCaller(async () => {
  const { statusCode, body } = await request(url, { dispatcher });
  return { statusCode, text: await body.text() };
});
