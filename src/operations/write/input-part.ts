import type { Engine } from '../../columnar/engine.ts';
import type { InputFile, InputSpec } from '../../columnar/input-file.ts';
import type { Run } from '../../core/run.ts';
import type { SourceFile } from './source-file.ts';

/** What files are like that the columnar engine reads. */
export type EngineForm = Omit<InputSpec, 'file'>;

/** One file of an input, on its way to where the engine reads it. */
export interface InputPart {
  /** In messages and reject files. */
  readonly name: string;
  /** The file as it is to be read; absent for a stream, which cannot be known again. */
  readonly source?: SourceFile;
  /** Bytes that have to be brought here first; 0 for a local file. */
  readonly bytesToFetch: number;
  /** Rows that it is to have, where a manifest tells. */
  readonly rows?: number;
  /** Lets the engine read it, where there is one: to be called for all parts before any is opened. */
  admit(engine: Engine | undefined, position: number): Promise<void>;
  /** Begins to bring it here, ahead of `open`; a failure is told there. */
  fetch(run: Run): void;
  /** Its bytes as they are, once it is here. Whoever leaves early closes it. */
  bytes(run: Run): AsyncIterable<Buffer>;
  /** Brings it here, if it is not, and looks at its columns. May be called again. */
  open(engine: Engine, run: Run): Promise<InputFile>;
  /** It was read through: throws RS_INPUT_INVALID where it changed meanwhile, and frees what it takes on the disk. */
  release(): Promise<void>;
}

/** The files of an input, in their order. Dispose ends what is still on its way. */
export interface InputParts extends AsyncDisposable {
  readonly parts: readonly InputPart[];
}
