/** What follows a command: the next one of the frame, or none of them. */
export type Outcome = 'go on' | 'stop' | 'wrong password' | 'close';
