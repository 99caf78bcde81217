// The worker: it has the weights, and draws while the page goes on answering.

let model = null;

const TASKS = {
  load: ({description, weights}) => {
    model = withWeights(description, bytesOf(weights));
    return {};
  },
  noise: ({prior, n, seed}) => ({z: noise(model.priors[prior], n, seed)}),
  draw: ({z, classes, options}) => {
    const start = performance.now(), result = draw(model, z, classes, options);
    const maps = result.maps?.map(({layer, y}) => ({name: layer.name, shape: y.shape, data: y.data}));
    return {...result, maps, milliseconds: performance.now() - start};
  },
};

onmessage = ({data: {id, task, ...given}}) => {
  postMessage({id, ...TASKS[task](given)});
};
