const test = require("node:test");
const assert = require("node:assert");
const { sum, mean } = require("./sum");

test("sum of some", () => {
  assert.strictEqual(sum([1, 2, 3]), 6);
});

test("sum of none", () => {
  assert.strictEqual(sum([]), 0);
});

test("mean", () => {
  assert.strictEqual(mean([1, 2]), 1.5);
});
