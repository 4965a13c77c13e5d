const regions: Readonly<Record<string, number>> = {
  'us east': 0,
  'us west': 1,
  'south america': 2,
  europe: 3,
  asia: 4,
  australia: 5,
  'middle east': 6,
  africa: 7,
  world: 255,
};

/** Region byte of a text (9.3): a number or a name; empty is the world; undefined for anything else. */
export function readRegion(text: string): number | undefined {
  const plain = text.trim().toLowerCase();
  if (plain === '') return 255;
  if (/^\d{1,3}$/.test(plain)) {
    const region = Number(plain);
    return region <= 7 || region === 255 ? region : undefined;
  }
  return regions[plain];
}
