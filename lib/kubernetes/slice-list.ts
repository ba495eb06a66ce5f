import { isJsonObject } from '../config/json-members.js';
import type { ApiClient } from './api-client.js';
import { ApiFailure } from './api-failure.js';
import { readEndpointSlice, type SliceObject } from './endpoint-slice.js';

/** How many slices a page of a list holds at most; a slice has 100 endpoints, rarely more. */
const pageSize = 200;

/** Far more than there are; a list of so many pages never ends. */
const maxPages = 1000;

/** Every slice there is, and the version from which a watch goes on. */
export interface SliceList {
  readonly objects: readonly SliceObject[];
  readonly resourceVersion: string;
}

/** Returns the path of the slices of a namespace, or with `undefined` of all. */
export function slicesPath(namespace: string | undefined): string {
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `/apis/discovery.k8s.io/v1${scope}/endpointslices`;
}

/**
 * Lists all slices, page by page, so that neither side has to hold all of them as text at once.
 * Rejects with whatever prevented it, also in the middle: half a list is none.
 */
export async function listSlices(
  client: ApiClient,
  path: string,
  signal: AbortSignal,
): Promise<SliceList> {
  const objects: SliceObject[] = [];
  let token = '';
  for (let page = 0; page < maxPages; page++) {
    const query = new URLSearchParams({ limit: String(pageSize) });
    if (token !== '') {
      query.set('continue', token);
    }
    const value = await client.getJson(`${path}?${query}`, signal);
    const { items, resourceVersion, next } = readPage(value);
    for (const item of items) {
      const object = readEndpointSlice(item);
      if (object !== undefined) {
        objects.push(object);
      }
    }
    if (next === '') {
      return { objects, resourceVersion };
    }
    if (next === token) {
      throw new ApiFailure('the list has a page that continues with itself');
    }
    token = next;
  }
  throw new ApiFailure(`the list has more than ${maxPages} pages`);
}

interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** Where the next page begins; empty for none. */
  readonly next: string;
}

function readPage(value: unknown): Page {
  const metadata = isJsonObject(value) ? value['metadata'] : undefined;
  const items = isJsonObject(value) ? value['items'] : undefined;
  if (!isJsonObject(metadata) || typeof metadata['resourceVersion'] !== 'string') {
    throw new ApiFailure('the answer is no list of EndpointSlices');
  }
  // Go writes an empty list as null, in places.
  if (!Array.isArray(items ?? [])) {
    throw new ApiFailure('the answer is no list of EndpointSlices');
  }
  const next = metadata['continue'];
  return {
    items: Array.isArray(items) ? items : [],
    resourceVersion: metadata['resourceVersion'],
    next: typeof next === 'string' ? next : '',
  };
}
