import { defined } from '../core/defined.ts';
import type {
  AccessRequest,
  DocumentKind,
  ExplainedStatement,
  PlannedDocument,
  PolicyHolder,
  PolicyStatement,
} from './document.ts';

/** What a writer of statements says; the draft adds `Effect` and sees to unlike Sids. */
export interface NewStatement extends Omit<PolicyStatement, 'Effect' | 'Sid'> {
  readonly Sid: string;
  readonly reason: string;
  readonly page: string;
  readonly requests: readonly AccessRequest[];
}

interface Draft {
  readonly kind: DocumentKind;
  readonly holder: PolicyHolder;
  readonly statements: ExplainedStatement[];
}

const TITLES: Readonly<Record<DocumentKind, string>> = {
  permissions: 'what it may do',
  trust: 'who may become it',
  bucket: 'who of other accounts may use it',
  key: 'who of other accounts may use it',
};

/** Collects statements by holder and kind of document, in the order in which they were first spoken of. */
export class Drafts {
  readonly #drafts = new Map<string, Draft>();

  /** Adds a statement; one that stands there already is not written twice. */
  add(holder: PolicyHolder, kind: DocumentKind, { reason, page, requests, Sid, ...rest }: NewStatement): void {
    const key = `${kind} ${holder.arn}`;
    const draft = this.#drafts.get(key) ?? { kind, holder: this.#known(holder), statements: [] };
    this.#drafts.set(key, draft);
    const same = draft.statements.find(({ statement }) => textOf(statement) === textOf({ Effect: 'Allow', ...rest }));
    if (same !== undefined) return;
    const taken = draft.statements.filter(({ statement }) => statement.Sid.replace(/\d+$/, '') === Sid).length;
    const statement = inOrder({ Sid: taken === 0 ? Sid : `${Sid}${taken + 1}`, Effect: 'Allow', ...rest });
    draft.statements.push({ statement, reason, page, requests });
  }

  documents(): readonly PlannedDocument[] {
    // A bucket's or key's policy names principals that have to be there before.
    const drafts = [...this.#drafts.values()];
    const isResource = ({ kind }: Draft): boolean => kind === 'bucket' || kind === 'key';
    return [...drafts.filter((each) => !isResource(each)), ...drafts.filter(isResource)].map(
      ({ kind, holder, statements }) => ({
        kind,
        holder,
        title: `${holder.kind === 'identity' ? 'Identity' : capital(holder.kind)} ${holder.name}: ${TITLES[kind]}`,
        name: `${fileText(holder.account)}-${holder.kind}-${fileText(holder.name)}-${kind}`,
        document: { Version: '2012-10-17', Statement: statements.map(({ statement }) => statement) },
        statements,
      }),
    );
  }

  /** The longest session that any part of the plan asks of a role holds for all its documents. */
  #known(holder: PolicyHolder): PolicyHolder {
    const earlier = [...this.#drafts.values()].find((draft) => draft.holder.arn === holder.arn)?.holder;
    return earlier ?? holder;
  }
}

/** Its elements as people read them: who, what, on what, when. */
function inOrder(statement: ExplainedStatement['statement']): ExplainedStatement['statement'] {
  const { Sid, Effect, Principal, Action, Resource, Condition, ...others } = statement;
  return { Sid, Effect, ...defined({ Principal, Action, Resource }), ...others, ...defined({ Condition }) };
}

/** All but the Sid. */
function textOf(statement: PolicyStatement): string {
  const said = Object.entries(statement).filter(([element]) => element !== 'Sid');
  return JSON.stringify(said.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** A part of a file's name: letters, digits and a few marks, whatever IAM allows. */
function fileText(text: string): string {
  return text.replaceAll(/[<>]/g, '').replaceAll(/[^\w.=@+-]/g, '_');
}
