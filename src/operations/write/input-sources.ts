import { basename } from 'node:path';
import { ConnectorError } from '../../core/errors.ts';

/** Where a row of the input stands. */
export interface RowPlace {
  /** Name of the file. */
  readonly source: string;
  /** Number of the row in that file, from 1; absent where there is one file, whose rows have the numbers of the input. */
  readonly sourceRow?: number;
}

/** Which files the rows of an input come from, as far as they are read: rows are numbered on across the files. */
export class InputSources {
  readonly #severalFiles: boolean;
  readonly #begun: { readonly source: string; readonly before: number }[] = [];

  constructor(severalFiles: boolean) {
    this.#severalFiles = severalFiles;
  }

  /** The rows that come now are those of this file; `before`: rows of the input so far. */
  begin(source: string, before: number): void {
    this.#begun.push({ source, before });
  }

  /** Where a row of the input is to be found, by its number from 1. */
  of(row: number): RowPlace | undefined {
    const found = this.#begun.findLast(({ before }) => before < row);
    if (found === undefined) return undefined;
    return this.#severalFiles ? { source: found.source, sourceRow: row - found.before } : { source: found.source };
  }

  /** The same failure, told of the file that it is about where there are several. */
  tell(error: unknown, source: string): unknown {
    if (!this.#severalFiles || !(error instanceof ConnectorError) || error.details['source'] !== undefined)
      return error;
    const { code, message, action, details, cause } = error;
    const row = Number(details['row']);
    const place = Number.isInteger(row) ? this.of(row) : undefined;
    const told =
      place?.sourceRow === undefined
        ? `${source}: ${message}`
        : message.replace(/^Row \d+/, `Row ${row} (row ${place.sourceRow} of ${source})`);
    return new ConnectorError(code, told, {
      ...(action === undefined ? {} : { action }),
      details: { ...details, source, ...(place?.sourceRow === undefined ? {} : { sourceRow: place.sourceRow }) },
      cause,
    });
  }
}

/** Names for files in messages and reject files: the last part of each path, or all of it where two end alike. */
export function namesOf(places: readonly string[]): readonly string[] {
  const short = places.map((place) => basename(place));
  return places.map((place, index) => {
    const name = short[index] ?? place;
    return short.filter((other) => other === name).length === 1 ? name : place;
  });
}
