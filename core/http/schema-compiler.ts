import type { FastifySchemaCompiler } from 'fastify';
import { Compile } from 'typebox/compile';
import { HttpError } from './http-error.js';

/** JSON Schema as far as it is walked here. */
export interface Schema {
  readonly type?: unknown;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly patternProperties?: unknown;
  readonly additionalProperties?: unknown;
  readonly items?: Schema | readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

const maxDetails = 10;
/** Characters of one text that repeats what came. */
const maxText = 200;

/**
 * Checks a part of a request without changing what was given: only the text of query, path and headers becomes
 * numbers and booleans, and fields that were left out get their `default`.
 */
export const compileSchema: FastifySchemaCompiler<Schema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  return (value: unknown) => {
    const read = withDefaults(schema, httpPart === 'body' ? value : readTexts(schema, value));
    if (validator.Check(read)) return { value: read };
    const problems = [...validator.Errors(read)]
      // Of a field that is not there the error behind it says the name.
      .filter(({ keyword }) => keyword !== 'boolean')
      .slice(0, maxDetails)
      .map((error) => ({
        path: `${httpPart ?? ''}${error.instancePath}`.slice(0, maxText),
        message: messageFor(error, httpPart),
      }));
    const first = problems[0];
    return {
      error: new HttpError(
        400,
        'INVALID_REQUEST',
        first === undefined ? `${httpPart} is not as documented` : `${first.path} ${first.message}`,
        { problems },
      ),
    };
  };
};

interface Problem {
  readonly instancePath: string;
  readonly message: string;
  readonly params: unknown;
}

function messageFor({ instancePath, message, params }: Problem, part: string | undefined): string {
  const names = (params as { additionalProperties?: unknown } | undefined)?.additionalProperties;
  if (Array.isArray(names)) {
    return `has no field ${names.slice(0, maxDetails).join(', ').slice(0, maxText)}`;
  }
  return part === 'body' && instancePath === '' && message === 'must be object'
    ? 'must be a JSON object, sent with content-type: application/json'
    : message.slice(0, maxText);
}

function withDefaults(schema: Schema, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const left = Object.entries(schema.properties ?? {}).filter(
    ([name, property]) => property.default !== undefined && !Object.hasOwn(value, name),
  );
  if (left.length === 0) return value;
  return {
    ...value,
    ...Object.fromEntries(left.map(([name, { default: given }]) => [name, given])),
  };
}

function readTexts(schema: Schema, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const read: Record<string, unknown> = { ...value };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (read[name] !== undefined) read[name] = readText(property, read[name]);
  }
  return read;
}

function readText(schema: Schema, value: unknown): unknown {
  if (schema.anyOf !== undefined) {
    const readings = schema.anyOf.map((branch) => readText(branch, value));
    return readings.find((reading) => reading !== value) ?? value;
  }
  if (schema.type === 'array') {
    const values = Array.isArray(value) ? value : [value];
    const item = schema.items;
    return item === undefined || Array.isArray(item)
      ? values
      : values.map((one) => readText(item as Schema, one));
  }
  if (typeof value !== 'string') return value;
  if (schema.type === 'integer' || schema.type === 'number') {
    return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(value) ? Number(value) : value;
  }
  if (schema.type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value;
  return value;
}

/**
 * The schema with every object that says nothing about further fields closed, so that a misspelt field is an
 * error instead of being ignored. Parts of `allOf` stay open, since each sees the fields of the others.
 */
export function closeObjects<S extends Schema>(schema: S): S {
  const closed = Object.create(
    Object.getPrototypeOf(schema),
    Object.getOwnPropertyDescriptors(schema),
  ) as { -readonly [K in keyof Schema]: Schema[K] };
  if (schema.properties !== undefined) {
    closed.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, closeObjects(property)]),
    );
  }
  if (
    schema.type === 'object' &&
    schema.additionalProperties === undefined &&
    schema.patternProperties === undefined
  ) {
    closed.additionalProperties = false;
  }
  if (schema.required !== undefined) {
    // A field with a default may be left out.
    const { properties } = schema;
    closed.required = schema.required.filter((name) => properties?.[name]?.default === undefined);
  }
  if (schema.anyOf !== undefined) closed.anyOf = schema.anyOf.map(closeObjects);
  if (schema.items !== undefined) {
    const { items } = schema;
    closed.items = Array.isArray(items) ? items.map(closeObjects) : closeObjects(items as Schema);
  }
  return closed as S;
}
