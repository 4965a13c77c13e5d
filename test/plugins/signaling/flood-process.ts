/** A peer that writes signals as fast as its socket takes them: node flood-process.js PORT. */
import { connect } from 'node:net';

const lines = `str:victim ${'00'.repeat(20)}\nstr:nobody 00\nnonsense\n`.repeat(500);
const socket = connect(Number(process.argv[2]), '127.0.0.1', () => {
  socket.write('str:flooder\n');
  process.stdout.write('flooding\n');
  flood();
});
const flood = () => {
  while (socket.write(lines)) {
    // Until the socket is full.
  }
};
socket.on('drain', flood);
socket.on('error', () => {});
