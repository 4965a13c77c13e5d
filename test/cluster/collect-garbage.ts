// Preloaded into a process whose memory is measured: what only waits to be collected is no growth.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
setInterval(collect, 5000).unref();
