import { type LayeredRuntime, runtimeLayerNames } from '../base/runtime/layered-runtime.js';
import { type AdminEndpoint, jsonReply } from './admin-endpoint.js';

/**
 * `/runtime`: every runtime key with its value in each layer and the one that counts, in JSON as in
 * the Envoy of 2018. The empty string stands for a layer without a value.
 */
export const runtimeEndpoint: AdminEndpoint = {
  path: '/runtime',
  help: 'print runtime values',
  isMutation: false,
  reply: ({ runtime }) => jsonReply(describeRuntime(runtime)),
};

function* describeRuntime(runtime: LayeredRuntime): Generator<string, void, undefined> {
  yield `{"layers":${JSON.stringify(runtimeLayerNames)},"entries":{`;
  let separator = '';
  for (const [key, values] of runtime.entries()) {
    const layerValues = values.map((value) => value?.text ?? '');
    const entry = { layer_values: layerValues, final_value: runtime.get(key) ?? '' };
    yield `${separator}${JSON.stringify(key)}:${JSON.stringify(entry)}`;
    separator = ',';
  }
  yield '}}\n';
}
