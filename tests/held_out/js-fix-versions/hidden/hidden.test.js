const test = require("node:test");
const assert = require("node:assert");
const { compareVersions, latest } = require("./versions");

test("compareVersions", () => {
  assert.ok(compareVersions("1.10.0", "1.9.0") > 0);
  assert.ok(compareVersions("1.9.0", "1.10.0") < 0);
  assert.ok(compareVersions("10.0.0", "9.99.99") > 0);
  assert.ok(compareVersions("0.0.100", "0.0.99") > 0);
  assert.ok(compareVersions("2.1.30", "2.11.3") < 0);
  assert.ok(compareVersions("3.4.10", "3.4.10") === 0);
});

test("latest", () => {
  assert.strictEqual(latest(["0.12.1", "0.2.30", "0.12.0"]), "0.12.1");
  assert.strictEqual(latest([]), null);
});
