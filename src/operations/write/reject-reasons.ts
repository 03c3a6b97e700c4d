import type { LoadReject } from '../write-report.ts';

/**
 * Which of the reasons that Redshift's views have for one staged file is which row's. A line number alone does not tell,
 * since values hold newlines; but rows and errors come in the same order, so where there is one error for each missing row
 * they belong to each other. Otherwise those rows get no reason rather than that of another.
 */
export function matchReasons(
  missingRows: readonly number[],
  errors: readonly LoadReject[],
): ReadonlyMap<number, LoadReject> {
  const firstOfLine = new Map<number, LoadReject>();
  for (const error of errors) {
    if (error.line !== undefined && !firstOfLine.has(error.line)) firstOfLine.set(error.line, error);
  }
  if (firstOfLine.size !== missingRows.length) return new Map();
  const rows = [...missingRows].sort((left, right) => left - right);
  const lines = [...firstOfLine].sort(([left], [right]) => left - right);
  return new Map(rows.flatMap((row, index) => (lines[index] === undefined ? [] : [[row, lines[index][1]] as const])));
}

/**
 * The same reasons, told of the rows that are missing, where there are as many places in the staged files as such rows: the
 * files are named by number, so both have the order of the input. Else as they are.
 */
export function placeReasons(missingRows: readonly number[], errors: readonly LoadReject[]): readonly LoadReject[] {
  const placeOf = ({ file = '', line = 0 }: LoadReject): string => `${file} ${String(line).padStart(12, '0')}`;
  const places = [...new Set(errors.map(placeOf))].sort();
  if (places.length !== missingRows.length) return errors;
  const rows = [...missingRows].sort((left, right) => left - right);
  return errors.flatMap((error) => {
    const row = rows[places.indexOf(placeOf(error))];
    return row === undefined ? [] : [{ ...error, row }];
  });
}
