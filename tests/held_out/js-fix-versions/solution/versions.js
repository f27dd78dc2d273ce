// Version numbers like "1.10.2".

// Negative when a is older than b, positive when it is newer, 0 when they are the same.
function compareVersions(a, b) {
  const first = a.split(".").map(Number);
  const second = b.split(".").map(Number);
  for (let i = 0; i < first.length; i++) {
    if (first[i] !== second[i]) return first[i] - second[i];
  }
  return 0;
}

// The newest version of a list, null for an empty list.
function latest(versions) {
  let found = null;
  for (const version of versions) {
    if (found === null || compareVersions(version, found) > 0) found = version;
  }
  return found;
}

function isMajorUpdate(from, to) {
  return Number(to.split(".")[0]) > Number(from.split(".")[0]);
}

module.exports = { compareVersions, latest, isMajorUpdate };
