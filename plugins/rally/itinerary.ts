import type { RallyDefinition, Roadbook } from './definition.js';

export type ControlKind = 'time-control' | 'start' | 'passage' | 'finish' | 'stop';

/** One control of the whole rally; crews pass them in this order. */
export interface Control {
  /** Position in the itinerary: the number on the wire. */
  readonly index: number;
  readonly kind: ControlKind;
  readonly leg: number;
  /** Name of the section it belongs to. */
  readonly section: string;
  /** 1-based number of the stage; 0 outside stages. */
  readonly stage: number;
  /** Metres from the start of the stage; 0 outside. */
  readonly metres: number;
  /** Milliseconds that the way here takes; of a start the time since the control before. */
  readonly time: number;
}

export interface Stage {
  readonly number: number;
  readonly name: string;
  readonly leg: number;
  readonly roadbook: string;
  readonly surface: string;
  readonly weather: string;
  readonly maximumTime: number;
  /** Index of its start, finish and stop in the itinerary. */
  readonly start: number;
  readonly finish: number;
  readonly stop: number;
  readonly metres: number;
  /** Metres east and north within which its road lies. */
  readonly area: { readonly west: number; readonly east: number } & {
    readonly south: number;
    readonly north: number;
  };
}

export interface Itinerary {
  readonly controls: readonly Control[];
  readonly stages: readonly Stage[];
  /** First control of each leg, and after the last one the number of controls. */
  readonly legs: readonly number[];
}

/** Lays the sections of all legs end to end. A leg begins with a time control of its own (time 0). */
export function layOut({ rally, roadbooks }: RallyDefinition): Itinerary {
  const controls: Control[] = [];
  const stages: Stage[] = [];
  const legs: number[] = [];
  const add = (control: Omit<Control, 'index'>) =>
    controls.push({ ...control, index: controls.length });
  rally.legs.forEach((leg, legIndex) => {
    legs.push(controls.length);
    const outside = { kind: 'time-control', leg: legIndex, stage: 0, metres: 0 } as const;
    add({ ...outside, section: leg.name, time: 0 });
    for (const section of leg.sections) {
      const roadbook = roadbooks.get(section.roadbook);
      if (section.kind !== 'stage' || roadbook === undefined) {
        add({ ...outside, section: section.name, time: section.time });
        continue;
      }
      const first = controls.length;
      const number = stages.length + 1;
      for (const { kind, kilometre, ideal } of roadbook.controls) {
        const time = kind === 'start' ? roadbook.startDelay : ideal;
        const metres = kilometre * 1000;
        add({ kind, leg: legIndex, section: section.name, stage: number, metres, time });
      }
      const stop = controls.length - 1;
      stages.push({
        ...{ number, name: section.name, leg: legIndex, roadbook: section.roadbook },
        ...{ surface: section.surface, weather: section.weather },
        ...{ maximumTime: roadbook.maximumTime, start: first, finish: stop - 1, stop },
        metres: controls[stop]?.metres ?? 0,
        area: areaOf(roadbook.path),
      });
    }
  });
  legs.push(controls.length);
  return { controls, stages, legs };
}

function areaOf(path: Roadbook['path']): Stage['area'] {
  const east = path.map(({ x }) => x);
  const north = path.map(({ y }) => y);
  return {
    ...{ west: Math.min(...east), east: Math.max(...east) },
    ...{ south: Math.min(...north), north: Math.max(...north) },
  };
}
