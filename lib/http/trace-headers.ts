/** The headers of W3C Trace Context. */
export const w3cHeaders: readonly string[] = ['traceparent', 'tracestate'];

/** The headers of B3, of both its forms. */
export const b3Headers: readonly string[] = [
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
];
