/** Icons of the list: outlines on a grid of 24, drawn with a pen of 2. */
export const LIST_ICONS = {
  lock: 'M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3',
  shield: 'M12 3l7 3v5c0 4.6-3 8.2-7 10-4-1.8-7-5.4-7-10V6z',
  warn: 'M12 4l9 16H3zM12 10v4.5M12 17.3v.2',
  star: 'M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1.1 5.9L12 16.9l-5.3 2.8 1.1-5.9-4.3-4.1 5.9-.8z',
} as const;
