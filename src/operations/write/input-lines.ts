import type { Engine } from '../../columnar/engine.ts';
import { findLines } from '../../columnar/record-lines.ts';
import type { Run } from '../../core/run.ts';
import type { InputPart } from './input-part.ts';
import { fetchAhead } from './part-order.ts';

/** A file of an input that was read through. */
export interface StagedPart {
  readonly part: InputPart;
  /** Rows of the files before it. */
  readonly before: number;
  readonly rows: number;
}

/** A file that has rows which are looked for, by their numbers in it. */
interface Searched extends StagedPart {
  readonly numbers: readonly number[];
}

/**
 * Lines that rows begin in, each in its own file, by the numbers of the rows in the input. Only files with such rows are
 * read through once more; those in S3 are brought here again, as they were. A file whose lines cannot be told any more has
 * none: they are an extra. Throws for an abort of the run alone.
 */
export async function linesOfRows(
  engine: Engine,
  staged: readonly StagedPart[],
  rows: readonly number[],
  run: Run,
): Promise<ReadonlyMap<number, number>> {
  const searched = withRows(staged, rows);
  const lines = new Map<number, number>();
  for (const [index, file] of searched.entries()) {
    fetchAhead(
      searched.slice(index).map(({ part }) => part),
      run,
    );
    for (const [number, line] of await linesOfPart(engine, file, run)) lines.set(file.before + number, line);
  }
  return lines;
}

function withRows(staged: readonly StagedPart[], rows: readonly number[]): readonly Searched[] {
  const sorted = [...new Set(rows)].sort((left, right) => left - right);
  let next = 0;
  return staged.flatMap((file) => {
    const first = next;
    while ((sorted[next] ?? Number.POSITIVE_INFINITY) <= file.before + file.rows) next += 1;
    const numbers = sorted.slice(first, next).map((row) => row - file.before);
    return numbers.length === 0 ? [] : [{ ...file, numbers }];
  });
}

async function linesOfPart(
  engine: Engine,
  { part, rows, numbers }: Searched,
  run: Run,
): Promise<ReadonlyMap<number, number>> {
  try {
    const input = await part.open(engine, run);
    const lines = await findLines(input, { numbers, total: rows }, run.signal);
    await part.release(); // says whether it is still the same
    return lines;
  } catch (error) {
    run.signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    run.publish({ type: 'suppressed', reason: 'looking for the lines of rejected rows', message });
    return new Map();
  }
}
