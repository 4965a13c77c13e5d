declare module '*.json?url' {
  const url: string;
  export default url;
}
declare module '*.css';
declare module 'virtual:land-dots' {
  const rows: readonly string[];
  export default rows;
}
interface Window {
  /** The list, asked for before the script came. */
  earlySnapshot?: Promise<Response> | undefined;
  /** What was clicked before the script came. */
  earlyClick?: Element;
  /** Where the texts of each language are. */
  wordFiles: Readonly<Record<'en' | 'uk', string>>;
  /** The texts, in the language that the visitor chose or speaks, asked for as early. */
  earlyWords?: { readonly language: 'en' | 'uk'; readonly response: Promise<Response> } | undefined;
}
