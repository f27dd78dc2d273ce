const test = require("node:test");
const assert = require("node:assert");
const { compareVersions, latest, isMajorUpdate } = require("./versions");

test("one digit", () => {
  assert.ok(compareVersions("1.2.3", "1.2.4") < 0);
  assert.ok(compareVersions("2.0.0", "1.9.9") > 0);
  assert.strictEqual(compareVersions("1.2.3", "1.2.3"), 0);
});

test("two digits", () => {
  assert.strictEqual(latest(["1.9.0", "1.10.0", "1.2.0"]), "1.10.0");
});

test("major update", () => {
  assert.strictEqual(isMajorUpdate("1.9.0", "2.0.0"), true);
  assert.strictEqual(isMajorUpdate("1.9.0", "1.10.0"), false);
});
