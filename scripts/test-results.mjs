import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** More than this are no accident. */
const MOST_AGAIN = 8;

const MOST_LINES = 15;

const AGAIN = '-again.json';

/** What vitest's JSON reporter wrote: https://vitest.dev/guide/reporters#json-reporter */
function read(file) {
  return JSON.parse(readFileSync(file, 'utf8')).testResults;
}

/** A file that can't be loaded, or whose set-up failed, has no tests that could fail. */
function listProblems({ name, status, message, assertionResults }) {
  const file = path.relative('.', name);
  const tests = assertionResults.filter((test) => test.status === 'failed');
  if (tests.length > 0) {
    return tests.map(({ fullName, failureMessages }) => ({
      what: `${file}: ${fullName}`,
      why: failureMessages[0] ?? '',
    }));
  }
  return status === 'failed' ? [{ what: file, why: message }] : [];
}

/** The files to run again: those that failed, unless there are too many. One a line. */
function listFilesToRunAgain(file) {
  const failed = read(file).filter((result) => listProblems(result).length > 0);
  if (failed.length > MOST_AGAIN) return;
  for (const { name } of failed) console.log(path.relative('.', name));
}

/** Tells every test that failed, and every one that did not when it ran again; then the counts. */
function summarize(folder, isBroken) {
  const names = readdirSync(folder);
  let passed = 0;
  const failed = [];
  const unsteady = [];
  for (const name of names.filter((one) => !one.endsWith(AGAIN))) {
    const againFile = name.replace(/\.json$/, AGAIN);
    const again = new Map(
      (names.includes(againFile) ? read(path.join(folder, againFile)) : []).map((result) => [
        result.name,
        result,
      ]),
    );
    for (const first of read(path.join(folder, name))) {
      const last = again.get(first.name) ?? first;
      passed += last.assertionResults.filter(({ status }) => status === 'passed').length;
      const problems = listProblems(last);
      failed.push(...problems);
      if (problems.length === 0) unsteady.push(...listProblems(first));
    }
  }
  const tell = (word, { what, why }) => {
    console.log(`${word}: ${what}`);
    const lines = why.split('\n').filter((line) => !line.includes('node_modules'));
    for (const line of lines.slice(0, MOST_LINES)) console.log(`    ${line}`);
  };
  for (const problem of unsteady) tell('PASSED ONLY WHEN RUN AGAIN', problem);
  for (const problem of failed) tell('FAILED', problem);
  console.log(`${passed} passed, ${failed.length} failed`);
  process.exitCode = passed > 0 && failed.length === 0 && !isBroken ? 0 : 1;
}

const [command, place = '', failed] = process.argv.slice(2);
if (command === 'again') listFilesToRunAgain(place);
else summarize(place, failed === 'yes');
