// Sums of lists of numbers.

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values) {
  return values.length === 0 ? 0 : sum(values) / values.length;
}

module.exports = { sum, mean };
