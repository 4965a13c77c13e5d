/** The name of a country; whatever is no code of one stays as it is. */
export function placeName(countries: Intl.DisplayNames, country: string): string {
  try {
    return countries.of(country) ?? country;
  } catch {
    return country;
  }
}
