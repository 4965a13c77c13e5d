import { BARS, pingClass, pingText } from '../../row-html.js';
import { countryName, number, t } from './words.js';

/** Bars and milliseconds, as lines of the list have them. */
export const Ping = ({ ping }: { ping: number }) => (
  <span class={pingClass(ping)}>
    <svg class="bars" viewBox="0 0 16 12" aria-hidden="true">
      {BARS.map((d) => (
        <path key={d} d={d} />
      ))}
    </svg>
    {pingText(ping, { countryName, number, t })}
  </span>
);
