import type { CustomTypesConfig, QueryArrayResult } from 'pg';

/** One column of a result as the server described it. */
export interface ResultColumn {
  readonly name: string;
  readonly typeOid: number;
  /** Length, or precision and scale, as PostgreSQL packs them; -1 where the server did not say. */
  readonly typeModifier: number;
}

/** What a statement answered: every value as the server wrote it, in text. */
export interface Rows {
  readonly fields: readonly ResultColumn[];
  /** One array a row, in the order of `fields`. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** Rows answered or changed; 0 where the server gave no number. */
  readonly rowCount: number;
  /** First word of the server's command tag: `SELECT`, `FETCH`, `COMMIT`. */
  readonly command: string;
}

const asWritten = (value: string): string => value;

/** Parsers for one query: text stays text. `pg.types` itself is the program's and is never changed. */
export const TEXT_AS_WRITTEN: CustomTypesConfig = { getTypeParser: () => asWritten };

type TextRow = (string | null)[];

/** The last result of a simple query, which may have held several statements. */
export function rowsOf(result: QueryArrayResult<TextRow> | readonly QueryArrayResult<TextRow>[]): Rows {
  const results: readonly QueryArrayResult<TextRow>[] = [result].flat();
  const last = results.at(-1);
  return {
    fields: (last?.fields ?? []).map(({ name, dataTypeID, dataTypeModifier }) => ({
      name,
      typeOid: dataTypeID,
      typeModifier: dataTypeModifier,
    })),
    rows: last?.rows ?? [],
    rowCount: last?.rowCount ?? 0,
    command: last?.command ?? '',
  };
}

/** The rows by column name, for catalog queries whose columns differ between versions of the server. */
export function namedRows({ fields, rows }: Rows): ReadonlyMap<string, string | null>[] {
  return rows.map((row) => new Map(fields.map(({ name }, position) => [name.toLowerCase(), row[position] ?? null])));
}
