import { ConnectorError } from '../core/errors.ts';

/** A value of Thrift's compact protocol, with the type it had: enough to change some values and write all back. */
export type Thrift =
  | { readonly kind: 'bool'; readonly value: boolean }
  /** `width`: its type on the wire: byte, i16, i32, i64. */
  | { readonly kind: 'int'; readonly width: 3 | 4 | 5 | 6; readonly value: bigint }
  | { readonly kind: 'double' | 'binary'; readonly value: Buffer }
  | { readonly kind: 'list'; readonly element: number; readonly wireType: 9 | 10; readonly values: readonly Thrift[] }
  | { readonly kind: 'struct'; readonly fields: ReadonlyMap<number, Thrift> };

const MAX_DEPTH = 16;

/**
 * Reads one struct: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. Maps, which Parquet
 * does not use, are refused.
 */
export function readThrift(bytes: Buffer): Thrift {
  const reader = new Reader(bytes);
  return reader.value(12, 0);
}

export function writeThrift(value: Thrift): Buffer {
  const chunks: Buffer[] = [];
  write(value, chunks);
  return Buffer.concat(chunks);
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  value(type: number, depth: number): Thrift {
    if (depth > MAX_DEPTH) throw damaged();
    switch (type) {
      case 1:
      case 2:
        return { kind: 'bool', value: type === 1 };
      case 3:
        return { kind: 'int', width: 3, value: BigInt(this.#byte()) };
      case 4:
      case 5:
      case 6:
        return { kind: 'int', width: type, value: fromZigzag(this.#varint()) };
      case 7:
        return { kind: 'double', value: this.#take(8) };
      case 8:
        return { kind: 'binary', value: this.#take(Number(this.#varint())) };
      case 9:
      case 10:
        return this.#list(type, depth);
      case 12:
        return this.#struct(depth);
      default:
        throw damaged();
    }
  }

  #list(wireType: 9 | 10, depth: number): Thrift {
    const head = this.#byte();
    const size = head >> 4 === 15 ? Number(this.#varint()) : head >> 4;
    const element = head & 15;
    const values: Thrift[] = [];
    for (let index = 0; index < size; index += 1) {
      // Booleans in a list have a byte of their own.
      values.push(this.value(element <= 2 ? this.#byte() : element, depth + 1));
    }
    return { kind: 'list', element, wireType, values };
  }

  #struct(depth: number): Thrift {
    const fields = new Map<number, Thrift>();
    for (let id = 0; ; ) {
      const head = this.#byte();
      if (head === 0) return { kind: 'struct', fields };
      id = head >> 4 === 0 ? Number(fromZigzag(this.#varint())) : id + (head >> 4);
      fields.set(id, this.value(head & 15, depth + 1));
    }
  }

  #byte(): number {
    return this.#take(1).readUInt8(0);
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (!(end <= this.#bytes.length)) throw damaged();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw damaged();
  }
}

function write(value: Thrift, chunks: Buffer[]): void {
  switch (value.kind) {
    case 'bool':
      return; // the field's head says it
    case 'int':
      chunks.push(value.width === 3 ? Buffer.of(Number(value.value)) : varint(toZigzag(value.value)));
      return;
    case 'double':
      chunks.push(value.value);
      return;
    case 'binary':
      chunks.push(varint(BigInt(value.value.length)), value.value);
      return;
    case 'list':
      writeList(value, chunks);
      return;
    case 'struct':
      writeStruct(value.fields, chunks);
  }
}

function writeList({ element, values }: Extract<Thrift, { kind: 'list' }>, chunks: Buffer[]): void {
  if (values.length < 15) chunks.push(Buffer.of((values.length << 4) | element));
  else chunks.push(Buffer.of(0xf0 | element), varint(BigInt(values.length)));
  for (const one of values) {
    if (one.kind === 'bool') chunks.push(Buffer.of(one.value ? 1 : 2));
    else write(one, chunks);
  }
}

function writeStruct(fields: ReadonlyMap<number, Thrift>, chunks: Buffer[]): void {
  let last = 0;
  for (const [id, value] of [...fields].toSorted(([left], [right]) => left - right)) {
    const type = wireTypeOf(value);
    const step = id - last;
    if (step >= 1 && step <= 15) chunks.push(Buffer.of((step << 4) | type));
    else chunks.push(Buffer.of(type), varint(toZigzag(BigInt(id))));
    write(value, chunks);
    last = id;
  }
  chunks.push(Buffer.of(0));
}

function wireTypeOf(value: Thrift): number {
  switch (value.kind) {
    case 'bool':
      return value.value ? 1 : 2;
    case 'int':
      return value.width;
    case 'double':
      return 7;
    case 'binary':
      return 8;
    case 'list':
      return value.wireType;
    case 'struct':
      return 12;
  }
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function fromZigzag(value: bigint): bigint {
  return (value >> 1n) ^ -(value & 1n);
}

function toZigzag(value: bigint): bigint {
  return value < 0n ? -2n * value - 1n : 2n * value;
}

function damaged(): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', 'The end of a Parquet file cannot be read', {
    action: 'Write the file again.',
  });
}
