// The other side of page_test.py: asks it to change the world, one line each way.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

export const require = createRequire(process.env.TILLRELAY_E2E_MODULES + "/package.json");

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// Does one thing in the world, and returns what it answers.
export async function world(what, ...details) {
  process.stdout.write(JSON.stringify({ do: what, details }) + "\n");
  const { value, done } = await lines.next();
  if (done) throw new Error(`the world ended before "${what}"`);
  const answer = JSON.parse(value);
  if (answer.failed) throw new Error(`${what}: ${answer.failed}`);
  return answer.value;
}

export function say(text) {
  process.stderr.write(text + "\n");
}

export function check(condition, text) {
  if (!condition) throw new Error(text);
}
