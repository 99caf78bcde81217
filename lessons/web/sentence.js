// What is being done, in one sentence with the numbers of this moment.

function sentence(game, moment, half) {
  const {real, fake} = game.trust, at = (list, k) => list[k][moment].toFixed(3);
  if (half === 0) {
    const since = moment ? ` (the last one recorded was ${count(game.updates[moment - 1] + 1)})` : "";
    return `Before update ${count(game.updates[moment] + 1)}${since}, D believes the data with ${at(real, 0)}` +
      ` and the fakes with ${at(fake, 0)} on average.`;
  }
  if (half === 1) {
    return `D's update: it now believes the data with ${at(real, 1)} (before: ${at(real, 0)}) and the fakes with` +
      ` ${at(fake, 1)} (before: ${at(fake, 0)}) on average; the fakes stay.`;
  }
  return `G's update: the fakes move by ${Number(game.moved[moment].toPrecision(2))} on average, and D, which stays, now believes them with` +
    ` ${at(fake, 2)} (before: ${at(fake, 1)}).`;
}

/* Where this is in the game. */
function placeWords(game, moment, half) {
  const done = game.updates[moment];
  if (half === 0) return `after ${count(done)} of ${count(game.total)} updates`;
  if (half === 1) return `in update ${count(done + 1)} of ${count(game.total)}: D has learned, G has not`;
  return `after ${count(done + 1)} of ${count(game.total)} updates`;
}

function count(n) {
  return n.toLocaleString("en");
}
