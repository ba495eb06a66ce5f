import { serveCaller } from './caller.mjs';
import { startOutboundSidecar, url } from './sidecar.mjs';

const sidecar = await startOutboundSidecar();

serveCaller(async () => {
  const { statusCode, body } = await sidecar.request(url);
  return { statusCode, text: await body.text() };
});
