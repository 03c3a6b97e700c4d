import { inspect } from 'node:util';

const MASK = '***';

/**
 * A value that must not be seen: prints as `***` through `String`, template strings, JSON and `util.inspect`.
 * Only `reveal()` gives it out, so every place that hands a secret to the wire can be found by that name.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself: for a request that is about to be sent, never for a message or a log. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.toPrimitive](): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
