const test = require("node:test");
const assert = require("node:assert");
const { groupBy, unique, last } = require("./lists");

test("groupBy", () => {
  const groups = groupBy(["ant", "bee", "cow", "asp"], (word) => word[0]);
  assert.deepStrictEqual({ ...groups }, { a: ["ant", "asp"], b: ["bee"], c: ["cow"] });
  assert.deepStrictEqual({ ...groupBy([], (x) => x) }, {});
  assert.deepStrictEqual({ ...groupBy([1, 2, 3], (n) => n % 2) }, { 0: [2], 1: [1, 3] });
  assert.deepStrictEqual(unique([1, 1]), [1]);
  assert.strictEqual(last([3]), 3);
});
