const test = require("node:test");
const assert = require("node:assert");
const { parseQuery, formatQuery } = require("./query");

test("plain values", () => {
  assert.deepStrictEqual({ ...parseQuery("?a=1&b=two") }, { a: "1", b: "two" });
});

test("encoded values", () => {
  assert.deepStrictEqual({ ...parseQuery("q=hello%20world") }, { q: "hello world" });
  assert.deepStrictEqual({ ...parseQuery("q=hello+world") }, { q: "hello world" });
});

test("empty query", () => {
  assert.deepStrictEqual({ ...parseQuery("") }, {});
});

test("formatQuery", () => {
  assert.strictEqual(formatQuery({ a: "x y", b: 2 }), "a=x%20y&b=2");
});
