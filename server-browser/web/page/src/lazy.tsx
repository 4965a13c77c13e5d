import { signal } from '@preact/signals';
import type { ComponentType, VNode } from 'preact';

/** A part of the page whose script comes when it is first shown. */
export function lazy<P extends object>(
  load: () => Promise<{ default: ComponentType<P> }>,
  meanwhile: VNode | null = null,
) {
  const Loaded = signal<ComponentType<P> | null>(null);
  let hasBegun = false;
  return (props: P) => {
    if (!hasBegun) {
      hasBegun = true;
      load().then(
        (module) => {
          Loaded.value = module.default;
        },
        () => {
          hasBegun = false;
        },
      );
    }
    const Part = Loaded.value;
    return Part === null ? meanwhile : <Part {...props} />;
  };
}
