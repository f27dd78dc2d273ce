const test = require("node:test");
const assert = require("node:assert");
const { unique, last } = require("./lists");

test("unique and last", () => {
  assert.deepStrictEqual(unique([1, 2, 1]), [1, 2]);
  assert.strictEqual(last([1, 2]), 2);
});
