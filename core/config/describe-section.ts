import { defaultOf, isRequired } from './default-value.js';
import { wordsOf } from './format-words.js';
import { isLeaf, type Section } from './schema.js';
import { valueText } from './value-text.js';

/** One key for people. */
export interface DescribedKey {
  readonly name: string;
  readonly doc: string;
  readonly format: string;
  readonly required: boolean;
  /** As it would be written; empty when required or null. */
  readonly default: string;
}

/** The keys of a flat section, such as the parameters of a command. */
export const describeSection = (section: Section): DescribedKey[] =>
  Object.entries(section).flatMap(([name, node]) =>
    isLeaf(node)
      ? [
          {
            name,
            doc: node.doc,
            format: wordsOf(node.format),
            required: isRequired(node),
            default:
              isRequired(node) || node.default === null
                ? ''
                : valueText(node.format, defaultOf(node)),
          },
        ]
      : [],
  );
