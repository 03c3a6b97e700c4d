import type { ErrorFields } from '../backend-session.ts';

/** Type bytes of the frames this endpoint reads or writes. */
export const TYPE = {
  authentication: 0x52, // R
  backendKey: 0x4b, // K
  bindComplete: 0x32, // 2
  closeComplete: 0x33, // 3
  commandComplete: 0x43, // C
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyFail: 0x66, // f
  copyInResponse: 0x47, // G
  copyOutResponse: 0x48, // H
  dataRow: 0x44, // D
  emptyQuery: 0x49, // I
  error: 0x45, // E
  noData: 0x6e, // n
  notice: 0x4e, // N
  parameterDescription: 0x74, // t
  parameterStatus: 0x53, // S
  parseComplete: 0x31, // 1
  portalSuspended: 0x73, // s
  ready: 0x5a, // Z
  rowDescription: 0x54, // T
} as const;

/** Type bytes of what a client sends after the start-up. */
export const REQUEST = {
  bind: 0x42, // B
  close: 0x43, // C
  describe: 0x44, // D
  execute: 0x45, // E
  flush: 0x48, // H
  functionCall: 0x46, // F
  parse: 0x50, // P
  password: 0x70, // p
  query: 0x51, // Q
  sync: 0x53, // S
  terminate: 0x58, // X
} as const;

/** `I` idle, `T` in a block, `E` in an aborted block. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** One frame: type byte, length, body. */
export function frame(type: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const bodies = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
  const length = bodies.reduce((sum, body) => sum + body.length, 4);
  const head = Buffer.allocUnsafe(5);
  head[0] = type;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, ...bodies], length + 1);
}

/** Text as the protocol writes it: ended by a zero byte. */
export function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** Reads a body from its front. */
export class BodyReader {
  readonly #body: Buffer;
  #offset = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get rest(): Buffer {
    return this.#body.subarray(this.#offset);
  }

  cstring(): string {
    const end = this.#body.indexOf(0, this.#offset);
    if (end < 0) throw new RangeError('A text without its end');
    const text = this.#body.toString('utf8', this.#offset, end);
    this.#offset = end + 1;
    return text;
  }

  bytes(count: number): Buffer {
    const bytes = this.#body.subarray(this.#offset, this.#offset + count);
    this.#offset += count;
    return bytes;
  }

  byte(): number {
    return this.bytes(1).readUInt8();
  }

  int16(): number {
    return this.bytes(2).readInt16BE();
  }

  int32(): number {
    return this.bytes(4).readInt32BE();
  }
}

export function errorResponse(fields: ErrorFields, type: number = TYPE.error): Buffer {
  const severity = fields.severity ?? 'ERROR';
  const parts: [string, string | undefined][] = [
    ['S', severity],
    ['C', fields.code],
    ['M', fields.message],
    ['D', fields.detail],
    ['H', fields.hint],
    ['P', fields.position === undefined ? undefined : String(fields.position)],
    ['W', fields.where],
    ['s', fields.schema],
    ['t', fields.table],
    ['c', fields.column],
    ['n', fields.constraint],
  ];
  const body = parts.flatMap(([key, value]) => (value === undefined ? [] : [key, cstring(value)]));
  return frame(type, ...body, '\0');
}

export function noticeResponse(severity: string, message: string): Buffer {
  const head = ['S', cstring(severity), 'C', cstring('00000'), 'M', cstring(message)];
  return frame(TYPE.notice, ...head, '\0');
}

/** The fields of an ErrorResponse or NoticeResponse. */
export function readErrorFields(body: Buffer): ErrorFields & { readonly notice?: string } {
  const reader = new BodyReader(body);
  const read: Record<string, string> = {};
  for (let key = reader.byte(); key !== 0; key = reader.byte()) read[String.fromCharCode(key)] = reader.cstring();
  const optional = {
    detail: 'D',
    hint: 'H',
    where: 'W',
    schema: 's',
    table: 't',
    column: 'c',
    constraint: 'n',
  } as const;
  const found = Object.entries(optional).flatMap(([name, key]) => (read[key] === undefined ? [] : [[name, read[key]]]));
  return {
    severity: read['V'] === 'FATAL' || read['S'] === 'FATAL' ? 'FATAL' : 'ERROR',
    code: read['C'] ?? 'XX000',
    message: read['M'] ?? '',
    ...(read['V'] === undefined ? {} : { notice: read['V'] }),
    ...(read['P'] === undefined ? {} : { position: Number(read['P']) }),
    ...(Object.fromEntries(found) as Partial<ErrorFields>),
  };
}

export interface ColumnDescription {
  readonly name: string;
  readonly tableOid: number;
  readonly columnNumber: number;
  readonly typeOid: number;
  readonly typeSize: number;
  readonly typeModifier: number;
  readonly format: number;
}

export function readRowDescription(body: Buffer): ColumnDescription[] {
  const reader = new BodyReader(body);
  return Array.from({ length: reader.int16() }, () => ({
    name: reader.cstring(),
    tableOid: reader.int32(),
    columnNumber: reader.int16(),
    typeOid: reader.int32(),
    typeSize: reader.int16(),
    typeModifier: reader.int32(),
    format: reader.int16(),
  }));
}

export function rowDescription(columns: readonly ColumnDescription[]): Buffer {
  const body = columns.flatMap((column) => [
    cstring(column.name),
    int32(column.tableOid),
    int16(column.columnNumber),
    int32(column.typeOid),
    int16(column.typeSize),
    int32(column.typeModifier),
    int16(column.format),
  ]);
  return frame(TYPE.rowDescription, int16(columns.length), ...body);
}

export function readDataRow(body: Buffer): (string | null)[] {
  const reader = new BodyReader(body);
  return Array.from({ length: reader.int16() }, () => {
    const length = reader.int32();
    return length < 0 ? null : reader.bytes(length).toString('utf8');
  });
}

export function dataRow(values: readonly (string | null)[]): Buffer {
  const body = values.flatMap((value) => {
    if (value === null) return [int32(-1)];
    const bytes = Buffer.from(value);
    return [int32(bytes.length), bytes];
  });
  return frame(TYPE.dataRow, int16(values.length), ...body);
}

export function commandComplete(tag: string): Buffer {
  return frame(TYPE.commandComplete, cstring(tag));
}

export function readyForQuery(status: TransactionStatus): Buffer {
  return frame(TYPE.ready, status);
}

export function parameterStatus(name: string, value: string): Buffer {
  return frame(TYPE.parameterStatus, cstring(name), cstring(value));
}
