/** The code of a reset that says that nothing has been done: RFC 9113, 7. */
export const refusedStream = 7;

/** That of a stream that is no longer needed. */
export const cancel = 8;

/** The type of a frame with a head, or with trailers: RFC 9113, 6. */
export const headersFrame = 1;

/** The flag of the last frame of a message. */
export const endStreamFlag = 1;
