/** Pages, each with the next one on its way while it is looked at: Okta need not wait for us, nor we for Okta. */

export async function* ahead<T>(pages: AsyncGenerator<T>): AsyncGenerator<T> {
  let coming = pages.next();
  try {
    for (;;) {
      const page = await coming;
      if (page.done === true) return;
      coming = pages.next();
      coming.catch(() => undefined); // it is thrown where it is awaited
      await turns();
      yield page.value;
    }
  } finally {
    // Not awaited: who ends early need not wait for a page that nobody wants.
    pages.return(undefined).catch(() => undefined);
  }
}

/** So many that the request is out: who looks at a page lets nothing else run. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
