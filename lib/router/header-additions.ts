import { toByteString } from '../base/byte-string.js';
import type { HeaderToAddConfig, HeaderVariable } from '../config/header-format.js';
import type { HeaderList } from '../http/headers.js';

/** What the variables of added headers stand for: reference 2.9. */
export interface HeaderVariables {
  readonly clientAddress: string;
  readonly localAddress: string;
  readonly protocol: string;
}

interface HeaderAddition {
  readonly name: string;
  readonly value: (variables: HeaderVariables) => string;
}

/** Headers that are added to messages: reference 2.9. Compiled once, for all requests. */
export class HeaderAdditions {
  readonly #additions: readonly HeaderAddition[];

  /** `lists` in the order in which they are added. */
  constructor(...lists: readonly (readonly HeaderToAddConfig[])[]) {
    this.#additions = lists.flat().map((header) => ({
      name: header.name,
      value: compileValue(header),
    }));
  }

  get isEmpty(): boolean {
    return this.#additions.length === 0;
  }

  /** Adds behind what is there; a name may occur several times. */
  addTo(headers: HeaderList, variables: HeaderVariables): void {
    for (const { name, value } of this.#additions) {
      headers.push(name, value(variables));
    }
  }
}

function compileValue({ parts }: HeaderToAddConfig): HeaderAddition['value'] {
  const pieces = parts.map((part) => {
    if (part.kind === 'variable') {
      return readVariable[part.variable];
    }
    const text = toByteString(part.text);
    return (): string => text;
  });
  const [first, second] = pieces;
  if (first !== undefined && second === undefined) {
    return first;
  }
  return (variables) => pieces.map((piece) => piece(variables)).join('');
}

const readVariable: Readonly<Record<HeaderVariable, (variables: HeaderVariables) => string>> = {
  CLIENT_IP: ({ clientAddress }) => clientAddress,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: ({ clientAddress }) => clientAddress,
  DOWNSTREAM_LOCAL_ADDRESS: ({ localAddress }) => localAddress,
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: ({ localAddress }) =>
    localAddress.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'),
  PROTOCOL: ({ protocol }) => protocol,
};
