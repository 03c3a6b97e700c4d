import { type BackendResult, type ErrorFields, RedshiftError } from '../backend-session.ts';
import type { SourcePosition } from '../sql/source-position.ts';
import type { BackendClient } from '../wire/backend-client.ts';
import type { ClientConnection } from '../wire/client-connection.ts';
import {
  BodyReader,
  commandComplete,
  cstring,
  frame,
  parameterStatus,
  REQUEST,
  readErrorFields,
  TYPE,
} from '../wire/messages.ts';
import { asRedshift, describeRows, isReported, passNotice } from './answers.ts';
import type { ClusterCore } from './cluster-core.ts';

/** How the answer of a statement is shown. */
export interface Showing {
  /** The simple protocol describes rows with each result; the extended one only when asked. */
  readonly describe: boolean;
  /** Command tag in place of PostgreSQL's. */
  readonly tag?: string | undefined;
  /** False: rows are dropped. */
  readonly rows?: boolean;
  /** The table written to, for wording a refusal. */
  readonly table?: string | undefined;
  /** Follows the position of a refusal back to the client's text. */
  readonly sourcePosition?: SourcePosition | undefined;
  /** The command's end is not sent but answered: to be sent once its transaction is committed. */
  readonly holdEnd?: boolean;
}

/** Statements to the backend, answers to the client: rows as raw bytes, the rest in Redshift's words. */
export class Relay {
  readonly core: ClusterCore;
  readonly backend: BackendClient;
  readonly client: ClientConnection;

  constructor(core: ClusterCore, backend: BackendClient, client: ClientConnection) {
    this.core = core;
    this.backend = backend;
    this.client = client;
    client.onDrain(() => backend.resume());
  }

  /** Runs SQL on the backend without showing anything. Throws `RedshiftError`. */
  async quiet(sql: string, table?: string): Promise<BackendResult> {
    return this.inRedshiftWords(() => this.backend.query(sql), table);
  }

  /** Runs SQL on the backend and passes its answer on. Throws `RedshiftError`; answers the held end, if any. */
  async show(sql: string, showing: Showing): Promise<Buffer | undefined> {
    let refused: ErrorFields | undefined;
    let end: Buffer | undefined;
    const hidden = showing.rows === false;
    await this.backend.exchange([frame(REQUEST.query, cstring(sql))], {
      data: (bytes) => (hidden ? true : this.client.pass(bytes)),
      message: (type, body) => {
        if (type === TYPE.error) refused ??= readErrorFields(body);
        else if (type === TYPE.rowDescription && (hidden || !showing.describe)) return;
        else if (type === TYPE.commandComplete && showing.holdEnd) end = endOf(body, showing.tag);
        else this.forward(type, body, showing.tag);
      },
    });
    if (refused) throw new RedshiftError(asRedshift(refused, { core: this.core, ...showing }));
    return end;
  }

  /** Shows one message of the backend to the client, as Redshift would send it. */
  forward(type: number, body: Buffer, tag?: string): void {
    switch (type) {
      case TYPE.rowDescription:
        this.client.send(describeRows(body, this.core));
        break;
      case TYPE.commandComplete:
        this.client.send(endOf(body, tag));
        break;
      case TYPE.parameterStatus: {
        const reader = new BodyReader(body);
        const name = reader.cstring();
        if (isReported(name)) this.client.send(parameterStatus(name, reader.cstring()));
        break;
      }
      case TYPE.notice:
        this.client.send(passNotice(body));
        break;
      case TYPE.ready:
        break;
      default:
        this.client.send(frame(type, body));
    }
  }

  /** Runs `work`; what the database refuses is said as Redshift says it. */
  async inRedshiftWords<T>(work: () => Promise<T>, table?: string): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RedshiftError)) throw error;
      throw new RedshiftError(asRedshift(error.fields, { core: this.core, table }));
    }
  }

  /** After a refusal of our own inside a block: the database must know that the block is lost. */
  async abortBlock(): Promise<void> {
    if (this.backend.status !== 'T') return;
    await this.backend.query('ABORT_BLOCK').catch(() => undefined); // a syntax error is the point
  }
}

function endOf(body: Buffer, tag: string | undefined): Buffer {
  return tag === undefined ? frame(TYPE.commandComplete, body) : commandComplete(tag);
}
