/** What of a request is carried over to the calls that are made for it. */
export interface ContextPolicy {
  readonly headers: boolean;
  readonly deadline: boolean;
}

/** Everything, as without any option. */
export const fullContext: ContextPolicy = { headers: true, deadline: true };

/** Whether there is anything to carry over. */
export function isContextWanted({ headers, deadline }: ContextPolicy): boolean {
  return headers || deadline;
}
