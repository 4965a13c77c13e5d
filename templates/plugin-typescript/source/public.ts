import { serviceToken } from 'beaconry';

/** What other plugins may ask of this one. */
export interface NewPluginName {
  /** Greets somebody, and says how often it has. */
  greet(who: string): Promise<string>;
}
export const NewPluginName = serviceToken<NewPluginName>('NewPluginName');
