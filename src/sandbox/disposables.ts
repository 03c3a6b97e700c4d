/** Things to dispose of together, last acquired first; every one is tried, and the first failure is thrown at the end. */
export class Disposables implements AsyncDisposable {
  readonly #held: AsyncDisposable[] = [];

  own<T extends AsyncDisposable>(thing: T): T {
    this.#held.push(thing);
    return thing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const thing of this.#held.splice(0).reverse()) {
      try {
        await thing[Symbol.asyncDispose]();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
