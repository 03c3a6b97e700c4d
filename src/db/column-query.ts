import type { Connection, Submittable } from 'pg';
import { ConnectorError } from '../core/errors.ts';
import type { Value } from '../types/batch.ts';
import type { WireDecoder } from '../types/wire-decoder.ts';
import type { WireText } from '../types/wire-text.ts';
import { rowTapOf } from './guard-parser.ts';
import type { RowSink } from './row-tap.ts';

/** What a statement answered, column by column. */
export interface Columns {
  /** One array of `rowCount` values for each decoder. */
  readonly columns: readonly (readonly Value[])[];
  readonly rowCount: number;
  /** Of the values as they came. */
  readonly bytes: number;
}

/** A field without a value has this length. */
const NULL_LENGTH = -1;

/**
 * A statement of the driver, by the simple protocol, whose rows go straight into columns. Its handlers are those that the
 * driver calls on the statement under way.
 */
export class ColumnQuery implements Submittable, RowSink {
  /** Settles when the server has answered, whatever that was. */
  readonly done: Promise<Columns>;
  readonly #text: string;
  readonly #decoders: readonly WireDecoder[];
  readonly #columns: Value[][];
  #rowCount = 0;
  #bytes = 0;
  #failure: Error | undefined;
  #resolve: (columns: Columns) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(text: string, decoders: readonly WireDecoder[]) {
    this.#text = text;
    this.#decoders = decoders;
    this.#columns = decoders.map(() => []);
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    rowTapOf(connection).divert(this);
    connection.query(this.#text);
  }

  row(text: WireText, start: number, end: number): void {
    const { bytes } = text;
    const decoders = this.#decoders;
    if (bytes.readInt16BE(start) !== decoders.length) throw new RangeError('A row has another number of fields');
    let at = start + 2;
    for (let position = 0; position < decoders.length; position += 1) {
      const length = bytes.readInt32BE(at);
      at += 4;
      if (length === NULL_LENGTH) {
        this.#columns[position]?.push(null);
        continue;
      }
      const fieldEnd = at + length;
      if (length < 0 || fieldEnd > end) throw new RangeError('A field is longer than its row');
      this.#columns[position]?.push(this.#decode(position, text, at, fieldEnd));
      this.#bytes += length;
      at = fieldEnd;
    }
    this.#rowCount += 1;
  }

  #decode(position: number, text: WireText, start: number, end: number): Value {
    try {
      return this.#decoders[position]?.(text, start, end) ?? null;
    } catch {
      // What was thrown may show the value.
      this.#failure ??= new ConnectorError('RS_INTERNAL', 'A value is not of the form that its type has', {
        details: { column: position + 1 },
      });
      return null;
    }
  }

  handleRowDescription(): void {
    // The decoders say what the columns are.
  }

  handleCommandComplete(): void {
    // How many rows there were is known.
  }

  handleError(error: Error, connection: Connection): void {
    rowTapOf(connection).restore(this);
    this.#reject(this.#failure ?? error);
  }

  handleReadyForQuery(connection: Connection): void {
    rowTapOf(connection).restore(this);
    if (this.#failure !== undefined) this.#reject(this.#failure);
    else this.#resolve({ columns: this.#columns, rowCount: this.#rowCount, bytes: this.#bytes });
  }
}
