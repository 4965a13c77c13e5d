import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ToolIcon } from './tool-icon.js';
import { t } from './words.js';

type Name = 'export' | 'settings';
const openMenu = signal<Name | null>(null);

export const closeMenu = (): void => {
  openMenu.value = null;
};

document.addEventListener('click', (event) => {
  if (!(event.target as Element).closest('.menu')) openMenu.value = null;
});

/** A button that opens a small window under it; a click elsewhere or Escape closes it. */
export const Menu = ({
  name,
  icon,
  children,
}: {
  name: Name;
  icon: 'download' | 'sliders';
  children: ComponentChildren;
}) => {
  const isOpen = openMenu.value === name;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes from anywhere inside.
    <div
      class="menu"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !isOpen) return;
        openMenu.value = null;
        event.currentTarget.querySelector('button')?.focus();
        event.stopPropagation();
      }}
    >
      <button
        type="button"
        class="button icon-only"
        aria-expanded={isOpen}
        aria-label={t(name)}
        title={t(name)}
        onClick={() => {
          openMenu.value = isOpen ? null : name;
        }}
      >
        <ToolIcon name={icon} />
      </button>
      {isOpen && <div class="popup">{children}</div>}
    </div>
  );
};
