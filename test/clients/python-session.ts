import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pythonWithClients } from './python.ts';

/** An exception of Python's, in the words of botocore or of the database driver. */
export interface PythonError {
  readonly type: string;
  readonly message: string;
  /** AWS's error code, or SQLSTATE. */
  readonly code?: string;
  readonly status?: number;
  readonly severity?: string;
}

type Answer = { readonly value: unknown } | { readonly error: PythonError };

const PROGRAM = fileURLToPath(new URL('python-session.py', import.meta.url));
const SNIPPET_LIMIT_MS = 60_000;

/** One Python process with the clients. Snippets are bodies of functions: they `return` what is looked at. */
export class PythonSession implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  #noise = '';

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.on('error', () => undefined); // told by the missing answer
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#noise = `${this.#noise}${text}`.slice(-4000);
    });
  }

  static async open(
    environment: Readonly<Record<string, string>>,
    installed: Promise<string> = pythonWithClients(),
  ): Promise<PythonSession> {
    const python = await installed;
    return new PythonSession(spawn(python, [PROGRAM], { env: environment }));
  }

  /** What the snippet returns, by way of JSON. Throws when Python raised. */
  async run<T = unknown>(code: string, input?: unknown): Promise<T> {
    const answer = await this.#ask(code, input);
    if ('error' in answer) throw new Error(`${answer.error.type} ${answer.error.code ?? ''} ${answer.error.message}`);
    return answer.value as T;
  }

  /** What the snippet raises. Throws when it does not. */
  async refused(code: string, input?: unknown): Promise<PythonError> {
    const answer = await this.#ask(code, input);
    if ('value' in answer) throw new Error(`Python raised nothing, but returned ${JSON.stringify(answer.value)}`);
    return answer.error;
  }

  async #ask(code: string, input: unknown): Promise<Answer> {
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), SNIPPET_LIMIT_MS);
    this.#child.stdin.write(`${JSON.stringify({ code, input })}\n`);
    const { value, done } = await this.#answers.next();
    clearTimeout(limit);
    if (done) throw new Error(`Python ended without an answer\n${this.#noise}`);
    return JSON.parse(value) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
