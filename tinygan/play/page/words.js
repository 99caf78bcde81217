// What kinds of layers do, in a line.

const WORDS = {
  Dense: ({W}) => [`Dense ${W.shape.join(" → ")}`, "Each number is a weighted sum of all numbers before."],
  Conv2d: ({W: {shape: [k]}, stride}) => [`Conv2d ${k} × ${k}${stride > 1 ? `, stride ${stride}` : ""}`,
    `Each pixel is a weighted sum of the ${k} × ${k} pixels there, over all maps before.`],
  ConvTranspose2d: ({W: {shape: [k]}, stride}) => [`ConvTranspose2d ${k} × ${k}${stride > 1 ? `, stride ${stride}` : ""}`,
    `Each pixel adds its multiple of a learned ${k} × ${k} patch${stride > 1 ? `, ${stride} pixels further for the next: the picture grows` : ""}.`],
  BatchNorm: () => ["BatchNorm", "Each map (of a vector, each number) times a learned number, plus another."],
  ScaleShift: () => ["Scale and shift", "Each number times the standard deviation of the codes, plus their mean."],
  LeakyReLU: ({slope}) => ["LeakyReLU", `What is below 0 is multiplied by ${slope}.`],
  ReLU: () => ["ReLU", "What is below 0 becomes 0."],
  Tanh: () => ["Tanh", "Everything is brought between −1 and 1, black and white."],
  Sigmoid: () => ["Sigmoid", "Everything is brought between 0 and 1, black and white."],
  Upsample2d: ({factor}) => [`Upsample2d × ${factor}`, `Each pixel becomes a block of ${factor} × ${factor}.`],
  Reshape: () => ["Reshape", "The same numbers, now as rows and columns of maps."],
  Embedding: () => ["Embedding", "The learned numbers of the class; they are put behind z."],
  GroupNorm: () => ["GroupNorm", "Each group of maps is brought to mean 0 and variance 1, then scaled and shifted."],
  Condition: () => ["Condition", "The time and the class as numbers, which every block is told."],
  ResidualBlock: () => ["Residual block", "Two convolutions, told the time and the class; what they give is added to what came in."],
  Sequential: ({layers}) => [layers.map((layer) => layerWords(layer).title).join(", "), "These layers, one after another."],
};

/* {title, meaning} of a layer. */
function layerWords(layer) {
  const [title, meaning] = WORDS[layer.kind](layer);
  return {title, meaning};
}
