import { TOOL_ICONS } from '../../tool-icons.js';
import { Outline } from './icon.js';

/** An icon beside words, or of a button that has a label itself. */
export const ToolIcon = ({ name }: { name: keyof typeof TOOL_ICONS }) => (
  <Outline name={name} d={TOOL_ICONS[name]} />
);
