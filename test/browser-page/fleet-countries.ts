import { FIRST_NETWORK, NETWORKS } from './fleet-plan.js';

const COUNTRIES =
  'DE EU,US NA,UA EU,FR EU,PL EU,BR SA,JP AS,GB EU,AU OC,SE EU,CA NA,NL EU,FI EU,SG AS,ZA AF,IN AS,AR SA,TR AS,KR AS,ES EU,IT EU,CZ EU,CL SA,NO EU,RO EU,CN AS,MX NA,HU EU,PT EU,TH AS,ID AS,LT EU,NZ OC,AT EU,CH EU,KZ AS,EG AF,IE EU,GR EU,IS EU'
    .split(',')
    .map((one) => one.split(' ') as [string, string]);

/** The country and the continent of each network of the fleet, for a country file. */
export const fleetCountries = (): [cidr: string, country: string, continent: string][] =>
  Array.from({ length: NETWORKS }, (_, network) => {
    // The first countries get more networks, as in life.
    const [country, continent] = COUNTRIES[network % 3 === 2 ? network : network % 12] ?? [
      'DE',
      'EU',
    ];
    return [`127.${FIRST_NETWORK + network}.0.0/16`, country, continent];
  });
