// No add-on comes near these; they keep what is read from a hostile file small.

/** How deep lists and mappings may be nested. */
export const MAX_DEPTH = 100;
/** How many values a file may hold, those behind aliases counted each time. */
export const MAX_NODES = 100_000;

export const TOO_DEEP = 'the file is nested too deeply';
export const TOO_MANY = `the file holds more than ${MAX_NODES} values`;
