/** Where something listens or is reached: a v1 `tcp://host:port` or `unix://path` URL. */
export type Address = TcpAddress | UnixAddress;

export interface TcpAddress {
  readonly kind: 'tcp';
  /** An IP address (IPv6 without brackets), or a name where the key allows names. */
  readonly host: string;
  readonly port: number;
}

export interface UnixAddress {
  readonly kind: 'unix';
  readonly path: string;
}
