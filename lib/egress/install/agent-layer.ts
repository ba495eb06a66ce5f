import type { Agent, ClientRequest, ClientRequestArgs } from 'node:http';
import type { OutboundAgent } from '../agent/outbound-agent.js';
import { PropertyLayer } from './property-layer.js';
import { undoProxying } from './undo-proxying.js';

/** What `node:http` calls of an agent, and the declarations leave out. */
type AddRequest = (
  this: unknown,
  request: ClientRequest,
  options: ClientRequestArgs,
  ...more: unknown[]
) => unknown;

type AgentClass = new (...args: unknown[]) => object;

/**
 * Puts a layer over an agent, by which requests to hosts that are ours go to `door`. The agent itself
 * stays in its place: whoever has taken hold of it before is served alike, its limits and sockets
 * are still those of all other requests, and its class and what others make of that are not touched.
 */
export function layOverAgent(agent: Agent, door: OutboundAgent): PropertyLayer {
  const layer = new PropertyLayer(agent, 'addRequest');
  // Every agent has it.
  const below = (): AddRequest => layer.below as AddRequest;
  layer.putValue(createAddRequest(agent, door, layer, below));
  return layer;
}

/**
 * Puts a layer over the constructor that an agent names. For `agent: false`, which some clients have
 * for every request, `node:http` makes an agent for that one request, by the constructor of the
 * global one and without options. It is no agent of the application's own either.
 */
export function layOverConstructor(agent: Agent, door: OutboundAgent): PropertyLayer {
  const layer = new PropertyLayer(agent, 'constructor');
  // That of an agent makes agents.
  const found = Reflect.get(agent, 'constructor') as AgentClass;
  const made: AgentClass = new Proxy(found, {
    construct: (_found, args, newTarget) => {
      if (newTarget !== made) {
        return Reflect.construct(found, args, newTarget);
      }
      const one = new found(...args);
      if (layer.isActive && args.length === 0) {
        const below: unknown = Reflect.get(one, 'addRequest');
        // Every agent has it.
        const value = createAddRequest(one, door, layer, () => below as AddRequest);
        Object.defineProperty(one, 'addRequest', { value, writable: true, configurable: true });
      }
      return one;
    },
  });
  layer.putValue(made);
  return layer;
}

function createAddRequest(
  agent: object,
  door: OutboundAgent,
  layer: PropertyLayer,
  below: () => AddRequest,
): AddRequest {
  return function addRequest(this: unknown, request, options, ...more) {
    // Others may borrow the method for an agent of their own.
    if (this === agent && layer.isActive && door.takes(request, options)) {
      undoProxying(request, options);
      door.addRequest(request, options);
      return undefined;
    }
    return below().call(this, request, options, ...more);
  };
}
