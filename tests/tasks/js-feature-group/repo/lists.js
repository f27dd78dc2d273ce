// Functions on lists.

function unique(items) {
  return [...new Set(items)];
}

function last(items) {
  return items[items.length - 1];
}

module.exports = { unique, last };
