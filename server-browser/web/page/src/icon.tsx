import { LIST_ICONS } from '../../list-icons.js';

export type IconName = keyof typeof LIST_ICONS;

/** An outline: decoration, or with a label a picture that says something. */
export const Outline = ({ name, d, label }: { name: string; d: string; label?: string }) => (
  <svg
    class={`icon icon-${name}`}
    viewBox="0 0 24 24"
    {...(label === undefined ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': label })}
  >
    {label !== undefined && <title>{label}</title>}
    <path d={d} />
  </svg>
);

/** An icon of the list; those of other parts come with them. */
export const Icon = ({ name, label }: { name: IconName; label?: string }) => (
  <Outline name={name} d={LIST_ICONS[name]} {...(label === undefined ? {} : { label })} />
);
