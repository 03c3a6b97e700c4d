/** A client that only counts: `tsx bench/proxy-client.ts TARGET`, the job as JSON on standard input, the answer on output. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** What the client is to do. */
export interface Job {
  readonly host: string;
  readonly port: number;
  readonly caFile: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly statements: readonly string[];
  /** Repeated until it answers no row. */
  readonly fetch?: string;
  /** Sent as COPY data after the last statement, this often. */
  readonly copy?: { readonly file: string; readonly times: number };
}

export interface Outcome {
  readonly seconds: number;
  readonly bytes: number;
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`);

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(type.length + 4);
  head.write(type);
  head.writeUInt32BE(body.length + 4, type.length);
  return Buffer.concat([head, body]);
}

class CountingClient {
  bytes = 0;
  #held: Buffer = Buffer.alloc(0);
  #last = new Set<string>();
  #tag = '';
  #wake: (() => void) | undefined;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
  }

  #read(chunk: Buffer): void {
    this.bytes += chunk.length;
    const all = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let offset = 0;
    while (all.length - offset >= 5) {
      const end = offset + 1 + all.readUInt32BE(offset + 1);
      if (end > all.length) break;
      const type = String.fromCharCode(all[offset] ?? 0);
      if (type === 'C') this.#tag = all.toString('utf8', offset + 5, end - 1);
      if (type === 'E') throw new Error(all.toString('utf8', offset + 5, end).replaceAll('\0', ' '));
      if (type === 'Z' || type === 'G' || type === 'R') {
        this.#last.add(type);
        this.#wake?.();
      }
      offset = end;
    }
    this.#held = all.subarray(offset);
  }

  async until(type: string): Promise<string> {
    while (!this.#last.delete(type)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#tag;
  }

  async write(bytes: Buffer): Promise<void> {
    if (!this.#socket.write(bytes)) await once(this.#socket, 'drain');
  }

  async query(sql: string): Promise<string> {
    await this.write(message('Q', text(sql)));
    return this.until('Z');
  }
}

async function open(job: Job): Promise<CountingClient> {
  const plain = connect(job.port, job.host);
  await once(plain, 'connect');
  const request = Buffer.alloc(8);
  request.writeUInt32BE(8, 0);
  request.writeUInt32BE(80_877_103, 4);
  plain.write(request);
  await once(plain, 'data');
  const socket = connectTls({
    socket: plain,
    ca: readFileSync(job.caFile),
    host: 'localhost',
    servername: 'localhost',
  });
  await once(socket, 'secureConnect');
  const client = new CountingClient(socket);
  const version = Buffer.alloc(4);
  version.writeUInt32BE(196_608);
  await client.write(
    message('', Buffer.concat([version, ...['user', job.user, 'database', job.database].map(text), Buffer.from([0])])),
  );
  await client.until('R');
  if (job.password !== '') await client.write(message('p', text(job.password)));
  await client.until('Z');
  return client;
}

async function run(job: Job): Promise<Outcome> {
  const client = await open(job);
  const started = performance.now();
  client.bytes = 0;
  const statements = [...job.statements];
  const last = job.copy ? statements.pop() : undefined;
  for (const sql of statements) await client.query(sql);
  if (job.fetch !== undefined) {
    while ((await client.query(job.fetch)) !== 'FETCH 0');
  }
  if (job.copy && last !== undefined) {
    const block = message('d', readFileSync(job.copy.file));
    await client.write(message('Q', text(last)));
    await client.until('G');
    for (let count = 0; count < job.copy.times; count++) await client.write(block);
    client.bytes = block.length * job.copy.times;
    await client.write(message('c', Buffer.alloc(0)));
    await client.until('Z');
  }
  return { seconds: (performance.now() - started) / 1000, bytes: client.bytes };
}

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
process.stdout.write(JSON.stringify(await run(JSON.parse(Buffer.concat(chunks).toString()) as Job)));
process.exit(0);
