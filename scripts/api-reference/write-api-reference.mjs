// Writes the reference of everything that package.json exports into docs/api, from the declarations in dist. With
// --check it writes nothing. Ends with 1 when an export has no word about it, or a link in one leads nowhere.
// This folder is a package with a TypeScript of its own, since version 7 has no interface for programs such as TypeDoc.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Application, ReflectionKind } from 'typedoc';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const onlyCheck = process.argv.includes('--check');

/** What people import, by the file that declares it. */
function importNames() {
  const { exports: published } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const names = new Map();
  for (const [path, { types }] of Object.entries(published)) {
    if (types === undefined) continue;
    const folder = types.slice(2, types.indexOf('*'));
    const plugins = path.includes('*') ? readdirSync(root + folder) : [''];
    for (const plugin of plugins) {
      const file = root + types.slice(2).replace('*', plugin);
      // A plugin that offers nothing to others has no such file.
      if (existsSync(file)) names.set(file, path.replace('.', 'beaconry').replace('*', plugin));
    }
  }
  return names;
}

const names = importNames();
const files = [...names.keys()];
/** What tsconfig.json says is about the sources; here are declarations, which need little of it. */
const declarations = {
  name: 'declarations',
  order: 1,
  supportsPackages: false,
  read: (options) =>
    options.setCompilerOptions(
      files,
      {
        module: ts.ModuleKind.NodeNext,
        target: ts.ScriptTarget.ES2022,
        lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: true,
        noEmit: true,
      },
      undefined,
    ),
};
const app = await Application.bootstrap(
  {
    name: 'beaconry',
    entryPoints: files,
    out: `${root}docs/api`,
    readme: 'none',
    disableSources: true,
    excludePrivate: true,
    validation: { notDocumented: false, notExported: false, invalidLink: true },
    logLevel: 'Warn',
  },
  [declarations],
);
const project = await app.convert();
if (project === undefined) process.exit(1);

/** TypeDoc names a module after its file; people know it by what they import. */
for (const module of project.children ?? []) {
  const file = files.find(
    (one) =>
      one === `${root}dist/${module.name}.d.ts` || one === `${root}dist/${module.name}/index.d.ts`,
  );
  module.name = names.get(file) ?? module.name;
  for (const child of module.children ?? []) {
    if (!isDocumented(child, module))
      app.logger.warn(`${child.name} of ${module.name} has no word about it`);
  }
}

/** The token of a service is documented by the interface of the same name; a name of elsewhere has its words there. */
function isDocumented(child, module) {
  if (child.hasComment() || child.signatures?.some((one) => one.hasComment())) return true;
  if (child.kind === ReflectionKind.Reference) return true;
  const isOther = (one) => one !== child && one.name === child.name;
  return child.kind === ReflectionKind.Variable && module.children.some(isOther);
}

app.validate(project);
const isWell = !app.logger.hasErrors() && !app.logger.hasWarnings();
if (!onlyCheck) await app.generateOutputs(project);
process.stdout.write(
  `${project.children?.length ?? 0} modules${isWell ? ' are documented' : ''}\n`,
);
if (!isWell) process.exitCode = 1;
