// The artist: the worker that draws, made of the source that stands in the page.

/* Returns ask(task, given), a promise of what the worker answers; see worker.js for the tasks. */
function artist() {
  const source = new Blob([byId("worker").textContent], {type: "text/javascript"});
  const worker = new Worker(URL.createObjectURL(source));
  const waiting = new Map();
  let asked = 0;
  worker.onmessage = ({data}) => {
    waiting.get(data.id)(data);
    waiting.delete(data.id);
  };
  worker.onerror = () => say("trouble", "The part of this page that draws has stopped: reload the page.");
  return (task, given) => new Promise((resolve) => {
    waiting.set(++asked, resolve);
    worker.postMessage({id: asked, task, ...given});
  });
}

/* A function that does `work` (a promise) for what it is called with; while that is being done, only
   the newest call waits. So a slider that is dragged is followed as fast as pictures can be drawn. */
function onlyNewest(work) {
  let wanted = null, busy = false;
  return async (given) => {
    wanted = given;
    if (busy) return;
    busy = true;
    while (wanted) {
      const now = wanted;
      wanted = null;
      await work(now);
    }
    busy = false;
  };
}
