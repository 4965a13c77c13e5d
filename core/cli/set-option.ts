import { Option } from 'commander';

const collect = (value: string, all: readonly string[]) => [...all, value];

/** `--set`, of every command that reads a configuration for itself. */
export const setOption = (): Option =>
  new Option(
    '--set <path=value>',
    'override one value of the configuration, such as node=north; repeatable',
  )
    .argParser(collect)
    .default([]);
