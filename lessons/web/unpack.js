// Recorded arrays. They come as differences from each moment to the next, in whole numbers of steps.

/* packed: see _packed in replay.py. Returns at(moment): an array of whole numbers; `step` times them
   are the values. */
async function unpacked({data, bits, size}) {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  const whole = bits === 8 ? new Uint8Array(buffer) : new Int16Array(buffer);
  for (let i = size; i < whole.length; i++) whole[i] += whole[i - size];
  return (moment) => whole.subarray(moment * size, (moment + 1) * size);
}

/* A game with its arrays unpacked. Of the beliefs, places and curves there are two for a moment: of
   the belief before and after D has learned, of the others before and after G has. */
async function unpackedGame(game) {
  const arrays = {belief: game.belief, fakes: game.fakes, push: game.push, ...game.curves};
  const at = {}, step = {};
  for (const [name, packed] of Object.entries(arrays)) {
    at[name] = await unpacked(packed);
    step[name] = packed.step;
  }
  const values = (name, moment) => Array.from(at[name](moment), (whole) => whole * step[name]);
  return {
    ...game,
    /* half: 0 before the update, 1 when D has learned, 2 when G has too. */
    seen: (moment, half) => ({
      belief: values("belief", 2 * moment + (half > 0)),
      fakes: values("fakes", 2 * moment + (half > 1)),
      from: values("fakes", 2 * moment),  // where the fakes were when they were pushed
      push: half > 0 ? values("push", moment) : null,
      curves: Object.fromEntries(Object.keys(game.curves).map((name) => [name, values(name, 2 * moment + (half > 1))])),
    }),
  };
}
