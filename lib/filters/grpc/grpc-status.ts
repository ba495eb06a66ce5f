/** The statuses of HTTP that stand for those of gRPC, from 0 to 16. */
const httpStatuses: readonly number[] = [
  200, // OK
  499, // CANCELLED
  500, // UNKNOWN
  400, // INVALID_ARGUMENT
  504, // DEADLINE_EXCEEDED
  404, // NOT_FOUND
  409, // ALREADY_EXISTS
  403, // PERMISSION_DENIED
  429, // RESOURCE_EXHAUSTED
  400, // FAILED_PRECONDITION
  409, // ABORTED
  400, // OUT_OF_RANGE
  501, // UNIMPLEMENTED
  500, // INTERNAL
  503, // UNAVAILABLE
  500, // DATA_LOSS
  401, // UNAUTHENTICATED
];

/** Returns the status of HTTP for a `grpc-status`, or `undefined` if that is none. */
export function httpStatusOf(grpcStatus: string | undefined): number | undefined {
  return grpcStatus !== undefined && /^\d{1,9}$/.test(grpcStatus)
    ? httpStatuses[Number(grpcStatus)]
    : undefined;
}
