/** Sizes as people read them. */
export function megabytes(bytes: number): string {
  if (bytes >= 1e10) return `${Math.round(bytes / 1e9)} GB`;
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes === 0) return '0 MB';
  return `${Math.max(1, Math.round(bytes / 1e6))} MB`;
}
