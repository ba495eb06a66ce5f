import { serveCaller } from './caller.mjs';
import { startOutboundSidecar, url } from './sidecar.mjs';

const sidecar = await startOutboundSidecar();

serveCaller(async () => {
  const response = await sidecar.fetch(url);
  return { statusCode: response.status, text: await response.text() };
});
