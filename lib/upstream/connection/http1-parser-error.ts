/**
 * Why a response was refused. After any of these nobody knows where the next message would start,
 * so the connection must be closed.
 */
export type ParserError =
  | 'invalid-status-line'
  | 'unsupported-version'
  | 'invalid-status'
  | 'invalid-header-name'
  | 'invalid-header-value'
  | 'obsolete-folding'
  | 'bare-cr'
  | 'bare-lf'
  | 'head-too-large'
  | 'invalid-content-length'
  | 'invalid-transfer-encoding'
  | 'conflicting-lengths'
  | 'length-too-large'
  | 'invalid-informational'
  | 'too-many-informational'
  | 'invalid-chunk-size'
  | 'invalid-chunk-extension'
  | 'chunk-line-too-large'
  | 'invalid-chunk-end'
  | 'forbidden-trailer'
  | 'trailers-too-large';
