import { signal } from '@preact/signals';
import type { ServerDetail } from '../../listed-server.js';
import { serverPage } from '../../server-page.js';
import { copyText } from './copy-text.js';
import { joinLinks, splitAddress } from './links.js';
import { remember } from './remember.js';
import { ToolIcon } from './tool-icon.js';
import { t } from './words.js';

/** The address that was copied just now. */
const copied = signal<string | null>(null);

/** What a visitor does with a server: join, copy its address. */
export const Actions = ({
  address,
  name,
  found,
}: {
  address: string;
  name: string;
  found: ServerDetail | null;
}) => {
  const links =
    found === null
      ? []
      : joinLinks(
          {
            ...splitAddress(address),
            port: found.gamePort,
            modDir: found.modDir,
            // Steam would look for a FakeIP in the network of the visitor.
            appId: found.fakeIp === undefined ? found.appId : 0,
          },
          t('detail.join'),
        );
  const page =
    found === null || found.fakeIp !== undefined
      ? undefined
      : serverPage(found.rules.page, splitAddress(address).host);
  return (
    <div class="detail-actions">
      {links.map(({ label, url }, index) => (
        <a
          key={url}
          class={`button${index === 0 ? ' primary' : ''}`}
          href={url}
          rel="noopener noreferrer"
          onClick={() => remember(address, name)}
        >
          <ToolIcon name={index === 0 ? 'play' : 'link'} />
          {label}
        </a>
      ))}
      {page !== undefined && (
        <a class="button" href={page} target="_blank" rel="noopener noreferrer">
          <ToolIcon name="globe" />
          {t('detail.page')}
        </a>
      )}
      <button
        type="button"
        class="button"
        onClick={() => {
          void copyText(address).then((hasWorked) => {
            if (!hasWorked) return;
            copied.value = address;
            setTimeout(() => {
              copied.value = null;
            }, 2000);
          });
        }}
        aria-label={`${t('detail.copy')} ${address}`}
      >
        <ToolIcon name={copied.value === address ? 'check' : 'copy'} />
        <span class="address" role="status">
          {copied.value === address ? t('detail.copied') : address}
        </span>
      </button>
    </div>
  );
};
