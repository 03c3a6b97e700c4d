import { invalidField } from '../../core/invalid-field.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { identifier, join, sql } from '../../sql/sql.ts';
import type { Batch } from '../../types/batch.ts';
import { type Checksum, ChecksumCounter } from '../../types/checksum.ts';
import type { SupportedField } from '../../types/field.ts';
import { compareChecksums, type Verification } from '../verify/compare.ts';
import { checksumOnServer } from '../verify/server-checksum.ts';
import type { DescribedSource } from './read-describe.ts';
import { plainSelect } from './read-select.ts';
import type { ReadSpec } from './read-spec.ts';

const SIDES = { here: 'the rows read', there: 'what Redshift holds' };

/** The sums that Redshift makes of the rows of a read, and what they are held against. */
export class ReadCheck {
  readonly #described: DescribedSource;
  readonly #acceptLoss: readonly string[];
  #expected: Checksum | undefined;

  constructor(described: DescribedSource, acceptLoss: readonly string[]) {
    this.#described = described;
    this.#acceptLoss = acceptLoss;
  }

  /** Has Redshift add up the rows: in the transaction that reads them, or the two would not see the same. */
  async ask(session: Session, run: Run): Promise<void> {
    const { source, fields } = this.#described;
    // By position: two columns may have one name.
    const named = fields.map((field, position) => ({ ...field, name: `c${position + 1}` }));
    const names = join(named.map(({ name }) => identifier(name)));
    const from = sql`(${plainSelect(source).statement}\n) AS roleshift_source (${names})`;
    this.#expected = await checksumOnServer(session, from, named, run);
  }

  /** What was compared. Columns whose loss was accepted are left out. Throws RS_COUNT_MISMATCH naming the column. */
  compare(found: Checksum): Verification {
    const { fields } = this.#described;
    const isCompared = fields.map(({ name }) => !this.#acceptLoss.includes(name));
    const some = ({ rows, columns }: Checksum): Checksum => ({
      rows,
      columns: columns.filter((_, position) => isCompared[position]),
    });
    const expected = this.#expected ?? { rows: -1n, columns: [] };
    return compareChecksums(
      fields.filter((_, position) => isCompared[position]),
      some(found),
      some(expected),
      SIDES,
    );
  }
}

/** The batches as they are; after the last one they are compared with what Redshift holds. */
export async function* checkedBatches(
  batches: AsyncIterable<Batch>,
  fields: readonly SupportedField[],
  check: ReadCheck,
): AsyncGenerator<Batch, void, undefined> {
  const counter = new ChecksumCounter(fields);
  for await (const batch of batches) {
    counter.addColumns(batch.columns, batch.rowCount);
    yield batch;
  }
  check.compare(counter.total());
}

/** Throws RS_CONFIG_INVALID for a read that cannot be verified. */
export function requireVerifiable({ verify, mode, limit, resumable, resumeFrom }: ReadSpec): void {
  if (verify !== true) return;
  const refuse = (message: string, action: string): never => {
    throw invalidField('verify', message, action);
  };
  if (mode === 'partitioned')
    refuse('The sessions of a partitioned read do not see one state', 'Read in another mode.');
  if (limit !== undefined) refuse('Which rows a limit leaves may differ from time to time', 'Leave the limit out.');
  if (resumable === true || resumeFrom !== undefined) {
    refuse('A read that goes on does not see all of its rows', 'Leave resumable out.');
  }
}
