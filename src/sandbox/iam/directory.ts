import type { WorldClock } from '../clock.ts';
import type { AccountState, IamState } from './state.ts';

/** IAM of a world over time. A change is seen at once by those who read, and some seconds later by those who evaluate. */
export interface IamDirectory {
  readonly partition: string;
  /** What the API shows. */
  current(): IamState;
  /** What decisions are made by: the state as old as propagation takes. */
  effective(): IamState;
  /** Replaces one account by what `change` makes of it. */
  change(account: AccountState): void;
}

interface Moment {
  readonly at: number;
  readonly state: IamState;
}

/** `initial` is in effect from the beginning. */
export function createIamDirectory(
  initial: IamState,
  clock: WorldClock,
  options: { readonly partition: string; readonly propagationSeconds: () => number },
): IamDirectory {
  let current = initial;
  let moments: readonly Moment[] = [{ at: Number.NEGATIVE_INFINITY, state: initial }];

  const effective = (): IamState => {
    const until = clock.now() - options.propagationSeconds() * 1000;
    const at = moments.findLastIndex((moment) => moment.at <= until);
    moments = moments.slice(Math.max(at, 0)); // the world's clock never goes back
    return moments[0]?.state ?? initial;
  };

  return {
    partition: options.partition,
    current: () => current,
    effective,
    change: (account) => {
      effective(); // forgets what is no longer needed
      current = new Map(current).set(account.id, account);
      moments = [...moments, { at: clock.now(), state: current }];
    },
  };
}
