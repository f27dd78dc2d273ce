// Functions on lists.

function unique(items) {
  return [...new Set(items)];
}

function last(items) {
  return items[items.length - 1];
}

function groupBy(items, key) {
  const groups = {};
  for (const item of items) {
    (groups[key(item)] ??= []).push(item);
  }
  return groups;
}

module.exports = { unique, last, groupBy };
