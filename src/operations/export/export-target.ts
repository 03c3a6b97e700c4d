/** Where complete files appear, all at once as far as the place allows. */
export interface ExportTarget extends AsyncDisposable {
  /** The `number`th file, from 1: what to call it in the report, and who takes its bytes. */
  open(number: number): {
    readonly file: string;
    readonly consume: (bytes: AsyncIterable<Uint8Array>) => Promise<void>;
  };
  /** Lets the files appear. Disposed of without this, nothing is left and what was there stays. */
  commit(): Promise<void>;
  /** A small file beside them, after `commit`; gives its address. */
  note(name: string, text: string): Promise<string>;
}

/** The name of one of several files: `out-00001.csv.gz`. */
export function numbered(name: string, number: number): string {
  const digits = String(number).padStart(5, '0');
  const [, stem = name, extension = ''] = /^(.+?)((?:\.[A-Za-z]\w{0,9}){1,2})$/.exec(name) ?? [];
  return `${stem}-${digits}${extension}`;
}
