import { serviceToken } from 'beaconry';

/**
 * What other plugins may ask of this one.
 * @typedef {object} Greeter
 * @property {(who: string) => Promise<string>} greet Greets somebody, and says how often it has.
 */

/** @type {import('beaconry').ServiceToken<Greeter>} */
export const NewPluginName = serviceToken('NewPluginName');
