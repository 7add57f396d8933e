import type { ServedFunction, ServedInterface } from '../../../host/contracts/served-interface.ts';

const waiting = (names: string): ServedFunction[] => names.split(' ').map((name) => ({ name, waits: true }));
const atOnce = (names: string): ServedFunction[] => names.split(' ').map((name) => ({ name, waits: false }));

const STATEMENTS = 'query execute query-named execute-named';
const METHODS = `${STATEMENTS} commit rollback`.split(' ').map((name) => `[method]transaction.${name}`);

/** The contract of agents, and an interface of the tests' own. */
export const SERVED: readonly ServedInterface[] = [
  { name: 'sallyport:agent/types', versions: ['0.1.0'], servedBy: 'types', functions: [] },
  {
    name: 'sallyport:agent/http',
    versions: ['0.1.0'],
    servedBy: 'http',
    functions: waiting(
      'fetch open upload [method]incoming-body.read [method]outgoing-body.write [method]outgoing-body.finish',
    ),
  },
  {
    name: 'sallyport:agent/fs',
    versions: ['0.1.0'],
    servedBy: 'fs',
    functions: waiting('read write append list stat make-directory remove rename'),
  },
  {
    name: 'sallyport:agent/db',
    versions: ['0.1.0'],
    servedBy: 'db',
    functions: waiting(`${STATEMENTS} begin ${METHODS.join(' ')}`),
  },
  { name: 'sallyport:agent/tool-exec', versions: ['0.1.0'], servedBy: 'tool-exec', functions: waiting('list call') },
  { name: 'sallyport:agent/policy', versions: ['0.1.0'], servedBy: 'policy', functions: waiting('check') },
  { name: 'sallyport:agent/log', versions: ['0.1.0'], servedBy: 'log', functions: waiting('write') },
  {
    name: 'test:host/probe',
    versions: ['1.0.0', '1.1.*'],
    servedBy: 'virtual',
    functions: [
      ...atOnce('ping late make [method]thing.poke [constructor]box [static]box.count [method]box.value'),
      ...waiting('slow fail crash exit spawn heap hold die echo'),
    ],
  },
];
