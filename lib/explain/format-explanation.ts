import type { RetryPolicyConfig } from '../config/retry-policy-config.js';
import type {
  ExplainedHeader,
  ExplainedRoute,
  Explanation,
  ForwardExplanation,
} from './explanation.js';

/** Routes that do not match beyond this number are counted; JSON has them all. */
const maxRoutesShown = 20;

const labelWidth = 18;

/** Writes an explanation for people: a line for each thing that there is to say. */
export function formatExplanation(explanation: Explanation): string {
  const { request, listener, virtualHost, routes, outcome } = explanation;
  const lines = [`${request.method} ${request.url}`];
  const add = (label: string, text: string): void => {
    lines.push(`  ${label.padEnd(labelWidth)}${text}`);
  };
  add('listener', nameWithAddress(listener));
  if (virtualHost !== undefined) {
    add('virtual host', `${virtualHost.name}, by the domain ${virtualHost.domain}`);
    if (virtualHost.virtualCluster !== undefined) {
      add('virtual cluster', virtualHost.virtualCluster);
    }
  }
  addRoutes(routes, add);
  switch (outcome.kind) {
    case 'forward':
      addForward(explanation, outcome, add);
      break;
    case 'redirect':
      add('answer', `${outcome.status}, location: ${outcome.location}`);
      if (outcome.isForSsl) {
        add('because', 'the virtual host has "require_ssl"');
      }
      break;
    case 'local_reply':
      add('answer', `${outcome.status}`);
      add('because', outcome.reason);
      break;
  }
  addHeaders('response +', explanation.responseHeadersAdded, add);
  for (const name of explanation.responseHeadersRemoved) {
    add('response -', name);
  }
  return `${lines.join('\n')}\n`;
}

type AddLine = (label: string, text: string) => void;

function nameWithAddress({ name, address }: Explanation['listener']): string {
  return name === address ? address : `${name} (${address})`;
}

function addRoutes(routes: readonly ExplainedRoute[], add: AddLine): void {
  const skipped = routes.filter((route) => route.reasons.length > 0);
  for (const route of skipped.slice(0, maxRoutesShown)) {
    const [first = '', ...rest] = route.reasons;
    add(`routes[${route.index}]`, `no: ${first}`);
    for (const reason of rest) {
      add('', `    ${reason}`);
    }
  }
  if (skipped.length > maxRoutesShown) {
    add('', `... and ${skipped.length - maxRoutesShown} more that do not match`);
  }
  const taken = routes.find((route) => route.reasons.length === 0);
  if (taken !== undefined) {
    add(`routes[${taken.index}]`, `yes: ${taken.conditions.join(', ')}`);
  }
}

function addForward(explanation: Explanation, forward: ForwardExplanation, add: AddLine): void {
  const { request } = explanation;
  const by = forward.chosenBy === undefined ? '' : `, by ${forward.chosenBy}`;
  add('cluster', `${forward.cluster}${by}`);
  addChange('path', request.path, forward.path, add);
  if (forward.autoHostRewrite) {
    add('host', `${request.host} -> the name of the chosen host`);
  } else {
    addChange('host', request.host, forward.host, add);
  }
  add('timeout', forward.timeoutMs === 0 ? 'none' : `${forward.timeoutMs} ms`);
  add('retries', describeRetries(forward.retryPolicy, forward.timeoutMs));
  if (forward.priority === 'high') {
    add('priority', 'high');
  }
  if (forward.useWebsocket) {
    add('upgrades', 'WebSocket');
  }
  if (forward.shadow !== undefined) {
    const { cluster, runtimeKey } = forward.shadow;
    add('shadow', runtimeKey === undefined ? cluster : `${cluster}, by runtime key ${runtimeKey}`);
  }
  if (forward.hashHeader !== undefined) {
    add('hash', `header ${forward.hashHeader}`);
  }
  if (forward.decoratorOperation !== undefined) {
    add('span', forward.decoratorOperation);
  }
  addPolicies(forward, add);
  addHeaders('request +', forward.requestHeadersAdded, add);
  for (const name of forward.requestHeadersRemoved) {
    add('request -', name);
  }
}

function addPolicies(forward: ForwardExplanation, add: AddLine): void {
  for (const { stage, actions } of forward.rateLimits) {
    add('rate limit', `stage ${stage}: ${actions.map(({ type }) => type).join(', ')}`);
  }
  const { cors } = forward;
  if (cors !== undefined) {
    add(
      'cors',
      cors.enabled === false ? 'off' : `origins ${cors.allowOrigin.join(', ') || 'none'}`,
    );
  }
  for (const [key, value] of Object.entries(forward.opaqueConfig)) {
    add('opaque config', `${key}: ${value}`);
  }
}

function addChange(label: string, before: string, after: string, add: AddLine): void {
  if (before !== after) {
    add(label, `${before} -> ${after}`);
  }
}

function addHeaders(label: string, headers: readonly ExplainedHeader[], add: AddLine): void {
  for (const { name, value } of headers) {
    add(label, `${name}: ${value}`);
  }
}

function describeRetries(policy: RetryPolicyConfig | undefined, timeoutMs: number): string {
  if (policy === undefined || policy.retryOn.length === 0) {
    return 'none';
  }
  const times = policy.numRetries === 1 ? 'once' : `${policy.numRetries} times`;
  // One that is not shorter than the time-out of the route is dropped: reference 3.5.
  const isLimited = policy.perTryTimeoutMs > 0 && policy.perTryTimeoutMs < timeoutMs;
  const limit = !isLimited ? '' : `, ${policy.perTryTimeoutMs} ms for each try`;
  return `${times}, after ${policy.retryOn.join(', ')}${limit}`;
}
