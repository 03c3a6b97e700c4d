import { ConnectorError } from '../core/errors.ts';
import { renderType, type SupportedType } from '../core/redshift-type.ts';
import { codecFor } from './codec.ts';
import type { SupportedField } from './field.ts';

/** How rows travel, as far as values can suffer from it. */
export type Path =
  | 'direct read'
  | 'staged Parquet read'
  | 'staged CSV read'
  /** From rows or files, through staged CSV and COPY. */
  | 'load'
  | 'Parquet file'
  | 'CSV file'
  | 'JSON Lines file';

/** Whether every value of a column arrives as it left. */
export type Fidelity =
  | { readonly verdict: 'exact' }
  /** Some values may be refused, aloud, or spelled anew without becoming others; the note says which. */
  | { readonly verdict: 'limited'; readonly note: string }
  /** Some values may become others without a word: refused unless the column is named in `acceptLoss`. */
  | { readonly verdict: 'lossy'; readonly note: string; readonly instead: string };

/** The verdict on one column of a run. */
export type ColumnFidelity = Fidelity & { readonly column: string; readonly type: string };

const EXACT: Fidelity = { verdict: 'exact' };

/** The verdict on one column, to be told before a run. */
export function fidelityOf({ type }: Pick<SupportedField, 'type'>, path: Path): Fidelity {
  const { loadNote, csvLoss, csvOnly } = codecFor(type);
  switch (path) {
    case 'direct read':
    case 'Parquet file':
    case 'CSV file':
      return EXACT;
    case 'staged Parquet read':
      return csvOnly === true ? NO_PARQUET : EXACT;
    case 'staged CSV read':
      return stagedCsv(type, csvLoss);
    case 'load':
      return loadNote === undefined ? EXACT : { verdict: 'limited', note: loadNote };
    case 'JSON Lines file':
      return type.kind === 'super' ? ONE_NULL : EXACT;
  }
}

const NO_PARQUET: Fidelity = { verdict: 'limited', note: 'Parquet has no form for it: the staged files are CSV' };

const ONE_NULL: Fidelity = {
  verdict: 'limited',
  note: "JSON's own null as a whole value is refused: it would come out as SQL's NULL",
};

function stagedCsv({ kind }: SupportedType, csvLoss: string | undefined): Fidelity {
  if (csvLoss !== undefined) return { verdict: 'lossy', note: csvLoss, instead: 'read in direct mode' };
  if (kind !== 'super') return EXACT;
  return {
    verdict: 'limited',
    note: 'a value of more than 65,535 bytes of JSON text fails: read those in direct mode',
  };
}

/** The verdict on all columns. Pure. */
export function fidelityReport(fields: readonly SupportedField[], path: Path): readonly ColumnFidelity[] {
  return fields.map(({ name, type }) => ({ column: name, type: renderType(type), ...fidelityOf({ type }, path) }));
}

/** The columns that would lose values, and that nobody has accepted to. Pure. */
export function refusedLosses(
  report: readonly ColumnFidelity[],
  acceptLoss: readonly string[],
): readonly Extract<ColumnFidelity, { readonly verdict: 'lossy' }>[] {
  return report.flatMap((one) => (one.verdict === 'lossy' && !acceptLoss.includes(one.column) ? [one] : []));
}

/** Throws RS_LOSS_REFUSED for the columns that would lose values on this path, unless `acceptLoss` names them. */
export function requireFidelity(fields: readonly SupportedField[], path: Path, acceptLoss: readonly string[]): void {
  const [first, ...more] = refusedLosses(fidelityReport(fields, path), acceptLoss);
  if (first === undefined) return;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  const columns = [first, ...more].map(({ column }) => column).join(', ');
  throw new ConnectorError(
    'RS_LOSS_REFUSED',
    `By ${path} column ${JSON.stringify(first.column)} (${first.type})${others} may lose values: ${first.note}`,
    {
      action: `${capital(first.instead)}, or accept the loss by naming the column in acceptLoss.`,
      details: { columns, path, note: first.note },
    },
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
