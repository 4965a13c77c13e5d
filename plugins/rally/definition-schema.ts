import { type ConfigOf, list } from 'beaconry';

const required = (doc: string) => ({ doc, format: String, default: null }) as const;

/** `rally.json` */
export const rallySchema = {
  name: required('Name of the rally.'),
  gameVersion: required('Version of the game that every driver must run.'),
  startInterval: { doc: 'Between two cars.', format: 'duration', default: '60s' },
  maximumLateness: {
    doc: 'Lateness at all time controls of a leg, after which a crew is out of the leg.',
    format: 'duration',
    default: '30m',
  },
  superRally: { doc: 'Who is out of a leg may start in the next.', format: Boolean, default: true },
  legs: {
    doc: 'The legs, in order.',
    default: null,
    format: list({
      name: required('Name of the leg.'),
      startOrder: {
        doc: 'number: of the entry list; standings: the leader first.',
        format: ['number', 'standings'],
        default: 'standings',
      },
      byClass: { doc: 'One class after the other starts.', format: Boolean, default: false },
      window: {
        doc: 'Open mode: time in which all must be done.',
        format: 'duration',
        default: '24h',
      },
      sections: {
        doc: 'What the leg is made of, in order.',
        default: null,
        format: list({
          kind: {
            doc: 'stage (has a roadbook), or liaison, service, regroup (have a time).',
            format: ['stage', 'liaison', 'service', 'regroup'],
            default: null,
          },
          name: required('Name of the section.'),
          roadbook: { doc: 'roadbooks/NAME.json of a stage.', format: String, default: '' },
          time: { doc: 'Time to the control at the end.', format: 'duration', default: 0 },
          kilometres: { doc: 'Length of a liaison.', format: Number, default: 0 },
          surface: {
            doc: 'Surface.',
            format: ['asphalt', 'gravel', 'snow', 'mixed'],
            default: 'asphalt',
          },
          weather: { doc: 'Weather.', format: ['dry', 'rain', 'fog', 'snow'], default: 'dry' },
        }),
      },
    }),
  },
} as const;

/** `roadbooks/NAME.json` */
export const roadbookSchema = {
  name: required('Name of the stage.'),
  startDelay: {
    doc: 'From the time control to the start.',
    format: 'duration',
    default: '3m',
  },
  maximumTime: { doc: 'Who takes longer is out of the leg.', format: 'duration', default: '30m' },
  controls: {
    doc: 'start, passages, finish and stop, in order.',
    default: null,
    format: list({
      kind: {
        doc: 'start, passage, finish (flying) or stop.',
        format: ['start', 'passage', 'finish', 'stop'],
        default: null,
      },
      kilometre: { doc: 'From the start of the stage.', format: Number, default: null },
      ideal: { doc: 'Ideal time from the start.', format: 'duration', default: 0 },
      note: { doc: 'For the co-driver.', format: String, default: '' },
    }),
  },
  path: {
    doc: 'The road as points in metres, east and north.',
    default: null,
    format: list({
      x: { doc: 'East.', format: Number, default: null },
      y: { doc: 'North.', format: Number, default: null },
    }),
  },
} as const;

/** `cars.json` */
export const carsSchema = {
  cars: {
    doc: 'The cars that may start.',
    default: null,
    format: list({
      id: required('Word that entries use.'),
      name: required('Name for people.'),
      class: required('Class.'),
      maximumSpeed: { doc: 'km/h; who is faster cheats.', format: Number, default: 250 },
      restrictions: {
        doc: 'What scrutineering asks.',
        format: list({ doc: 'One.', format: String, default: '' }),
        default: [],
      },
    }),
  },
} as const;

/** `entry-list.json` */
export const entriesSchema = {
  entries: {
    doc: 'The crews.',
    default: null,
    format: list({
      number: { doc: 'Start number.', format: 'nat', default: null },
      driver: required('Name of the driver.'),
      driverId: { doc: 'SteamID of the driver.', format: 'uint64', default: null },
      codriver: { doc: 'Name of the co-driver.', format: String, default: '' },
      codriverId: { doc: 'SteamID of the co-driver.', format: 'uint64', default: 0n },
      car: required('Id in cars.json.'),
    }),
  },
} as const;

/** `penalties.json` */
export const penaltiesSchema = {
  latePerMinute: { doc: 'At a time control.', format: 'duration', default: '10s' },
  earlyPerMinute: { doc: 'At a time control.', format: 'duration', default: '60s' },
  falseStart: {
    doc: 'First, second, further false starts.',
    format: list({ doc: 'One.', format: 'duration', default: 0 }),
    default: [10_000, 60_000, 180_000],
  },
  missedStage: {
    doc: 'Super-rally: on top of the best time of the class, for each stage missed.',
    format: 'duration',
    default: '5m',
  },
} as const;

export type RallyFile = ConfigOf<typeof rallySchema>;
export type RoadbookFile = ConfigOf<typeof roadbookSchema>;
export type CarFile = ConfigOf<typeof carsSchema>['cars'][number];
export type EntryFile = ConfigOf<typeof entriesSchema>['entries'][number];
export type PenaltiesFile = ConfigOf<typeof penaltiesSchema>;
