// The query of an address as an object, and back.

function parseQuery(query) {
  const result = {};
  for (const part of query.replace(/^\?/, "").split("&")) {
    const [name, value] = part.split("=");
    result[name] = value;
  }
  return result;
}

function formatQuery(values) {
  return Object.entries(values)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
}

module.exports = { parseQuery, formatQuery };
