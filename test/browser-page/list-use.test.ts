import { listUse } from './list-use.js';
import { OpenedList } from './opened-list.js';

describe('use of the list in Chromium', function () {
  this.timeout(60_000);
  listUse(new OpenedList(300, { poll: { interval: '5s' } }));
});
