const test = require("node:test");
const assert = require("node:assert");
const { parseQuery, formatQuery } = require("./query");

test("parseQuery", () => {
  assert.deepStrictEqual({ ...parseQuery("?q=a+b+c&lang=de") }, { q: "a b c", lang: "de" });
  assert.deepStrictEqual({ ...parseQuery("x=1%2B1&y=caf%C3%A9") }, { x: "1+1", y: "café" });
  assert.deepStrictEqual({ ...parseQuery("t=50%25%20off") }, { t: "50% off" });
  assert.deepStrictEqual({ ...parseQuery("") }, {});
  assert.deepStrictEqual({ ...parseQuery("?") }, {});
});

test("there and back", () => {
  const values = { name: "Ann & Bob", sum: "1+1=2", empty: "" };
  assert.deepStrictEqual({ ...parseQuery(formatQuery(values)) }, values);
});
