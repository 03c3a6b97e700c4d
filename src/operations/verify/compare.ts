import { ConnectorError } from '../../core/errors.ts';
import { renderType } from '../../core/redshift-type.ts';
import type { Checksum, ColumnChecksum } from '../../types/checksum.ts';
import { checksumKind } from '../../types/checksum-kind.ts';
import type { SupportedField } from '../../types/field.ts';

/** What was compared, for reports. */
export interface Verification {
  readonly rows: number;
  /** Columns whose values were compared. */
  readonly columns: readonly string[];
  /** Columns of which only the number of NULLs was compared: the server's text of their values is not known beforehand. */
  readonly presenceOnly: readonly string[];
}

/** The two sides, in words: `the rows sent`, `what Redshift loaded`. */
export interface Sides {
  readonly here: string;
  readonly there: string;
}

/** What two checksums of the same columns say. Pure. Throws RS_COUNT_MISMATCH naming the first column that differs. */
export function compareChecksums(
  fields: readonly SupportedField[],
  here: Checksum,
  there: Checksum,
  sides: Sides,
): Verification {
  if (here.rows !== there.rows) {
    throw mismatch(`${sides.here} are ${here.rows} and ${sides.there} ${there.rows}`, {
      here: Number(here.rows),
      there: Number(there.rows),
    });
  }
  const different = fields.filter((_, position) => !isSame(here.columns[position], there.columns[position]));
  const [first] = different;
  if (first !== undefined) {
    const position = fields.indexOf(first);
    const [mine, other] = [here.columns[position]?.values ?? 0n, there.columns[position]?.values ?? 0n];
    const what = mine === other ? 'other values' : `${other} values that are not NULL instead of ${mine}`;
    const more = different.length === 1 ? '' : `, and so have ${different.length - 1} more columns`;
    throw mismatch(
      `Column ${JSON.stringify(first.name)} (${renderType(first.type)}) has ${what} in ${sides.there} than in ${sides.here}${more}`,
      { column: first.name, columns: different.map(({ name }) => name).join(', ') },
    );
  }
  const isPresence = ({ type }: SupportedField): boolean => checksumKind(type) === 'presence';
  return {
    rows: Number(here.rows),
    columns: fields.filter((field) => !isPresence(field)).map(({ name }) => name),
    presenceOnly: fields.filter(isPresence).map(({ name }) => name),
  };
}

function isSame(one: ColumnChecksum | undefined, other: ColumnChecksum | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return (
    one.values === other.values &&
    one.sum === other.sum &&
    one.fractions === other.fractions &&
    one.beyond === other.beyond
  );
}

function mismatch(message: string, details: Readonly<Record<string, string | number>>): ConnectorError {
  return new ConnectorError('RS_COUNT_MISMATCH', `Verifying failed: ${message}`, {
    action: 'Run it again; if it repeats, report it with the details.',
    details,
  });
}
