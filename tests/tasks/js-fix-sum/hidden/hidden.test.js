const test = require("node:test");
const assert = require("node:assert");
const { sum, mean } = require("./sum");

test("more", () => {
  assert.strictEqual(sum([]), 0);
  assert.strictEqual(sum([5]), 5);
  assert.strictEqual(mean([]), 0);
  assert.strictEqual(mean([2, 4]), 3);
});
