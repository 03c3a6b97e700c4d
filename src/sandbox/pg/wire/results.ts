import { type BackendResult, RedshiftError } from '../backend-session.ts';
import type { BackendSink } from './backend-client.ts';
import {
  BodyReader,
  type ColumnDescription,
  readDataRow,
  readErrorFields,
  readRowDescription,
  TYPE,
} from './messages.ts';

/** A sink that keeps the last result as text rows: for small answers that the endpoint itself wants. */
export function collectResults(): { readonly sink: BackendSink; last(): BackendResult } {
  let columns: ColumnDescription[] = [];
  let rows: (string | null)[][] = [];
  let tag = '';
  let refused: RedshiftError | undefined;
  return {
    sink: {
      message: (type, body) => {
        if (type === TYPE.rowDescription) {
          columns = readRowDescription(body);
          rows = [];
        } else if (type === TYPE.dataRow) rows.push(readDataRow(body));
        else if (type === TYPE.commandComplete) {
          tag = new BodyReader(body).cstring();
        } else if (type === TYPE.error) refused ??= new RedshiftError(readErrorFields(body));
      },
    },
    last: () => {
      if (refused) throw refused;
      return { columns, rows, tag, rowCount: countOf(tag) };
    },
  };
}

/** The count at the end of a command tag; 0 where it has none. */
export function countOf(tag: string): number {
  return Number(/(\d+)$/.exec(tag)?.[1] ?? 0);
}
