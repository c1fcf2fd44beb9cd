/**
 * The values that a YAML or JSON file can hold once Python has read it.
 *
 * The Supervisor's verdicts hang on Python's types: `1` and `1.0` differ, a date is not a text, a
 * key may be a number. JavaScript's own types cannot say that, hence this small model.
 */
export type PyValue = PyScalar | readonly PyValue[] | PyDict | PyOther;

/** An integer is a `number` when it is exact as one, else a `bigint`. */
export type PyScalar = null | boolean | number | bigint | string | PyFloat | PyDate;

export type PyKey = PyScalar | PyOther;

/** An integer as `number` where that is exact, else as `bigint`. */
export function narrowInteger(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** A Python float; always this class, so that a bare `number` is always an integer. */
export class PyFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A date or a point in time, kept as the text that Python's `str()` gives for it. */
export class PyDate {
  readonly kind: 'date' | 'datetime';
  readonly text: string;

  constructor(kind: 'date' | 'datetime', text: string) {
    this.kind = kind;
    this.text = text;
  }
}

/** A value of a type that no field of an add-on accepts (`!!binary`, `!!set`, `!!pairs`). */
export class PyOther {
  readonly typeName: string;
  readonly text: string;
  readonly isEmpty: boolean;
  /** The members of a set. */
  readonly members: readonly PyKey[];

  constructor(typeName: string, text: string, isEmpty: boolean, members: readonly PyKey[] = []) {
    this.typeName = typeName;
    this.text = text;
    this.isEmpty = isEmpty;
    this.members = members;
  }
}

/** A Python dict: keeps insertion order, and `1`, `1.0` and `True` are the same key. */
export class PyDict {
  readonly #entries = new Map<string, readonly [PyKey, PyValue]>();

  constructor(entries: Iterable<readonly [PyKey, PyValue]> = []) {
    for (const [key, value] of entries) this.#set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: PyKey): boolean {
    return this.#entries.has(identifyKey(key));
  }

  get(key: PyKey): PyValue | undefined {
    return this.#entries.get(identifyKey(key))?.[1];
  }

  entries(): IterableIterator<readonly [PyKey, PyValue]> {
    return this.#entries.values();
  }

  keys(): readonly PyKey[] {
    return [...this.#entries.values()].map(([key]) => key);
  }

  /** A copy with the entries added, or replaced in place where the key exists already. */
  with(entries: Iterable<readonly [PyKey, PyValue]>): PyDict {
    return new PyDict([...this.entries(), ...entries]);
  }

  without(...keys: readonly PyKey[]): PyDict {
    const gone = new Set(keys.map(identifyKey));
    return new PyDict([...this.entries()].filter(([key]) => !gone.has(identifyKey(key))));
  }

  // Python keeps the key object that came first and the value that came last.
  #set(key: PyKey, value: PyValue): void {
    const id = identifyKey(key);
    this.#entries.set(id, [this.#entries.get(id)?.[0] ?? key, value]);
  }
}

/** A text that is equal exactly for keys that are equal, and hash alike, in Python. */
export function identifyKey(key: PyKey): string {
  if (typeof key === 'string') return `s${key}`;
  if (key === null) return 'null';
  if (typeof key === 'boolean') return `n${Number(key)}`;
  if (typeof key === 'number' || typeof key === 'bigint') return `n${key}`;
  if (key instanceof PyFloat) {
    return `n${Number.isInteger(key.value) ? BigInt(key.value) : key.value}`;
  }
  return `o${key instanceof PyDate ? key.kind : key.typeName} ${key.text}`;
}
