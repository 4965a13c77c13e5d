interface Description {
  readonly paths?: Readonly<Record<string, object>>;
}

/** One API description of several endpoints; of a path that several have, the first counts. */
export function mergeDescriptions(descriptions: readonly object[]): object {
  const paths: Record<string, object> = {};
  for (const { paths: more = {} } of descriptions as readonly Description[]) {
    for (const [path, operations] of Object.entries(more)) {
      paths[path] = { ...operations, ...paths[path] };
    }
  }
  return { ...descriptions[0], paths };
}
