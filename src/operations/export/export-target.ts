import { ConnectorError } from '../../core/errors.ts';

/** Where complete files appear, all at once as far as the place allows. */
export interface ExportTarget extends AsyncDisposable {
  /** The `number`th file, from 1: what to call it in the report, and who takes its bytes. */
  open(number: number): {
    readonly file: string;
    readonly consume: (bytes: AsyncIterable<Uint8Array>) => Promise<void>;
  };
  /** Takes the first files of an earlier attempt for its own; they are complete, and of these sizes. */
  adopt(bytes: readonly number[]): Promise<void>;
  /** From here on complete files stay for another attempt, should this one fail. */
  keep(): void;
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

/** A file of an earlier attempt is not there, or is another one. */
export function keptFileGone(file: string): ConnectorError {
  return new ConnectorError('RS_CONFIG_INVALID', `A file that the run has kept is gone: ${JSON.stringify(file)}`, {
    action: 'Read again from the start, with another run id.',
    details: { file },
  });
}
