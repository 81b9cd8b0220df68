/** How long something lasted or is ago, in the unit that people would use: `41 s`, `3 h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

/** `41 s ago`. What has yet to come, as another clock than ours had it, or ours before it was set: `in 3 h`. */
export function ago(ms: number): string {
  // Who looks has read its clock a moment before it reads what is written meanwhile.
  return ms > -1_000 ? `${duration(Math.max(0, ms))} ago` : `in ${duration(-ms)}`;
}
