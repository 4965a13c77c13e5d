/** The child's side: answers what the test asks by name; ids and bytes travel as they are. */
export function answer(calls: Readonly<Record<string, (...args: never[]) => unknown>>): void {
  process.on('message', (question: { id: number; call: string; args: never[] }) => {
    const { id, call, args } = question;
    Promise.resolve()
      .then(() => calls[call]?.(...args))
      .then(
        (result) => process.send?.({ id, result }),
        (error: unknown) => process.send?.({ id, error: String(error) }),
      );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ id: 0, result: 'ready' });
}
