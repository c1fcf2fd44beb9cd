/** Asks a question the first time; whoever has the same question later gets the same answer. */
export type Once = <T>(question: string, ask: () => Promise<T>) => Promise<T>;

export function createOnce(): Once {
  const answers = new Map<string, Promise<unknown>>();
  return <T>(question: string, ask: () => Promise<T>): Promise<T> => {
    const answer = answers.get(question) ?? ask();
    answers.set(question, answer);
    // The same question has answers of the same type.
    return answer as Promise<T>;
  };
}
