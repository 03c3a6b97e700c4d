/** Highest resident size of this process while `work` runs, in bytes. */
export async function peakOf(work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  try {
    await work();
    return peak;
  } finally {
    clearInterval(timer);
  }
}
