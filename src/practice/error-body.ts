/** Okta's error envelope. Only `errorCode` is a contract; the summaries are those of Okta's catalogue. */
import { randomBytes } from 'node:crypto';

const SUMMARIES = {
  E0000001: 'Api validation failed',
  E0000006: 'You do not have permission to perform the requested action',
  E0000007: 'Not found: Resource not found',
  E0000009: 'Internal Server Error',
  E0000010: 'Service is in read only mode',
  E0000011: 'Invalid token provided',
  E0000022: 'The endpoint does not support the provided HTTP method',
  E0000031: 'Invalid search criteria.',
  E0000047: 'API call exceeded rate limit due to too many requests.',
  E0000053: 'Invalid filter or parameter',
} as const;

export type ErrorCode = keyof typeof SUMMARIES;

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'E0000001',
  401: 'E0000011',
  403: 'E0000006',
  404: 'E0000007',
  405: 'E0000022',
  429: 'E0000047',
  503: 'E0000010',
};

/** What Okta's catalogue gives for a status; E0000009 where it says nothing better. */
export function codeOfStatus(status: number): ErrorCode {
  return CODE_OF_STATUS[status] ?? 'E0000009';
}

/** The envelope as UTF-8 JSON. `code` may be one that the catalogue here does not hold. */
export function errorBody(code: string, causes: readonly string[] = []): Buffer {
  const summaries: Readonly<Record<string, string>> = SUMMARIES;
  const summary = summaries[code] ?? 'Practice fault';
  return Buffer.from(
    JSON.stringify({
      errorCode: code,
      errorSummary: causes.length > 0 ? `${summary}: ${causes[0]}` : summary,
      errorLink: code,
      errorId: `oae${randomBytes(15).toString('base64url')}`,
      errorCauses: causes.map((errorSummary) => ({ errorSummary })),
    }),
  );
}
