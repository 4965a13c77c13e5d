/** Everything that ever happens in a rally; the state is what these give in their order. */
export type RallyEvent =
  | {
      readonly type: 'leg';
      readonly at: number;
      readonly leg: number;
      readonly order: readonly number[];
    }
  | {
      readonly type: 'pass';
      readonly at: number;
      readonly number: number;
      readonly control: number;
    }
  | { readonly type: 'out'; readonly at: number; readonly number: number; readonly reason: string }
  | {
      readonly type: 'penalty';
      readonly at: number;
      readonly number: number;
      readonly milliseconds: number;
      readonly reason: string;
    }
  | { readonly type: 'suspend'; readonly at: number }
  | { readonly type: 'resume'; readonly at: number };

export type Refusal =
  | 'unknown-crew'
  | 'not-started'
  | 'suspended'
  | 'out'
  | 'duplicate'
  | 'out-of-order'
  | 'time-went-back'
  | 'window-closed';
