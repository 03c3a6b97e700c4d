import { hash } from 'node:crypto';
import type { Value } from './batch.ts';
import { canonicalText, checksumKind, FLOAT_LIMIT, FRACTION_PARTS, HASH_DIGITS } from './checksum-kind.ts';
import type { SupportedField } from './field.ts';

/** The sums of one column, whatever the order of its rows. */
export interface ColumnChecksum {
  /** Values that are not NULL. */
  readonly values: bigint;
  /** Of whole numbers, whole parts or hashes; 0 where only presence is compared. */
  readonly sum: bigint;
  /** Only of `float`: the fractions; else 0. */
  readonly fractions: bigint;
  /** Only of `float`: NaN, infinities and very large numbers; else 0. */
  readonly beyond: bigint;
}

/** The sums of some rows, column by column. */
export interface Checksum {
  readonly rows: bigint;
  readonly columns: readonly ColumnChecksum[];
}

/** Both sets of rows together. */
export function addChecksums(one: Checksum, other: Checksum): Checksum {
  return {
    rows: one.rows + other.rows,
    columns: one.columns.map((column, position) => {
      const more = other.columns[position];
      return more === undefined
        ? column
        : {
            values: column.values + more.values,
            sum: column.sum + more.sum,
            fractions: column.fractions + more.fractions,
            beyond: column.beyond + more.beyond,
          };
    }),
  };
}

/** Adds up rows as they pass. */
export class ChecksumCounter {
  #rows = 0;
  readonly #columns: readonly ColumnCounter[];

  constructor(fields: readonly Pick<SupportedField, 'type'>[]) {
    this.#columns = fields.map(({ type }) => new ColumnCounter(checksumKind(type), canonicalText(type)));
  }

  /** One row: the texts that COPY reads, `undefined` for NULL. */
  addTexts(texts: readonly (string | undefined)[]): void {
    this.#rows += 1;
    for (const [position, column] of this.#columns.entries()) column.addText(texts[position]);
  }

  /** Columns of values, as a read gives them. */
  addColumns(columns: readonly (readonly Value[])[], rows: number): void {
    this.#rows += rows;
    for (const [position, column] of this.#columns.entries()) {
      for (const value of columns[position] ?? []) column.addText(textOf(value));
    }
  }

  total(): Checksum {
    return { rows: BigInt(this.#rows), columns: this.#columns.map((column) => column.total()) };
  }
}

function textOf(value: Value): string | undefined {
  if (value === null) return undefined;
  if (typeof value === 'boolean') return value ? 't' : 'f';
  return String(value);
}

const HALF = 2 ** 32;

class ColumnCounter {
  readonly #kind: ReturnType<typeof checksumKind>;
  readonly #canonical: (text: string) => string;
  #values = 0;
  #beyond = 0;
  readonly #sum = new ExactSum();
  readonly #fractions = new ExactSum();

  constructor(kind: ReturnType<typeof checksumKind>, canonical: (text: string) => string) {
    this.#kind = kind;
    this.#canonical = canonical;
  }

  addText(text: string | undefined): void {
    if (text === undefined) return;
    this.#values += 1;
    if (this.#kind === 'presence') return;
    if (this.#kind === 'hash') {
      const digest = hash('md5', this.#canonical(text));
      this.#sum.add(
        Number.parseInt(digest.slice(0, HASH_DIGITS - 8), 16),
        Number.parseInt(digest.slice(HASH_DIGITS - 8, HASH_DIGITS), 16),
      );
    } else if (this.#kind === 'sum') this.#addWhole(text);
    else this.#addFloat(Number(text.replace(/^(-?)inf$/i, '$1Infinity')));
  }

  total(): ColumnChecksum {
    return {
      values: BigInt(this.#values),
      sum: this.#sum.total(),
      fractions: this.#fractions.total(),
      beyond: BigInt(this.#beyond),
    };
  }

  #addWhole(text: string): void {
    const first = text.charAt(0);
    if (text.length <= 15 && first !== 't' && first !== 'f') this.#sum.addNumber(Number(text));
    else if (first === 't' || first === 'f') this.#sum.addNumber(first === 't' ? 1 : 0);
    else this.#sum.addBig(BigInt(text));
  }

  #addFloat(number: number): void {
    if (!(Math.abs(number) < FLOAT_LIMIT)) {
      this.#beyond += 1;
      return;
    }
    const whole = Math.trunc(number);
    this.#sum.addNumber(whole);
    this.#fractions.addNumber(Math.trunc((number - whole) * FRACTION_PARTS));
  }
}

/** A sum of whole numbers of 64 bits: in two numbers, which are carried over before they lose a bit. */
class ExactSum {
  #high = 0;
  #low = 0;
  #carried = 0n;
  #count = 0;

  /** `high` counts 2^32 each; both below 2^33. */
  add(high: number, low: number): void {
    this.#high += high;
    this.#low += low;
    this.#count += 1;
    if (this.#count >= 500_000) this.#carry();
  }

  addNumber(number: number): void {
    const high = Math.floor(number / HALF);
    this.add(high, number - high * HALF);
  }

  addBig(number: bigint): void {
    this.#carried += number;
  }

  total(): bigint {
    this.#carry();
    return this.#carried;
  }

  #carry(): void {
    this.#carried += BigInt(this.#high) * BigInt(HALF) + BigInt(this.#low);
    [this.#high, this.#low, this.#count] = [0, 0, 0];
  }
}
