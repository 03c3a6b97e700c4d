import type { Duplex } from 'node:stream';
import type { Connection } from 'pg';
import { ConnectorError } from '../core/errors.ts';
import { RowTap } from './row-tap.ts';

type DataListener = (data: Buffer) => void;
type Attach = (stream: Pick<Duplex, 'on'>) => void;

const taps = new WeakMap<Connection, RowTap>();

/** What stands before the parser of a guarded connection. */
export function rowTapOf(connection: Connection): RowTap {
  const tap = taps.get(connection);
  if (!tap) throw new ConnectorError('RS_INTERNAL', 'A connection has no tap for rows');
  return tap;
}

/**
 * Makes a message that `pg` cannot read an error of the connection. `pg` parses inside the socket's data listener, so an
 * answer it does not know (authentication code 13) would otherwise end the process. Rows may be tapped before the parser.
 */
export function guardParser(connection: Connection): void {
  const parsing = connection as Connection & { attachListeners?: Attach };
  const attach = parsing.attachListeners?.bind(connection);
  if (!attach) throw new ConnectorError('RS_INTERNAL', 'This version of pg is not known: its connection has no parser');

  parsing.attachListeners = (stream) => {
    const guarded: DataListener[] = [];
    const on = (event: string, listener: DataListener): unknown => {
      if (event !== 'data') return stream.on(event, listener);
      guarded.push(listener);
      const tap = new RowTap(listener);
      taps.set(connection, tap);
      return stream.on('data', (data: Buffer) => {
        try {
          tap.take(data);
        } catch (error) {
          connection.emit('error', error);
          connection.stream.destroy();
        }
      });
    };
    attach({ on } as Pick<Duplex, 'on'>);
    if (guarded.length === 0) throw new ConnectorError('RS_INTERNAL', 'This version of pg parses in an unknown way');
  };
}
